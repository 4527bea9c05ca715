import { join } from 'node:path'
import type { Image, ImageOptions } from '#dist/images/image.js'
import { ModuleError } from '#dist/kernel/errno.js'
import type { ExtensionPoint } from '#dist/kernel/extension.js'
import { coreOf, Kernel } from '#dist/kernel/kernel.js'
import type { Module } from '#dist/kernel/module.js'
import type { Reference } from '#dist/kernel/unload/reference_count.js'
import type { Hook, HookCall } from '#dist/modprobe/config.js'
import { Policy } from '#dist/modprobe/policy.js'
import { type Call, Code, type Piece, POINTS, type Stage } from './code.ts'
import { type EventName, Ledger } from './ledger.ts'
import type { Advice, Ending, HookScript, Name, Program, Script } from './program.ts'
import { type Chooser, Schedule } from './schedule.ts'
import { Timeline } from './timeline.ts'

const SLOW = 8

/** A promise of the kernel's, and what became of it. */
export interface Promised {
  readonly what: string
  settled: boolean
  failed: boolean
}

/** A function that the host got from a point. */
export interface Pointer {
  readonly face: (call: Call) => unknown
  readonly label: string
}

/** Carries code into a kernel: as files, or without. */
export interface Carrier {
  readonly folder: string
  write(name: Name, script: Script): void
  createImage(options: ImageOptions, code: Code): Image
}

/** One kernel, modules that obey a program, and everything that can be seen of them from outside. */
export class World implements Stage {
  readonly timeline = new Timeline()
  readonly schedule: Schedule
  readonly kernel: Kernel
  readonly core: ReturnType<typeof coreOf>
  readonly points: readonly ExtensionPoint<Pointer['face']>[]
  readonly disk: Record<Name, Script>
  readonly program: Program
  readonly carrier: Carrier
  readonly codes = new Map<string, Code>()
  /** Of every image that was ever in service. */
  readonly modules = new Map<string, Module>()
  readonly requests = new Map<string, ImageOptions['environment']['requestModule']>()
  readonly ledger = new Ledger(label => this.codes.get(label))
  readonly promised: Promised[] = []
  /** Operations that the host has begun. */
  begun = 0
  readonly pointers: Pointer[] = []
  readonly calls: Call[] = []
  readonly references: { readonly label: string; readonly reference: Reference }[] = []
  /** When each image was withdrawn, and how long its exit must wait for calls since. */
  readonly withdrawn = new Map<string, { readonly at: number; readonly grace: number; readonly forced: boolean }>()
  /** How the next withdrawal of a name was asked for. */
  asked: { readonly grace: number | undefined; readonly forced: boolean } | undefined
  /** How those may be withdrawn that go later, for somebody else's sake. */
  askedForLater: { readonly grace?: number | undefined; readonly forced?: boolean } = {}
  /** What close() takes out it takes out by force. */
  closing = false
  /** The first rule that was seen broken. Kernel and modules must not be able to catch it, so it is only noted. */
  violation: Violation | undefined
  #over = false
  readonly #never: (() => void)[] = []

  constructor(program: Program, chooser: Chooser, carrier: Carrier) {
    this.program = program
    this.carrier = carrier
    this.disk = { ...program.disk }
    for (const [name, script] of Object.entries(this.disk)) carrier.write(name as Name, script)
    this.schedule = new Schedule(chooser, this.timeline)
    const policy = this.#policyOf(program.advice)
    this.kernel = new Kernel(
      { modules: carrier.folder, ...program.settings },
      {
        seam: this.schedule,
        createImage: options => this.#createImage(options),
        policy: { current: () => Promise.resolve(policy) },
        // A heap snapshot has nothing to do with order, and takes a second.
        explain: () => Promise.resolve({ found: true, holders: [], internal: [] }),
      },
    )
    this.core = coreOf(this.kernel)
    this.points = POINTS.map(name => this.kernel.point<Pointer['face']>(name))
    for (const point of this.points)
      point.on('add', (face, { module, generation }) => this.pointers.push({ face, label: `${module}#${generation}` }))
    for (const event of ['coming', 'live', 'going', 'gone'] as const)
      this.kernel.on(event, ({ module, generation }) => this.#event(event, module, `${module}#${generation}`))
  }

  file(name: string): string {
    return join(this.carrier.folder, `${name}.js`)
  }

  #policyOf({ any, softdeps, install, remove }: Advice): Policy {
    const hooks = (what: string, scripts: Readonly<Partial<Record<Name, HookScript>>>): Record<string, Hook> =>
      Object.fromEntries(Object.entries(scripts).map(([name, script]) => [name, this.#hook(what, name, script)]))
    return new Policy({
      aliases: { any },
      softdeps,
      install: hooks('install', install),
      remove: hooks('remove', remove),
    })
  }

  #hook(what: string, name: string, { before, proceeds, after }: HookScript): Hook {
    return async ({ proceed }: HookCall) => {
      this.inside(`${what} hook of ${name} begins`)
      await this.end(before, `${what} hook of ${name} goes on`)
      if (proceeds) await proceed()
      await this.end(after, `${what} hook of ${name} ends`)
    }
  }

  #createImage(options: ImageOptions): Image {
    const { label } = options
    const code = new Code(label, this.disk[label.slice(0, label.indexOf('#')) as Name], this)
    this.codes.set(label, code)
    const { environment } = options
    this.requests.set(label, (file, specifier) => environment.requestModule(file, specifier))
    return this.carrier.createImage(options, code)
  }

  #event(event: EventName, name: string, label: string): void {
    this.timeline.kernel(`${label} is ${event.toUpperCase()}`)
    const module = this.core.modules.get(name)
    if (event === 'live' && module?.label === label) this.modules.set(label, module)
    const state = this.modules.get(label)?.state
    const waiting = state?.is === 'GOING' && state.phase === 'waiting'
    if (event === 'going') {
      const { grace = this.program.settings.grace, forced = this.closing } = this.asked ?? this.askedForLater
      this.withdrawn.set(label, { at: this.schedule.now(), grace, forced })
      this.#checkHolders(label)
    }
    const fault = this.ledger.event(event, label, waiting)
    if (fault !== undefined) this.fail('events in order', fault)
    if (event === 'live' && this.codes.get(label)?.ran.get('init') !== 'ended')
      this.fail('no service before init succeeded', `${label} is LIVE`)
  }

