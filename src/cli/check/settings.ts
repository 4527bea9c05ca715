import type { SchemeName } from '../../kernel/unload/scheme.ts'

/** A call that the author asked for: `--call 'greeter=["world"]'`. */
export interface AskedCall {
  readonly point: string
  /** Of operations that are an object. */
  readonly member: string | undefined
  readonly args: readonly unknown[]
}

/** What the process that does the work is told. JSON can carry it. */
export interface CheckSettings {
  readonly file: string
  readonly scheme: SchemeName
  /** Measured cycles; a few more come before them. */
  readonly cycles: number
  readonly params: Readonly<Record<string, string>>
  /** Where modules are found that this one imports from. Without it everything that it imports by path belongs to it. */
  readonly modules: string | undefined
  /** Packages of which it has an instance of its own. */
  readonly ownPackages: readonly string[]
  /** Imported first: prepares what the module expects of its host. */
  readonly setup: string | undefined
  readonly calls: readonly AskedCall[]
}

/**
 * `point`, `point=json` or `point.member=json`. An array is the arguments, anything else the only argument.
 *
 * @throws SyntaxError
 */
export function parseCall(word: string): AskedCall {
  const [, name, json] = /^([^=]+)(?:=(.*))?$/s.exec(word) ?? []
  if (name === undefined) throw new SyntaxError(`'${word}' names no extension point; write point=JSON`)
  const value: unknown = json === undefined ? [] : JSON.parse(json)
  return { ...splitMember(name), args: Array.isArray(value) ? value : [value] }
}

/** Points may have dots in their names, so a member is told from a point by `#`. */
function splitMember(name: string): { point: string; member: string | undefined } {
  const at = name.indexOf('#')
  return at === -1 ? { point: name, member: undefined } : { point: name.slice(0, at), member: name.slice(at + 1) }
}
