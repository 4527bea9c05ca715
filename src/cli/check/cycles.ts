import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { UnloadReport } from '../../kernel/free_module.ts'
import { collectGarbage } from '../../kernel/gc.ts'
import { explainImage } from '../../kernel/kmemleak/index.ts'
import { messageOf } from '../../kernel/thrown.ts'
import { type PlannedCall, planCalls, unanswered } from './calls.ts'
import { Findings, type SchemeResult } from './findings.ts'
import { OpenResources } from './open_resources.ts'
import { RealmPicture } from './realm.ts'
import type { CheckSettings } from './settings.ts'
import { SymbolWatch } from './symbols.ts'
import { warmUp } from './warm_up.ts'
import type { WatchedKernel } from './watched_kernel.ts'

/** Cycles of the module itself before the first measurement. */
const WARM_UP = 6
/** Measurements in a run. What grows in each of the blocks between them, grows. */
const BLOCKS = 4
/** How long a call may take after the module has been removed. */
const PATIENCE = 5000
/** Noise of the heap over a block, and the least that a cycle has to leave behind to count. */
const NOISE = 120_000
const LEAST_PER_CYCLE = 2048
const SETTLING_ROUNDS = 6
/** What is closed in the background has this many milliseconds in each of them. */
const SETTLING_MS = 30
/** Collections of each: the first takes images away, and the second what telling of them has let go of. A third finds nothing. */
const COLLECTIONS = 2
/** Holders told of an image: the first ones are those that its author can change. */
const MOST_HOLDERS = 3

/** Loads and unloads a module many times under one scheme, half of the times with calls in flight, and watches. */
export class SchemeCheck {
  readonly #kernel: WatchedKernel
  readonly #settings: CheckSettings
  readonly #findings = new Findings()
  readonly #symbols = new SymbolWatch()
  readonly #realm = new RealmPicture()
  readonly #open = new OpenResources()
  readonly #stuck = new Set<string>()
  #name = ''
  #calls = 0
  #callsInFlight = 0
  #inserted = 0
  #collected = 0
  #freshSymbols = 0

