import type { Namespace } from './image_harness.ts'

const REFUSED_AGAIN = /^ERR_(?:REQUIRE_ESM_RACE_CONDITION|VM_MODULE_LINK_FAILURE|INTERNAL_ASSERTION)$/
const MAX_CALLS = 6
/** Longer than any chain of awaits in the files, which wait for microtasks alone. */
const IDLE_TURNS = 2

/** What the files of a graph call to tell what they see. One for each run; objects get numbers in the order in which they are first seen. */
export class RunLog {
  readonly lines: string[] = []
  readonly #numbers = new Map<unknown, number>()
  #calls = 0
  #queue: Promise<unknown> = Promise.resolve()

  log(line: string): void {
    this.lines.push(line)
  }

  /** Tells the value, or the error. */
  get(what: string, read: () => unknown): unknown {
    let value: unknown
    try {
      value = read()
    } catch (error) {
      this.lines.push(`${what} throws ${this.error(error)}`)
      return undefined
    }
    this.lines.push(`${what} = ${this.show(value)}`)
    return value
  }

  /** Calls what was imported, if it is a function, and no deeper than a few calls. */
  call(what: string, read: () => unknown): void {
    if (this.#calls >= MAX_CALLS) return
    this.#calls++
    this.get(what, () => {
      const value = read()
      if (typeof value !== 'function' || /^class\b/.test(Function.prototype.toString.call(value))) return 'no function'
      return (value as () => unknown)()
    })
    this.#calls--
  }

  /** All keys and values of a namespace or of exports. */
  dump(what: string, read: () => unknown): void {
    this.get(what, () => {
      const object = read()
      if (typeof object !== 'object' || object === null) return object
      const keys = Reflect.ownKeys(object).filter(
        key => typeof key === 'string' && key !== 'module.exports',
      ) as string[]
      for (const key of keys) this.get(`${what}.${key}`, () => (object as Namespace)[key])
      return object
    })
  }

  /** Imports when all else is quiet, one at a time, so that how long a loader reads files decides nothing. */
  dyn(what: string, load: () => Promise<unknown>): Promise<unknown> {
    const run = this.#queue.then(() => this.load(what, load))
    this.#queue = run.then(idle)
    return run
  }

  /** The same for whoever imports the graph, which waits for what its files import. */
  async load(what: string, load: () => Promise<unknown>): Promise<unknown> {
    await idle()
    let value: unknown
    try {
      value = await load()
    } catch (error) {
      await idle()
      // Whose text or names were refused before, Node refuses again by another error.
      this.lines.push(`${what} rejects ${this.error(error).replace(/^TypeError$/, 'SyntaxError')}`)
      return {}
    }
    await idle()
    this.lines.push(`${what} -> ${this.show(value)}`)
    return value
  }

  show(value: unknown): string {
    if (typeof value === 'function')
      return `${/^class/.test(String(value)) ? 'class' : 'function'} '${value.name}' #${this.#number(value)}`
    if (typeof value !== 'object' || value === null) return typeof value === 'string' ? `'${value}'` : String(value)
    if (value instanceof Error) return this.error(value)
    const tag = Object.prototype.toString.call(value).slice(8, -1)
    const keys = Reflect.ownKeys(value).filter(key => typeof key === 'string' && key !== 'module.exports')
    return `${tag} #${this.#number(value)} {${keys.join()}}`
  }

  error(error: unknown): string {
    if (!(error instanceof Error)) return this.show(error)
    const { code } = error as { code?: string }
    // What could not be linked once, Node refuses again by other errors.
    if (code !== undefined && REFUSED_AGAIN.test(code)) return 'SyntaxError'
    return `${error.name}${code === undefined || error instanceof SyntaxError ? '' : ` ${code}`}${error.message.startsWith('own ') ? ` ${error.message}` : ''}`
  }

  #number(value: unknown): number {
    const number = this.#numbers.get(value) ?? this.#numbers.size + 1
    this.#numbers.set(value, number)
    return number
  }
}

export async function idle(): Promise<void> {
  for (let turn = 0; turn < IDLE_TURNS; turn++) await new Promise(resolve => setImmediate(resolve))
}
