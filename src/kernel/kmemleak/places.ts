import { fileURLToPath } from 'node:url'
import { readFile } from '../../images/plain_file.ts'
import type { HoldGraph } from './hold_graph.ts'
import type { Labels } from './names.ts'
import { CLOSURE, CODE, type HeapSnapshot, INTERNAL, NO_NODE, OBJECT, PROPERTY } from './snapshot.ts'
import { textOf } from './text.ts'

/** Who wrote a piece of code. */
type Author = 'host' | 'node' | 'outlive' | 'engine'

/** The function, or the file, whose variables a scope holds. */
export interface Scope {
  readonly author: Author
  /** A path, or Node's own name of its file; undefined when nothing leads to it. */
  readonly file: string | undefined
  /** The variables of a file rather than of one call of a function. */
  readonly topLevel: boolean
  /** Name of the function, when it is known. */
  readonly functionName: string | undefined
  /** `file:line:column` of the function, or the file. */
  readonly place: string | undefined
}

/** Where things of the heap stand in the source. */
export class Places {
  readonly #graph: HoldGraph
  readonly #snapshot: HeapSnapshot
  readonly #labels: Labels
  readonly #ownFiles: string
  readonly #ownFolder: string
  readonly #scopes = new Map<number, Scope>()
  /** Functions by the description of their scopes, which all their calls share. */
  readonly #functions = new Map<number, number>()
  readonly #declarations = new Map<string, string | undefined>()
  readonly #sources = new Map<string, readonly string[]>()

  /** @param ownFiles where Outlive's own files are, as the URL of a folder */
  constructor(graph: HoldGraph, labels: Labels, ownFiles: string) {
    this.#graph = graph
    this.#snapshot = graph.snapshot
    this.#labels = labels
    this.#ownFiles = ownFiles
    this.#ownFolder = fileOf(ownFiles)
  }

  /** The name of the script that a function stands in, as V8 has it. */
  scriptOf(closure: number): string | undefined {
    return this.#scriptOfShared(this.#snapshot.follow(closure, this.#labels.shared, INTERNAL))
  }

  #scriptOfShared(shared: number): string | undefined {
    if (shared === NO_NODE) return undefined
    const { script, scriptOrDebugInfo, name } = this.#labels
    for (const label of [script, scriptOrDebugInfo]) {
      const found = this.#snapshot.follow(shared, label, INTERNAL)
      if (found === NO_NODE) continue
      const text = textOf(this.#snapshot, this.#labels, this.#snapshot.follow(found, name, INTERNAL))
      if (text !== undefined && text !== '') return text
    }
    return undefined
  }

  authorOf(closure: number): Author {
    return this.authorOfScript(this.scriptOf(closure))
  }

  authorOfScript(script: string | undefined): Author {
    if (script === undefined) return 'engine'
    if (script.startsWith('node:')) return 'node'
    // What is required has a path for its name, what is imported a URL.
    return script.startsWith(this.#ownFiles) || script.startsWith(this.#ownFolder) ? 'outlive' : 'host'
  }

  /** `file:line:column`, counted from 1 as stack traces do. */
  placeOf(closure: number): string | undefined {
    const script = this.scriptOf(closure)
    if (script === undefined) return undefined
    const location = this.#snapshot.location(closure)
    const file = fileOf(script)
    return location && location.line >= 0 ? `${file}:${location.line + 1}:${location.column + 1}` : file
  }

  /** The function whose `new` made this object, or NO_NODE. */
  constructorOf(object: number): number {
    const { proto, maker } = this.#labels
    const prototype = this.#snapshot.follow(object, proto, PROPERTY)
    if (prototype === NO_NODE) return NO_NODE
    const found = this.#snapshot.follow(prototype, maker, PROPERTY)
    return found !== NO_NODE && this.#snapshot.nodeKind[found] === CLOSURE ? found : NO_NODE
  }

  isNativeContext(node: number): boolean {
    return this.#snapshot.name(node) === 'system / NativeContext'
  }

  isContext(node: number): boolean {
    return this.#snapshot.nodeKind[node] === OBJECT && this.#snapshot.name(node) === 'system / Context'
  }

  scopeOf(context: number): Scope {
    let scope = this.#scopes.get(context)
    if (!scope) {
      scope = this.#findScope(context)
      this.#scopes.set(context, scope)
    }
    return scope
  }

  #findScope(context: number): Scope {
    const snapshot = this.#snapshot
    const { previous, extension, scopeInfo } = this.#labels
    const isModule = snapshot.name(follow(snapshot, context, extension) ?? context) === 'system / SourceTextModule'
    const info = snapshot.follow(context, scopeInfo, INTERNAL)
    const shared = info === NO_NODE ? NO_NODE : this.#functionOf(info)
    let script = this.#scriptOfShared(shared)
    let functionName: string | undefined
    let place: string | undefined
    if (shared !== NO_NODE) {
      const name = snapshot.name(shared)
      functionName = name === '' || name === '(shared function info)' ? undefined : name
      const closure = this.#closureOf(shared)
      if (closure !== NO_NODE) place = this.placeOf(closure)
    }
    script ??= this.#scriptByClosures(context, 4)
    const outer = snapshot.follow(context, previous, INTERNAL)
    const outermost = outer === NO_NODE || this.isNativeContext(outer)
    const file = script === undefined ? undefined : fileOf(script)
    // The function that Node wraps around a CommonJS file has no name and starts where the file does.
    const wrapper = functionName === undefined && (place === undefined || place.endsWith(':1:1'))
    return {
      author: this.authorOfScript(script),
      file,
      topLevel: isModule || (outermost && wrapper),
      functionName: isModule ? undefined : functionName,
      place: place ?? file,
    }
  }

