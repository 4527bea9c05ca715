/** What JSX becomes, as pragma comments tell it. */
interface JsxPragma {
  /** The function of the classic runtime, `React.createElement` or another; undefined for the automatic runtime. */
  readonly classic: string | undefined
  /** The classic runtime's fragment. */
  readonly fragment: string
  /** The package of the automatic runtime. */
  readonly importSource: string
}

export interface JsxRuntime extends JsxPragma {
  readonly isModule: boolean
}

/** What the automatic runtime is asked for. */
export type RuntimeName = 'jsx' | 'jsxs' | 'Fragment' | 'createElement' | 'keyed'

/** Names of the generated code; see module_source.ts for the letter. */
export const RUNTIME_NAMES: Readonly<Record<RuntimeName, string>> = {
  jsx: 'ìj',
  jsxs: 'ìs',
  Fragment: 'ìf',
  createElement: 'ìc',
  keyed: 'ìk',
}

const COMMENT = /\/\*[\s\S]*?\*\//g
const PRAGMA = /@(jsx|jsxFrag|jsxRuntime|jsxImportSource)\s+([^\s*]+)/g

/** `@jsx h`, `@jsxFrag Fragment`, `@jsxRuntime classic`, `@jsxImportSource preact`, in block comments. */
export function readRuntime(text: string): JsxPragma {
  const found: Record<string, string> = {}
  if (text.includes('@jsx'))
    for (const [comment] of text.matchAll(COMMENT))
      for (const [, name, value] of comment.matchAll(PRAGMA)) found[name!] = value!
  const isClassic =
    found.jsxRuntime === 'classic' ||
    (found.jsxRuntime === undefined && found.jsxImportSource === undefined && found.jsx !== undefined)
  return {
    classic: isClassic ? (found.jsx ?? 'React.createElement') : undefined,
    fragment: found.jsxFrag ?? 'React.Fragment',
    importSource: found.jsxImportSource ?? 'react',
  }
}

/** The property that holds an explicit key. */
export const JSX_KEY = 'ìkey'

/** Takes the key out of the properties: an explicit one is an argument of its own, wherever it stood. */
const KEYED = `function ${RUNTIME_NAMES.keyed}(jsx,type,{${JSX_KEY}:key,...props}){return jsx(type,props,key)}`

/** What goes behind the author's text. Imports and functions are hoisted, so the place does not matter and no line moves. */
export function runtimeText({ isModule, importSource }: JsxRuntime, used: ReadonlySet<RuntimeName>): string {
  const parts: string[] = []
  const names = (['jsx', 'jsxs', 'Fragment'] as const).filter(name => used.has(name))
  const runtime = JSON.stringify(`${importSource}/jsx-runtime`)
  const whole = JSON.stringify(importSource)
  if (isModule) {
    if (names.length > 0)
      parts.push(`import{${names.map(name => `${name} as ${RUNTIME_NAMES[name]}`).join(',')}}from${runtime}`)
    if (used.has('createElement')) parts.push(`import{createElement as ${RUNTIME_NAMES.createElement}}from${whole}`)
  } else {
    for (const name of names)
      parts.push(
        name === 'Fragment'
          ? `function ${RUNTIME_NAMES[name]}(){return require(${runtime}).Fragment}`
          : `function ${RUNTIME_NAMES[name]}(...a){return require(${runtime}).${name}(...a)}`,
      )
    if (used.has('createElement'))
      parts.push(`function ${RUNTIME_NAMES.createElement}(...a){return require(${whole}).createElement(...a)}`)
  }
  if (used.has('keyed')) parts.push(KEYED)
  return parts.length === 0 ? '' : `\n;${parts.join(';')};`
}
