import type { Exported, Name, Script } from './script.ts'

export type Scheme = 'collect' | 'retain' | 'refcount'
export type PointName = 'p' | 'q'

export interface Settings {
  readonly scheme: Scheme
  /** No time passes: 0 does not wait for calls, Infinity has no end. */
  readonly grace: 0 | typeof Number.POSITIVE_INFINITY
  readonly lateCalls: 'run' | 'forward' | 'fail'
  /** Of `createKernel`. */
  readonly params: Readonly<Partial<Record<Name, { readonly n: number }>>>
  readonly blacklist: readonly Name[]
}

/** One image of a module, as the model has it. */
export interface Mod {
  readonly name: Name
  readonly gen: number
  readonly script: Script
  state: 'UNFORMED' | 'COMING' | 'LIVE' | 'GOING' | 'GONE'
  /** As `rmmod --wait` leaves it: it may come back. */
  waiting: boolean
  readonly given: Readonly<Record<string, unknown>>
  n: number | undefined
  scheme: Scheme
  inherited: string | undefined
  readonly uses: Set<Mod>
  /** What each import that it uses has for a value. */
  bindings: string[]
  /** Its init has begun. */
  hasRun: boolean
  offered: Entry[]
  /** References that somebody took. */
  references: number
  /** Calls that have not settled. */
  flights: Flight[]
  /** When removed: whether calls through old pointers are refused. */
  cut: boolean
  lateCalls: number
  tainted: Set<string>
}

export interface Entry {
  readonly mod: Mod
  readonly point: PointName
  readonly key: string
}

export interface Flight {
  /** Cut off by a removal by force. */
  refused: boolean
}

/** A refusal: by code, with how its text begins. */
export class Refusal extends Error {
  readonly code: string

  constructor(code: string, text: string) {
    super(text)
    this.code = code
  }
}

export type Outcome = { readonly value: unknown } | { readonly code: string; readonly text: string }

/** Something that waits for what it yields to be true. */
export type Steps<T> = Generator<() => boolean, T, undefined>

export interface Task {
  readonly id: number
  readonly what: string
  readonly steps: Steps<unknown>
  until: () => boolean
  outcome: Outcome | undefined
}

export interface Door {
  readonly key: string
  opened: 'well' | 'badly' | undefined
}

/** All that there is to know of a kernel, by what DESIGN says of it. */
export class Model {
  readonly settings: Settings
  readonly disk = new Map<Name, Script>()
  /** In the order of lsmod. */
  list: Mod[] = []
  /** Replaced and on their way out. */
  readonly outgoing = new Set<Mod>()
  /** Next images that are being made. */
  readonly nexts = new Set<Mod>()
  readonly replacing = new Set<Name>()
  readonly loading = new Map<Name, { live: boolean | undefined }>()
  readonly waitsFor = new Map<Name, Name>()
  readonly generations = new Map<Name, number>()
  readonly taints = new Set<string>()
  readonly points: Record<PointName, Entry[]> = { p: [], q: [] }
  /** Everything that the host got from a point. */
  readonly pointers: Entry[] = []
  readonly held: Mod[] = []
  readonly gone: Mod[] = []
  readonly doors: Door[] = []
  readonly tasks: Task[] = []
  log: string[] = []
  /** Begun by what is told next. */
  readonly listeners: { readonly event: string; readonly run: () => void }[] = []
  readonly calledOff = new Set<Name>()
  /** The order of what happened is the system's, or another's to tell. */
  isLoose = false
  /** Which tasks went on since it was emptied. */
  readonly moved = new Set<number>()

  constructor(settings: Settings) {
    this.settings = settings
  }

  find(name: Name): Mod | undefined {
    return this.list.find(mod => mod.name === name)
  }

  /** A LIVE image that imports from this one, or one that is being made or taken apart. */
  holders(mod: Mod): Mod[] {
    const all = [...this.list, ...this.outgoing, ...this.nexts]
    return all.filter(other => other.uses.has(mod))
  }

  tell(event: string, mod: Mod): void {
    this.log.push(`${event} ${labelOf(mod)}`)
    for (const listener of this.listeners.filter(one => one.event === event)) {
      this.listeners.splice(this.listeners.indexOf(listener), 1)
      listener.run()
    }
  }

  say(what: string, mod: Mod): void {
    this.log.push(`${what} ${labelOf(mod)}`)
  }

  taint(letter: string, mod: Mod): void {
    mod.tainted.add(letter)
    this.taints.add(letter)
  }

  begin(id: number, what: string, steps: Steps<unknown>): Task {
    const task: Task = { id, what, steps, until: () => true, outcome: undefined }
    this.tasks.push(task)
    this.#advance(task)
    return task
  }

  /** Lets everything go on that can. */
  settle(): void {
    for (let moved = true; moved; ) {
      moved = false
      for (const task of this.tasks)
        if (!task.outcome && task.until()) {
          this.#advance(task)
          moved = true
        }
    }
  }

  get pending(): readonly Task[] {
    return this.tasks.filter(({ outcome }) => !outcome)
  }

  #advance(task: Task): void {
    this.moved.add(task.id)
    try {
      const { done, value } = task.steps.next()
      if (done) task.outcome = { value }
      else task.until = value as () => boolean
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      task.outcome = { code: error.code, text: error.message }
    }
  }

  *door(key: string): Steps<void> {
    const door: Door = { key, opened: undefined }
    this.doors.push(door)
    yield () => door.opened !== undefined
    if (door.opened === 'badly') throw new Error('on purpose')
  }

  /** What an image exports by a name; undefined when it does not. */
  exported(mod: Mod, symbol: Exported): string | undefined {
    if (mod.script.exports.includes(symbol)) return `${mod.name}@${mod.script.version}.${symbol}`
    const again = mod.script.imports.find(one => one.again && one.symbol === symbol)
    const from = again && [...mod.uses].find(({ name }) => name === again.from)
    return from && this.exported(from, symbol)
  }

  bind(mod: Mod): void {
    const used = mod.script.imports.filter(({ again }) => !again)
    mod.bindings = used.map(({ from, symbol }) => {
      const exporter = [...mod.uses].find(({ name }) => name === from)!
      return this.exported(exporter, symbol)!
    })
  }

  /** What each of its operations answers. */
  answer({ name, gen, script, n, inherited, bindings }: Mod): string {
    return [`${name}@${script.version}#${gen}`, n ?? '-', inherited ?? '-', ...bindings].join(' ')
  }
}

export const labelOf = ({ name, gen }: Mod): string => `${name}#${gen}`
