/** How often one may look within one job and be sure of the answer. */
const TOKENS = 8

class Token {}

/** The tokens of each object that is watched: they live exactly as long as it does. */
const held = new WeakMap<object, readonly Token[]>()

/**
 * Tells whether an object is still in memory, and does not keep it there. Whoever looks at the target of a WeakRef keeps it to the end of the job; so what is
 * looked at here are tokens that only the object holds, another one each time: whoever looks, collects and looks again in one job sees it go.
 */
export class LifeSigns {
  readonly #tokens: readonly WeakRef<Token>[]
  #next = 0
  #isGone = false

  constructor(target: object) {
    const tokens: Token[] = []
    const references: WeakRef<Token>[] = []
    for (let count = 0; count < TOKENS; count++) {
      const token = new Token()
      tokens.push(token)
      references.push(new WeakRef(token))
    }
    held.set(target, tokens)
    this.#tokens = references
  }

  get isAlive(): boolean {
    if (this.#isGone) return false
    this.#isGone = this.#tokens[this.#next]!.deref() === undefined
    this.#next = (this.#next + 1) % TOKENS
    return !this.#isGone
  }
}
