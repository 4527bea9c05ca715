import type { AnyNode } from 'acorn'
import { isNamePart } from './edits.ts'
import { type Edit, PUBLISH } from './module_source.ts'
import type { TopLevelUse } from './scope.ts'

const REFUSE = `${PUBLISH}.constant(`

/**
 * Makes a file tell its importers of assignments to what it exports, and refuse those to what it imports. Whatever is put into a line is taken from the white space
 * near it, so that code around keeps its columns wherever there is some.
 */
export class Publisher {
  readonly #edits: Edit[] = []
  /** What stands behind a node, outer nodes first. */
  readonly #closing: Edit[] = []
  /** Something that is exported can change after its declaration. */
  mutable = false
  readonly #text: string
  /** Offsets of white space that is used up. */
  readonly #used = new Set<number>()

  constructor(text: string) {
    this.#text = text
  }

  /** To be kept in this order where they meet: what closes an inner node comes before what closes an outer one. */
  get edits(): readonly Edit[] {
    return [...this.#closing.toReversed(), ...this.#edits]
  }

  /** @param inFunction whether the text is code of an eval in a function */
  assignments(
    use: TopLevelUse,
    imported: ReadonlySet<string>,
    exported: ReadonlySet<string>,
    inFunction = false,
  ): void {
    for (const { node, names } of use.assignments)
      if (names.some(name => imported.has(name))) this.#refuse(node)
      else if (names.some(name => exported.has(name))) {
        this.mutable = true
        if (node.type === 'ForInStatement' || node.type === 'ForOfStatement')
          this.#atLoopStart(node.body as AnyNode, `${PUBLISH}()`)
        else this.#wrap(node, `${PUBLISH}(`)
      }
    // Its code may assign to anything.
    if (use.directEvals.length > 0) this.mutable ||= exported.size > 0
    const names = [...imported, ...exported]
    for (const { node, scopes } of use.directEvals) {
      const [code] = node.arguments
      if (!code || code.type === 'SpreadElement') {
        if (exported.size > 0) this.#wrap(node, `${PUBLISH}(`)
        continue
      }
      const isShadowed = (name: string) => scopes.some(scope => scope.has(name))
      const words = [names.filter(isShadowed).join(' '), inFunction || isShadowed('arguments') ? 'function' : '']
      const place = words.map(word => `'${word}'`).join(',')
      this.#around(code.start, `${PUBLISH}.code(`, code.end, `,${place})`)
    }
  }

  /** An import is constant: assigning it throws once the right side has run, if it is run at all. */
  #refuse(node: AnyNode): void {
    if (node.type === 'ForInStatement' || node.type === 'ForOfStatement')
      this.#atLoopStart(node.body as AnyNode, `${REFUSE})`)
    else if (node.type === 'AssignmentExpression' && node.left.type === 'Identifier')
      this.#around(node.right.start, REFUSE, node.right.end, ')')
    else this.#wrap(node, REFUSE)
  }

  #wrap(node: AnyNode, call: string, behind = ')'): void {
    const room = this.#spaceBefore(node.start, call.length)
    this.#edits.push({ start: node.start - room, end: node.start, text: call })
    if (room === 0 && node.type === 'AssignmentExpression')
      this.#takeAround(node.left.end, node.right.start, call.length)
    this.#closing.push({ start: node.end, end: node.end, text: behind })
    this.#takeAfter(node.end, behind.length)
  }

  #atLoopStart(body: AnyNode, call: string): void {
    if (body.type === 'BlockStatement') {
      this.#edits.push({ start: body.start + 1, end: body.start + 1, text: `${call};` })
      this.#takeAfter(body.start + 1, call.length + 1)
      return
    }
    // The space before is not for what wraps the body itself.
    for (let at = body.start - 1; this.#isSpare(at); at--) this.#used.add(at)
    this.#around(body.start, `{${call};`, body.end, '}')
  }

  #around(start: number, before: string, end: number, behind: string): void {
    this.#edits.push({ start, end: start, text: before })
    this.#closing.push({ start: end, end, text: behind })
  }

  /** Publishes after the declarations that end here, within a file. */
  afterDeclarations(ends: readonly number[]): void {
    for (const end of ends) {
      const call = `${this.#text[end - 1] === ';' ? '' : ';'}${PUBLISH}();`
      this.#edits.push({ start: end, end, text: call })
      this.#takeAfter(end, call.length)
    }
  }

  /** All of the room that is wanted before an offset, or none: `returnì(x)` must not come of `return  x`. */
  #spaceBefore(offset: number, count: number): number {
    const start = offset - count
    if (isNamePart(this.#text[start - 1])) return 0
    for (let at = start; at < offset; at++) if (!this.#isSpare(at)) return 0
    for (let at = start; at < offset; at++) this.#used.add(at)
    return count
  }

  /** Spaces around an assignment operator. */
  #takeAround(start: number, end: number, count: number): void {
    for (let at = start; at < end && count > 0; at++) if (this.#take(at)) count--
  }

  /** Spaces behind an offset and the punctuation there, which part nothing. */
  #takeAfter(offset: number, count: number): void {
    let at = offset
    while (/[;,)\]}]/.test(this.#text[at] ?? '')) at++
    for (; count > 0 && this.#take(at); at++) count--
  }

  #take(at: number): boolean {
    if (!this.#isSpare(at)) return false
    this.#used.add(at)
    this.#edits.push({ start: at, end: at + 1, text: '' })
    return true
  }

  #isSpare(at: number): boolean {
    return (this.#text[at] === ' ' || this.#text[at] === '\t') && !this.#used.has(at)
  }
}
