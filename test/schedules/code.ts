import type { ModuleContext, Registration } from 'outlive'
import type { Ending, Script } from './program.ts'

export const POINTS = ['p', 'q'] as const
export type Point = (typeof POINTS)[number]

/** What a module's code does and sees, as the world around it wants to know. */
export interface Stage {
  readonly host: (text: string) => void
  readonly inside: (text: string) => void
  /** Ends as asked; what takes its time does so until it is its turn. */
  end(ending: Ending, what: string): unknown
  /** A piece of the module's own begins. */
  begins(code: Code, piece: Piece): void
  /** Somebody's call has come in. */
  enters(code: Code): void
}

export type Piece = 'evaluation' | 'init' | 'handoff' | 'exit' | 'deferred' | 'probe'

/** One call of an operation. */
export interface Call {
  readonly id: number
  readonly ends: Ending
  /** The image that it went into, once it has. */
  entered: Code | undefined
  /** The caller has its result. */
  settled: boolean
}

export interface Entry {
  readonly point: Point
  readonly key: string
  readonly registration: Registration
}

/** The code of one image: the same whether a file carries it or not. */
export class Code {
  readonly label: string
  readonly script: Script
  readonly ran = new Map<Piece, 'begun' | 'ended' | 'failed'>()
  /** In order of registration. */
  entries: Entry[] = []
  context: ModuleContext | undefined
  /** What it sees of its imports. */
  imports: Readonly<Record<string, () => unknown>> = {}
  readonly #stage: Stage
  #keys = 0

  constructor(label: string, script: Script, stage: Stage) {
    this.label = label
    this.script = script
    this.#stage = stage
  }

  get name(): string {
    return this.label.slice(0, this.label.indexOf('#'))
  }

  readonly link = (imports: Readonly<Record<string, () => unknown>>): void => {
    this.imports = imports
  }

  readonly evaluate = (): unknown => this.#run('evaluation', this.script.evaluation)

  readonly init = (context: ModuleContext): unknown => {
    this.context = context
    for (const [index, count] of this.script.entries.entries())
      for (let n = 0; n < count; n++) this.register(POINTS[index]!)
    context.defer(() => this.#run('deferred', this.script.deferred))
    return this.#run('init', this.script.init)
  }

  readonly handoff = (): unknown => this.#run('handoff', this.script.handoff)

  readonly exit = (): unknown => this.#run('exit', this.script.exit)

  readonly probe = (): unknown => {
    const found = this.#run('probe', this.script.probe)
    return found instanceof Promise ? found.then(() => this.script.finds) : this.script.finds
  }

  register(point: Point): Entry {
    const key = `${point}${++this.#keys}`
    const call = { [key]: (call: Call) => this.#called(call) }[key]!
    const entry = { point, key, registration: this.context!.register(point, call) }
    this.entries.push(entry)
    return entry
  }

  unregister(entry: Entry): void {
    entry.registration.unregister()
    this.entries = this.entries.filter(other => other !== entry)
  }

  #called(call: Call): unknown {
    call.entered = this
    this.#stage.inside(`call ${call.id} enters ${this.label}`)
    this.#stage.enters(this)
    const result = this.#stage.end(call.ends, `call ${call.id} ends in ${this.label}`)
    return result instanceof Promise ? result.then(() => this.label) : this.label
  }

  #run(piece: Piece, ending: Ending): unknown {
    this.#stage.inside(`${piece} of ${this.label} begins`)
    this.ran.set(piece, 'begun')
    this.#stage.begins(this, piece)
    const ended = (how: 'ended' | 'failed') => {
      this.ran.set(piece, how)
      this.#stage.inside(`${piece} of ${this.label} ${how === 'ended' ? 'ends' : 'fails'}`)
    }
    try {
      const result = this.#stage.end(ending, `${piece} of ${this.label} goes on`)
      if (!(result instanceof Promise)) ended('ended')
      else
        result.then(
          () => ended('ended'),
          () => ended('failed'),
        )
      return result
    } catch (error) {
      ended('failed')
      throw error
    }
  }
}