  #checkHolders(label: string): void {
    const going = this.modules.get(label)
    for (const module of this.core.modules.values())
      if (going && module.state.is === 'LIVE' && module.uses.has(going))
        this.fail('importers hold a module', `${label} goes while ${module.label} imports from it`)
  }

  fail(rule: string, detail: string): void {
    if (this.violation) return
    this.timeline.host(`!! ${rule}`)
    this.violation = new Violation(rule, detail)
  }

  check(holds: boolean, rule: string, detail: () => string): void {
    if (!holds) this.fail(rule, detail())
  }

  host(text: string): void {
    this.timeline.host(text)
  }

  inside(text: string): void {
    this.timeline.kernel(text)
  }

  end(ending: Ending, what: string): unknown {
    switch (ending) {
      case 'returns':
        return undefined
      case 'throws':
        throw new OnPurpose()
      case 'resolves':
        return this.schedule.turn(what)
      case 'slow':
        return this.#slowly(what)
      case 'rejects':
        return this.schedule.turn(what).then(() => {
          throw new OnPurpose()
        })
      case 'never':
        return this.#over ? this.schedule.turn(what) : new Promise<void>(resolve => this.#never.push(resolve))
    }
  }

  /** Long enough for other things to come to their end meanwhile. */
  async #slowly(what: string): Promise<void> {
    for (let n = 0; n < SLOW; n++) await this.schedule.turn(what)
  }

  /** Everything that would never end, ends. */
  endAll(): void {
    this.#over = true
    for (const resolve of this.#never.splice(0)) resolve()
  }

  begins(code: Code, piece: Piece): void {
    if (piece !== 'exit') return
    const { label } = code
    const { at, grace, forced } = this.withdrawn.get(label) ?? { at: Number.NaN, grace: 0, forced: false }
    const running = this.flights(code, false)
    this.check(code.ran.get('exit') === 'begun' && !this.#exited.has(label), 'exit runs once', () => label)
    this.#exited.add(label)
    this.check(!Number.isNaN(at), 'exit after withdrawal', () => `exit of ${label} begins before it is GOING`)
    this.check(code.context!.signal.aborted, 'exit after withdrawal', () => `the signal of ${label} was not aborted`)
    const late = this.schedule.now() - at >= grace
    this.check(running.length === 0 || late, 'exit waits for calls', () => {
      const ids = running.map(({ id }) => id).join(', ')
      return `exit of ${label} begins with call ${ids} in flight and the grace period not over`
    })
    // A kernel that closes gives up on references, also where somebody waits for them.
    if (this.program.settings.scheme !== 'refcount' || forced || this.closing) return
    const held = running.length + this.references.filter(reference => reference.label === label).length
    this.check(held === 0, 'exit waits for the count', () => `exit of ${label} begins with a count of ${held}`)
  }

  readonly #exited = new Set<string>()

  exited(label: string): boolean {
    return this.#exited.has(label)
  }

  enters(code: Code): void {
    this.check(
      code.ran.get('init') === 'ended',
      'no service before init succeeded',
      () => `a call enters ${code.label}`,
    )
  }

  /** Asynchronous calls that have entered this image and have not come back. */
  flights(code: Code, late: boolean): Call[] {
    return this.calls.filter(call => call.entered === code && !call.settled && (late || !this.late.has(call)))
  }

  /** Calls that came through an old pointer and ran the old code. */
  readonly late = new Set<Call>()

  /** Watches a promise of the kernel's. */
  promise(what: string, work: Promise<unknown>, calledOff?: AbortSignal): Promised {
    this.timeline.host(what)
    const promised: Promised = { what, settled: false, failed: false }
    this.promised.push(promised)
    work.then(
      () => {
        promised.settled = true
        this.timeline.host(`${what}: done`)
      },
      (error: unknown) => {
        promised.settled = promised.failed = true
        this.timeline.host(`${what}: ${error instanceof ModuleError ? error.code : String(error)}`)
        if (error instanceof ModuleError || (calledOff?.aborted && error === calledOff.reason)) return
        this.fail('refusals are of the catalogue', `${what} fails with ${(error as Error).stack}`)
      },
    )
    return promised
  }
}

/** A rule of the kernel that a schedule broke. */
export class Violation extends Error {
  readonly rule: string

  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`)
    this.rule = rule
  }
}

/** What modules throw because the program says so. */
export class OnPurpose extends Error {
  constructor() {
    super('on purpose')
  }
}
