import type { AnyNode, ExportDefaultDeclaration, Identifier, ImportAttribute, ImportDeclaration, Literal } from 'acorn'
import { blank } from './blank.ts'
import { boundNames } from './declared.ts'
import { isNamePart, lineEndsOf, spacesOver } from './edits.ts'
import {
  DEFAULT,
  type Edit,
  type ImportEntry,
  type IndirectExport,
  type LocalExport,
  type ModuleRequest,
  REEXPORTS_NAMESPACES,
} from './module_source.ts'

const nameOf = (node: Identifier | Literal): string => (node.type === 'Identifier' ? node.name : String(node.value))

/** The length of `export default`, with what may stand between. */
const defaultKeyword = (text: string, start: number): number =>
  /^export(?:\s|\/\*[\s\S]*?\*\/|\/\/.*)*default/.exec(text.slice(start))![0].length

const namesItself = (node: AnyNode): boolean =>
  (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') &&
  !node.id &&
  node.body.body.some(member => member.type === 'StaticBlock' || ('static' in member && member.static))

/** Takes the imports and exports of a module off its statements, and out of its text. */
export class ModuleReader {
  readonly requests: ModuleRequest[] = []
  readonly imports: ImportEntry[] = []
  readonly edits: Edit[] = []
  readonly #declarations: { readonly end: number; readonly names: readonly string[] }[] = []
  namesDefault = false
  readonly #text: string
  readonly #phases: ReadonlySet<number>
  readonly #seen = new Map<string, number>()
  readonly #direct: (LocalExport & { offset: number })[] = []
  readonly #indirect: IndirectExport[] = []
  readonly #stars: number[] = []

  /** @param phases offsets of the imports of a source phase */
  constructor(text: string, phases: ReadonlySet<number>) {
    this.#text = text
    this.#phases = phases
  }

  statement(node: AnyNode): void {
    switch (node.type) {
      case 'ImportDeclaration':
        this.#import(node)
        return
      case 'ExportAllDeclaration': {
        const request = this.#request(node.source, node.attributes, node.start)
        if (node.exported)
          this.#indirect.push({ exportName: nameOf(node.exported), request, importName: undefined, offset: node.start })
        else this.#stars.push(request)
        this.#blank(node)
        return
      }
      case 'ExportNamedDeclaration': {
        const request = node.source ? this.#request(node.source, node.attributes, node.start) : undefined
        for (const { local, exported, start } of node.specifiers) {
          if (request === undefined)
            this.#direct.push({ exportName: nameOf(exported), localName: nameOf(local), offset: start })
          else this.#indirect.push({ exportName: nameOf(exported), request, importName: nameOf(local), offset: start })
        }
        if (!node.declaration) {
          this.#blank(node)
          return
        }
        const declared =
          node.declaration.type === 'VariableDeclaration'
            ? node.declaration.declarations.flatMap(({ id }) => boundNames(id))
            : [node.declaration.id.name]
        for (const name of declared) this.#direct.push({ exportName: name, localName: name, offset: node.start })
        this.edits.push({ start: node.start, end: node.start + 6, text: ' '.repeat(6) })
        this.#declarations.push({ end: node.end, names: declared })
        return
      }
      case 'ExportDefaultDeclaration':
        this.#default(node)
        this.#declarations.push({ end: node.end, names: [this.#direct.at(-1)!.localName] })
        return
      case 'VariableDeclaration':
        this.#declarations.push({ end: node.end, names: node.declarations.flatMap(({ id }) => boundNames(id)) })
        return
      case 'ClassDeclaration':
        this.#declarations.push({ end: node.end, names: node.id ? [node.id.name] : [] })
        return
    }
  }

  get exportedNames(): ReadonlySet<string> {
    return new Set(this.#direct.map(entry => entry.localName))
  }

  /** Where statements end that declare what is exported, there or by a list elsewhere. */
  get declarationEnds(): number[] {
    const exported = this.exportedNames
    return this.#declarations.flatMap(({ end, names }) => (names.some(name => exported.has(name)) ? [end] : []))
  }

  #import(node: ImportDeclaration): void {
    const request = this.#request(node.source, node.attributes, node.start)
    for (const specifier of node.specifiers) {
      const importName =
        specifier.type === 'ImportDefaultSpecifier'
          ? 'default'
          : specifier.type === 'ImportNamespaceSpecifier'
            ? undefined
            : nameOf(specifier.imported)
      this.imports.push({ request, importName, localName: specifier.local.name, offset: specifier.start })
    }
    this.#blank(node)
  }

  #request(source: Literal, attributes: readonly ImportAttribute[], offset: number): number {
    const entries = attributes.map(({ key, value }) => [nameOf(key), String(value.value)] as const)
    const phase = this.#phases.has(offset) ? { phase: 'source' as const } : {}
    const found = { specifier: String(source.value), attributes: Object.fromEntries(entries), ...phase, offset }
    const key = JSON.stringify([found.specifier, found.attributes, phase])
    const known = this.#seen.get(key)
    if (known !== undefined) return known
    this.#seen.set(key, this.requests.length)
    return this.requests.push(found) - 1
  }

  #default(node: ExportDefaultDeclaration): void {
    const { declaration, start } = node
    const isDeclaration = declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration'
    if (isDeclaration && declaration.id) {
      this.#direct.push({ exportName: 'default', localName: declaration.id.name, offset: start })
      this.edits.push({ start, end: declaration.start, text: spacesOver(this.#text, start, declaration.start) })
      return
    }
    this.namesDefault = true
    this.#direct.push({ exportName: 'default', localName: DEFAULT, offset: start })
    if (namesItself(declaration)) {
      this.#defaultClass(node)
      return
    }
    if (!isDeclaration) {
      const keyword = start + defaultKeyword(this.#text, start)
      this.edits.push({
        start,
        end: keyword,
        text: `let ${DEFAULT}=${lineEndsOf(this.#text, start, keyword)}`.padEnd(keyword - start),
      })
      return
    }
    // The name goes behind `function`, `function*` or `class`; comments between them make room for nothing, so they may go.
    const head = /^(async\s+)?(?:function|class)(?:\s|\/\*[\s\S]*?\*\/)*\*?/.exec(
      this.#text.slice(declaration.start),
    )![0]
    const end = declaration.start + head.length
    const named = `${declaration.type === 'ClassDeclaration' ? 'class' : `${declaration.async ? 'async ' : ''}function${declaration.generator ? '*' : ''}`} ${DEFAULT}`
    const space = isNamePart(this.#text[end]) ? ' ' : ''
    this.edits.push({ start, end, text: lineEndsOf(this.#text, start, end) + (named + space).padStart(end - start) })
  }

  /** A class that can look at its name while it is defined gets the right one at once, from a property of that name. */
  #defaultClass({ start, end, declaration }: ExportDefaultDeclaration): void {
    const keyword = start + defaultKeyword(this.#text, start)
    const last = this.#text[end - 1] === ';' ? end - 1 : end
    this.edits.push(
      {
        start,
        end: keyword,
        text: `let ${DEFAULT}={default:${lineEndsOf(this.#text, start, keyword)}`.padEnd(keyword - start),
      },
      { start: last, end: last, text: `}.default${declaration.type === 'ClassDeclaration' ? ';' : ''}` },
    )
  }

  /** Imported names that are exported again are indirect exports (ECMA-262, 16.2.1.7.1 ParseModule, step 10). */
  exports(): { localExports: LocalExport[]; indirectExports: IndirectExport[]; starExports: number[] } {
    const imported = new Map(this.imports.map(entry => [entry.localName, entry]))
    const localExports: LocalExport[] = []
    const indirectExports = [...this.#indirect]
    for (const { exportName, localName, offset } of this.#direct) {
      const from = imported.get(localName)
      if (from && (REEXPORTS_NAMESPACES || from.importName !== undefined))
        indirectExports.push({ exportName, request: from.request, importName: from.importName, offset })
      else localExports.push({ exportName, localName })
    }
    return { localExports, indirectExports, starExports: this.#stars }
  }

  #blank(node: AnyNode): void {
    this.edits.push(blank(this.#text, node.start, node.end))
  }
}
