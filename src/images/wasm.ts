import { faultAt } from './fault.ts'
import { formatByName } from './format.ts'
import type { Target } from './resolve.ts'
import { Global, Instance, Module, type WebAssemblyImport, type WebAssemblyModule } from './web_assembly.ts'

type WasmExports = Readonly<Record<string, unknown>>

/**
 * The WebAssembly files of one image. Each is run as an ES module whose text is written here: it imports what the file imports, by the same specifiers, and
 * exports what its instance exports, so that all that holds of modules holds of it (the ESM integration proposal of WebAssembly, which later lines of Node have).
 */
export class WasmFiles {
  readonly #modules = new Map<string, WebAssemblyModule>()
  readonly #instances = new Map<string, WasmExports>()

  /**
   * Compiles a file.
   *
   * @returns the text of the module that it is run as
   * @throws ImageFault `syntax`
   */
  compile(file: string, bytes: Uint8Array): string {
    let module: WebAssemblyModule
    try {
      module = new Module(bytes)
    } catch (error) {
      throw faultAt({ kind: 'syntax', reason: (error as Error).message }, file, '', 0)
    }
    this.#modules.set(file, module)
    return textOf(module)
  }

  /** What `import source` gives. */
  moduleOf(file: string): object | undefined {
    return this.#modules.get(file)
  }

  /**
   * Makes the instance.
   *
   * @param namespaces what its imports lead to, by specifier
   * @param fileOf which file a specifier leads to: of another WebAssembly file its own exports are imported, not their values
   * @returns what it exports, globals by their values
   */
  instantiate(
    file: string,
    namespaces: readonly (readonly [specifier: string, namespace: object])[],
    fileOf: (specifier: string) => string | undefined,
  ): Record<string, unknown> {
    const imports = Object.fromEntries(
      namespaces.map(([specifier, namespace]) => [
        specifier,
        this.#instances.get(fileOf(specifier) ?? '') ?? namespace,
      ]),
    )
    const exports = new Instance(this.#modules.get(file)!, imports).exports as WasmExports
    this.#instances.set(file, exports)
    return Object.fromEntries(Object.entries(exports).map(([name, value]) => [name, unwrapped(value)]))
  }
}

const SOURCE_PHASE = '\0source'

/**
 * Where `import source` leads: to the compiled module of a WebAssembly file, which is a module of its own beside the one that is run.
 *
 * @throws what `refuse` makes of the reason
 */
export function sourceTarget(target: Target, refuse: (reason: string) => Error): Target & { owner: 'image' } {
  if (target.owner === 'image' && formatByName(target.file) === 'wasm')
    return { owner: 'image', file: target.file + SOURCE_PHASE }
  const name = target.owner === 'builtin' ? target.name : target.owner === 'url' ? target.url : target.file
  throw refuse(`Source phase import object is not defined for module '${name}'`)
}

/** The file of a source phase; undefined for any other. */
export const fileOfSource = (file: string): string | undefined =>
  file.endsWith(SOURCE_PHASE) ? file.slice(0, -SOURCE_PHASE.length) : undefined

/** A global is exported by the value that it begins with, as in Node. */
function unwrapped(value: unknown): unknown {
  if (!(value instanceof Global)) return value
  try {
    return value.value
  } catch {
    // JavaScript has no values of this type.
    return value
  }
}

/** Each name is imported for itself, too, so that one that is not there is found when the modules are linked. */
function textOf(module: WebAssemblyModule): string {
  const quoted = JSON.stringify
  const imported = grouped(Module.imports(module))
  const names = Module.exports(module).map(entry => quoted(entry.name))
  const imports = [...imported].map(([specifier, entries], at) => {
    const asked = [...new Set(entries.map(entry => entry.name))].map(
      (name, index) => `${quoted(name)} as name${at}_${index}`,
    )
    return `import * as from${at} from ${quoted(specifier)}; import { ${asked.join(', ')} } from ${quoted(specifier)}`
  })
  return [
    ...imports,
    `const exported = import.meta.instantiate([${[...imported.keys()].map((specifier, at) => `[${quoted(specifier)}, from${at}]`).join(', ')}])`,
    ...names.map((name, index) => `const export${index} = exported[${name}]`),
    `export { ${names.map((name, index) => `export${index} as ${name}`).join(', ')} }`,
  ].join('\n')
}

function grouped(entries: readonly WebAssemblyImport[]): Map<string, WebAssemblyImport[]> {
  const found = new Map<string, WebAssemblyImport[]>()
  for (const entry of entries) found.set(entry.module, [...(found.get(entry.module) ?? []), entry])
  return found
}