  /** The function, as V8 shares it between closures, whose scopes are described like this. */
  #functionOf(info: number): number {
    let shared = this.#functions.get(info)
    if (shared !== undefined) return shared
    shared = NO_NODE
    const snapshot = this.#snapshot
    const { nameOrScopeInfo, scopeInfo } = this.#labels
    for (const edge of this.#graph.holding(info)) {
      const from = snapshot.edgeFrom(edge)
      const label = snapshot.edgeName[edge]
      if (snapshot.nodeKind[from] !== CODE || snapshot.edgeKind[edge] !== INTERNAL) continue
      if (label === nameOrScopeInfo || label === scopeInfo) shared = from
    }
    this.#functions.set(info, shared)
    return shared
  }

  #closureOf(shared: number): number {
    for (const edge of this.#graph.holding(shared))
      if (this.#snapshot.edgeName[edge] === this.#labels.shared && this.#snapshot.edgeKind[edge] === INTERNAL)
        return this.#snapshot.edgeFrom(edge)
    return NO_NODE
  }

  /** The script of any function that was made in this scope, or in one inside it. */
  #scriptByClosures(context: number, depth: number): string | undefined {
    const snapshot = this.#snapshot
    const inner: number[] = []
    for (const edge of this.#graph.holding(context)) {
      if (snapshot.edgeKind[edge] !== INTERNAL) continue
      const from = snapshot.edgeFrom(edge)
      if (snapshot.edgeName[edge] === this.#labels.context && snapshot.nodeKind[from] === CLOSURE) {
        const script = this.scriptOf(from)
        if (script !== undefined) return script
      } else if (snapshot.edgeName[edge] === this.#labels.previous) inner.push(from)
    }
    if (depth > 0)
      for (const context of inner.slice(0, 16)) {
        const script = this.#scriptByClosures(context, depth - 1)
        if (script !== undefined) return script
      }
    return undefined
  }

  /** Where a variable is declared, when its file can be read and says so plainly; else the file, or the function, that it is in. */
  placeOfVariable(scope: Scope, name: string): string | undefined {
    if (scope.author !== 'host' || scope.file === undefined) return scope.place
    const key = `${name} ${scope.topLevel} ${scope.place} ${scope.file}`
    if (!this.#declarations.has(key)) this.#declarations.set(key, this.#declarationOf(scope, scope.file, name))
    return this.#declarations.get(key)
  }

  #declarationOf(scope: Scope, file: string, name: string): string | undefined {
    const first = scope.topLevel ? 0 : Number(/:(\d+):\d+$/.exec(scope.place ?? '')?.[1] ?? 1) - 1
    const escaped = name.replace(/[^\w]/g, '\\$&')
    const declared = new RegExp(
      `\\b(?:(?:const|let|var|class|function\\*?)\\s+|(?:const|let|var)\\s[^=;()]*[\\s,{[])(?=${escaped}(?![\\w$]))`,
      'd',
    )
    const parameter = new RegExp(`(?<![\\w$.])(?=${escaped}(?![\\w$]))`, 'd')
    const lines = this.#linesOf(file)
    for (let line = first; line < lines.length; line++) {
      const match = declared.exec(lines[line]!) ?? (scope.topLevel ? null : parameter.exec(lines[line]!))
      if (match) return `${file}:${line + 1}:${match.indices![0]![1] + 1}`
    }
    return scope.place
  }

  #linesOf(file: string): readonly string[] {
    let lines = this.#sources.get(file)
    if (!lines) {
      try {
        lines = readFile(file).toString().split('\n')
      } catch {
        lines = []
      }
      this.#sources.set(file, lines)
    }
    return lines
  }
}

function follow(snapshot: HeapSnapshot, node: number, label: number): number | undefined {
  const found = snapshot.follow(node, label, INTERNAL)
  return found === NO_NODE ? undefined : found
}

/** The path of a `file:` URL; anything else as it is. */
export function fileOf(script: string): string {
  if (!script.startsWith('file:')) return script
  try {
    return fileURLToPath(script)
  } catch {
    return script
  }
}