  constructor(kernel: WatchedKernel, settings: CheckSettings) {
    this.#kernel = kernel
    this.#settings = settings
    kernel.on('collected', ({ module }) => {
      if (module === this.#name) this.#collected++
    })
    kernel.log.follow(({ text }) => {
      const [, operation, place] = /^late call of (.+) in \S+ from (.+)$/.exec(text) ?? []
      if (operation !== undefined) this.#findings.add('late call', `late call of ${operation}`, place)
    })
    for (const event of ['unhandledRejection', 'uncaughtException'] as const)
      process.on(event, (error: unknown) => {
        const [message = '', ...frames] = textOf(error).split('\n')
        this.#findings.add('unhandled', `unhandled: ${message}`, placeIn(frames))
      })
  }

  /** @throws whatever the first insertion throws */
  async run(onCycle: (done: number, of: number) => void): Promise<SchemeResult> {
    const started = performance.now()
    const { scheme, cycles } = this.#settings
    const total = WARM_UP + cycles
    const heights: number[] = []
    const perBlock = Math.max(1, Math.floor(cycles / BLOCKS))
    let done = 0
    await warmUp(this.#kernel)
    for (; done < total; done++) {
      const measured = done - WARM_UP
      if (measured >= 0 && measured % perBlock === 0) heights.push(await this.#height())
      if (measured === 0) this.#open.mark()
      onCycle(done, total)
      if (!(await this.#cycle(done))) break
    }
    if (done === total) heights.push(await this.#height())
    await this.#findHeld()
    for (const [what, count] of this.#open.grown(done - WARM_UP))
      this.#findings.add('open', `leaves open, unseen by the kernel: ${what}`, undefined, count)
    const bytesPerCycle = this.#growth(heights, perBlock)
    this.#findChanges()
    return {
      scheme,
      cycles: done,
      calls: this.#calls,
      callsInFlight: this.#callsInFlight,
      inserted: this.#inserted,
      collected: this.#collected,
      bytesPerCycle,
      findings: this.#findings.list(),
      ms: performance.now() - started,
    }
  }

  /** @returns false when there is no sense in going on */
  async #cycle(number: number): Promise<boolean> {
    const { file, params } = this.#settings
    try {
      this.#name = (await this.#insert(file, params)).name
    } catch (error) {
      if (number === 0) throw error
      this.#findings.add('reload', `could not be inserted again: ${messageOf(error)}`)
      return false
    }
    this.#inserted++
    if (number === 0)
      for (const text of unanswered(this.#kernel.points(), this.#settings.calls))
        this.#findings.add('failed call', text)
    const planned = planCalls(this.#kernel.points(), this.#settings.calls).filter(({ name }) => !this.#stuck.has(name))
    const running = planned.map(call => this.#start(call))
    if (number % 2 === 0) await this.#ended(running)
    const report = await this.#remove()
    this.#callsInFlight += report.callsInFlight
    await this.#ended(running)
    this.#note(report)
    // Symbols that are registered once and for all are so after the first cycles.
    const fresh = this.#symbols.take()
    if (number < WARM_UP) this.#freshSymbols = 0
    else if (fresh.length > 0 && ++this.#freshSymbols === this.#settings.cycles)
      this.#findings.add('symbol', 'registers a new symbol in every cycle', placeOf(fresh[0]!.site), this.#freshSymbols)
    await turn()
    return true
  }

  /** As a polite `rmmod` under the scheme that counts: waits for calls to end, but not for ever. */
  async #remove(): Promise<UnloadReport> {
    const signal = AbortSignal.timeout(PATIENCE)
    try {
      return await this.#kernel.rmmod(this.#name, { wait: true, signal })
    } catch (error) {
      if (!signal.aborted) throw error
      return this.#kernel.rmmod(this.#name, { force: true })
    }
  }

  async #insert(file: string, params: Readonly<Record<string, string>>): Promise<{ name: string }> {
    if (this.#settings.modules === undefined) return this.#kernel.insmod(file, params)
    // What it depends on is inserted once, and stays.
    const { name } = await this.#kernel.modinfo(file)
    await this.#kernel.modprobe(name, params)
    return { name }
  }

  #start({ name, run }: PlannedCall): { readonly name: string; readonly end: Promise<unknown> } {
    this.#calls++
    const end = run().catch((error: unknown) =>
      this.#findings.add('failed call', `call of ${name} failed: ${messageOf(error)}`),
    )
    return { name, end }
  }

  /** A call that does not end is told once, and not made again. */
  async #ended(running: readonly { readonly name: string; readonly end: Promise<unknown> }[]): Promise<void> {
    const patience = new AbortController()
    const late = sleep(PATIENCE, 'late', { signal: patience.signal }).catch(() => 'late')
    for (const { name, end } of running)
      if (!this.#stuck.has(name) && (await Promise.race([end, late])) === 'late') {
        this.#stuck.add(name)
        this.#findings.add('stuck call', `call of ${name} had not ended after ${PATIENCE} ms`)
      }
    patience.abort()
  }

  #note({ leftovers, exitError }: UnloadReport): void {
    // Addons are told of with what else stays in the process.
    for (const { kind, what, where, closed } of leftovers.filter(({ kind }) => kind !== 'addon'))
      this.#findings.add(
        'leftover',
        `left behind: ${nameOfLeftover(kind, what)}${closed ? '' : ', could not be closed'}`,
        where,
      )
    if (exitError)
      this.#findings.add('exit', `exit threw: ${exitError.message}`, placeIn(textOf(exitError).split('\n')))
  }

  async #height(): Promise<number> {
    await collectGarbage(COLLECTIONS)
    return process.memoryUsage().heapUsed
  }

  /** Bytes of a cycle in the block in the middle. That memory grows is said only when it grew in every block. */
  #growth(heights: readonly number[], perBlock: number): number {
    const grown = heights.slice(1).map((height, index) => (height - heights[index]!) / perBlock)
    if (grown.length === 0) return 0
    grown.sort((a, b) => a - b)
    const least = Math.round(grown[0]!)
    const isHeld = this.#findings.list().some(({ kind }) => kind === 'held')
    const threshold = Math.max(LEAST_PER_CYCLE, NOISE / perBlock)
    if (this.#settings.scheme !== 'retain' && !isHeld && grown.length >= BLOCKS && least > threshold)
      this.#findings.add(
        'memory',
        `leaves about ${toThousands(least)} KB behind in every cycle, although its code goes`,
      )
    return Math.max(0, Math.round(grown[Math.floor(grown.length / 2)]!))
  }

  /** Waits until everything is collected that can be; what is not, somebody holds. */
  async #findHeld(): Promise<void> {
    // Under this scheme the kernel holds them; once it has let go, they must go, too.
    if (this.#settings.scheme === 'retain') await this.#kernel.reclaim()
    const held = () => this.#kernel.lingering().filter(({ image }) => image.startsWith(`${this.#name}#`))
    let images = held()
    // That an image is gone is known before it is told.
    const isSettled = (): boolean => images.length === 0 && this.#collected >= this.#inserted
    for (let round = 0; round < SETTLING_ROUNDS && !isSettled(); round++) {
      await sleep(SETTLING_MS)
      await collectGarbage(COLLECTIONS)
      images = held()
    }
    const [oldest] = images
    if (!oldest) return
    const { holders } = await explainImage(oldest.image, { thread: false })
    if (holders.length === 0)
      this.#findings.add(
        'held',
        'its code is not collected, and nothing that can be told holds it',
        undefined,
        images.length,
      )
    for (const { text, place } of holders.slice(0, MOST_HOLDERS))
      this.#findings.add('held', `its code is held by: ${text}`, place, images.length)
  }

  #findChanges(): void {
    for (const { is, what, how } of this.#realm.changes()) {
      if (is === 'global') this.#findings.add('global', `leaves a global: ${what}`)
      else if (is === 'patched') this.#findings.add('patched', `leaves ${what} ${how}`)
      else if (is === 'environment') this.#findings.add('environment', `sets the environment variable ${what}`)
      else this.#findings.add('addon', `loads a native addon, which stays: ${what}`)
    }
  }
}

const toThousands = (bytes: number): string => (bytes / 1000).toPrecision(2)

const nameOfLeftover = (kind: string, what: string): string => (what.startsWith(kind) ? what : `${kind} (${what})`)

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))
const placeOf = (site: { place(isOwn: (file: string) => boolean): string }): string => site.place(() => false)

function placeIn(frames: readonly string[]): string | undefined {
  for (const frame of frames) {
    const [, file, position] = /\(?((?:file:\/\/)?\/[^()]*?):(\d+:\d+)\)?$/.exec(frame.trim()) ?? []
    if (file !== undefined) return `${decodeURI(file.replace(/^file:\/\//, ''))}:${position}`
  }
  return undefined
}
