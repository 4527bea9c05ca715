import assert from 'node:assert/strict'
import { Kernel, ModuleError, type Reference, type UnloadReport } from 'outlive'
import { realTime } from '#dist/kernel/seam.js'
import { Folder } from '../support/folder.ts'
import { Hub } from './hub.ts'
import type { Entry, Outcome, Settings } from './model.ts'
import type { Removal, Report } from './model_remove.ts'
import { type Name, PATHS, type Script } from './script.ts'
import { textOf } from './text.ts'

type Face = ((how: string, what?: unknown) => unknown) | { readonly call: (how: string, what?: unknown) => unknown }

/** Something that the host asked for, and what came of it. */
export interface Asked {
  readonly id: number
  readonly what: string
  outcome: Outcome | undefined
}

/** A kernel over real files, and what can be seen of it through its public interface. */
export class World {
  readonly folder = new Folder()
  readonly kernel: Kernel
  readonly hub = new Hub()
  readonly asked: Asked[] = []
  /** Everything that the host got from a point, in order, with who registered it. */
  readonly pointers: { readonly face: Face; readonly label: string; readonly point: string; readonly key: string }[] =
    []
  readonly references: Reference[] = []
  /** What calls `rmmod --wait` off, by module. */
  readonly waits = new Map<Name, AbortController>()
  /** Milliseconds that have passed without anybody waiting. */
  #skipped = 0

  constructor({ params, blacklist, ...settings }: Settings) {
    Object.assign(globalThis, { hub: this.hub })
    this.kernel = new Kernel(
      { modules: this.folder.path, config: false, initTimeout: 0, exitTimeout: 0, params, blacklist, ...settings },
      { seam: { ...realTime, now: () => realTime.now() + this.#skipped } },
    )
    for (const event of ['coming', 'live', 'going', 'gone'] as const)
      this.kernel.on(event, ({ module, generation }) => this.hub.say(`${event} ${module}#${generation}`))
    for (const name of ['p', 'q']) {
      const point = this.kernel.point<Face>(name)
      point.on('add', (face, owner) => {
        const label = `${owner.module}#${owner.generation}`
        const key = keyOf(face)
        this.pointers.push({ face, label, point: name, key })
        this.hub.say(`add ${name} ${key} ${label}`)
      })
      point.on('remove', (face, owner) =>
        this.hub.say(`remove ${name} ${keyOf(face)} ${owner.module}#${owner.generation}`),
      )
    }
  }

  /** What a caller names: of a folder the folder. */
  path(name: Name): string {
    return this.folder.file(name === 'f' ? 'f' : PATHS[name])
  }

  write(name: Name, script: Script): void {
    if (name === 'f') this.folder.write({ 'f/package.json': '{ "name": "f", "type": "module", "main": "index.js" }' })
    this.folder.write({ [PATHS[name]]: textOf(name, script) })
  }

  remove(name: Name): void {
    this.folder.remove(name === 'f' ? 'f' : PATHS[name])
  }

  skip(milliseconds: number): void {
    this.#skipped += milliseconds
  }

  /** Begins something. What it throws is an outcome like any other. */
  begin(id: number, what: string, work: () => unknown): void {
    const asked: Asked = { id, what, outcome: undefined }
    this.asked.push(asked)
    const settle = (outcome: Outcome): void => {
      asked.outcome = outcome
    }
    try {
      const result = work()
      if (result instanceof Promise)
        result.then(
          value => settle({ value }),
          error => settle(refusalOf(error)),
        )
      else settle({ value: result })
    } catch (error) {
      settle(refusalOf(error))
    }
  }

  rmmod(name: Name, { grace, force = false, wait = false, recursive = false }: Removal): Promise<unknown> {
    const controller = new AbortController()
    if (wait) this.waits.set(name, controller)
    const options = { force, wait, recursive, signal: controller.signal, ...(grace !== undefined && { grace }) }
    return this.kernel.rmmod(name, options).then(reported)
  }

  get(name: Name, isLive: boolean): void {
    const reference = this.kernel.tryModuleGet(name)
    assert.equal(reference !== undefined, isLive, `a reference of ${name}`)
    if (reference) this.references.push(reference)
  }

  placeOf(entry: Entry): number {
    return [...this.kernel.point<Face>(entry.point)].indexOf(this.pointerOf(entry)!.face)
  }

  pointerOf({ mod, point, key }: Entry) {
    return this.pointers.find(one => one.label === `${mod.name}#${mod.gen}` && one.point === point && one.key === key)
  }

  call(entry: Entry, how: string, what: string): unknown {
    const { face } = this.pointerOf(entry)!
    return typeof face === 'function' ? face(how, what) : face.call(how, what)
  }

  /** Whatever still waits goes on, and the kernel is closed. */
  async end(): Promise<void> {
    const closed = this.kernel.close()
    const timer = setInterval(() => {
      for (const { key } of [...this.hub.waiting]) this.hub.open(key, 'well')
    }, 1)
    await closed
    clearInterval(timer)
    this.folder.remove()
  }

  /** The state of everything, to be compared with the model's. */
  look(): unknown {
    return {
      list: this.kernel
        .lsmod()
        .map(
          ({ name, generation, state, refs, holders, scheme }) =>
            `${name}#${generation} ${state} ${scheme} ${refs} ${holders.join()}`,
        ),
      taints: this.kernel.taints.map(({ letter }) => letter),
      p: this.#lookAt('p'),
      q: this.#lookAt('q'),
      listeners: process.listenerCount('outlive model'),
      retained: this.kernel
        .lingering()
        .filter(({ scheme }) => scheme === 'retain')
        .map(({ image, callsInFlight, lateCalls }) => `${image} ${callsInFlight} ${lateCalls}`)
        .sort(),
    }
  }

  #lookAt(name: string): string[] {
    const point = this.kernel.point<Face>(name)
    const entries = [...point]
    const found = entries.map(face => {
      const owner = point.owner(face)
      const answer = typeof face === 'function' ? face('answers') : face.call('answers')
      return `${keyOf(face)} ${owner?.module}#${owner?.generation} ${answer}`
    })
    return point.size === entries.length ? found : [`size ${point.size}`, ...found]
  }
}

/** What a LIVE module's operations are called by. */
const keyOf = (face: Face): string => (typeof face === 'function' ? face.name : (face as { name?: string }).name!)

function refusalOf(error: unknown): Outcome {
  if (error instanceof ModuleError) return { code: error.code, text: error.message }
  const { name, message } = error as Error
  return { code: name, text: message }
}

/** What of a report is the same each time. */
export const reported = (report: UnloadReport): Report => ({
  image: `${report.module}#${report.generation}`,
  scheme: report.scheme,
  callsInFlight: report.callsInFlight,
  drained: report.drained,
  exitError: report.exitError?.message,
  leftovers: report.leftovers.map(({ kind, closed }) => (closed ? kind : `${kind} open`)),
})
