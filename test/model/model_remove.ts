import { type Entry, labelOf, type Mod, type Model, Refusal, type Steps } from './model.ts'
import { createMod, forget, type Load, prepare, publish, rollBack, runs, tellAdded } from './model_load.ts'
import type { Name } from './script.ts'

export interface Removal {
  readonly force?: boolean
  readonly wait?: boolean
  readonly recursive?: boolean
  readonly grace?: number
  /** Somebody calls the waiting off. */
  readonly isCalledOff?: () => boolean
}

/** What is compared of an UnloadReport. */
export interface Report {
  readonly image: string
  readonly scheme: string
  readonly callsInFlight: number
  readonly drained: boolean
  readonly exitError: string | undefined
  readonly leftovers: readonly string[]
}

export const isCounted = ({ scheme }: Mod): boolean => scheme === 'refcount'

export const countOf = (mod: Mod): number => mod.references + (isCounted(mod) ? mod.flights.length : 0)

/** Everything that the kernel knows of it goes at once. */
export function withdraw(model: Model, mod: Mod): void {
  mod.state = 'GOING'
  const entries = mod.offered
  mod.offered = []
  for (const entry of entries) takeOut(model, entry)
  model.tell('going', mod)
}

export function takeOut(model: Model, entry: Entry): void {
  const entries = model.points[entry.point]
  if (!entries.includes(entry)) return
  entries.splice(entries.indexOf(entry), 1)
  // Whoever was not told that it came is not told that it went.
  if (model.pointers.includes(entry)) model.log.push(`remove ${entry.point} ${entry.key} ${labelOf(entry.mod)}`)
}

/** @throws Refusal unless it can go now */
function refuse(model: Model, name: Name, { force, wait }: Removal): Mod {
  const mod = model.find(name)
  if (!mod) throw new Refusal('ENOENT', `Module ${name} is not currently loaded`)
  const holders = model.holders(mod).map(holder => holder.name)
  if (holders.length > 0) throw new Refusal('EHOLDERS', `Module ${name} is in use by: ${[...holders].sort().join(' ')}`)
  if (mod.state !== 'LIVE')
    throw new Refusal('ENOTLIVE', `Module ${name} is being ${mod.state === 'GOING' ? 'unloaded' : 'loaded'}`)
  refuseToTake(mod, { ...(force && { force }), ...(wait && { wait }) })
  return mod
}

function refuseToTake(mod: Mod, { force, wait }: Removal): void {
  const { name, script } = mod
  if (force) return
  if (mod.state === 'LIVE' && script.permanent) throw new Refusal('EPERMANENT', `Module ${name} is permanent`)
  if (isCounted(mod) && countOf(mod) > 0 && !wait) throw new Refusal('EINUSE', `Module ${name} is in use`)
}

export function* rmmod(model: Model, name: Name, options: Removal): Steps<Report> {
  const { force = false, recursive, isCalledOff } = options
  const found = model.find(name)
  if (found && recursive && model.holders(found).length > 0) {
    refuseToTake(found, options)
    for (let holder = model.holders(found)[0]; holder; holder = model.holders(found)[0]) {
      if (model.find(holder.name) !== holder)
        throw new Refusal(
          'ENOTLIVE',
          `Module ${holder.name} is being ${holder.state === 'GOING' ? 'unloaded' : 'loaded'}`,
        )
      yield* rmmod(model, holder.name, options)
    }
  }
  const mod = refuse(model, name, options)
  const isHeld = isCounted(mod) && countOf(mod) > 0
  if (force && (isHeld || mod.script.permanent)) model.taint('R', mod)
  if (!isHeld || force) {
    withdraw(model, mod)
    return yield* finish(model, mod, options)
  }
  const flights = mod.flights.length
  const { offered } = mod
  mod.waiting = true
  withdraw(model, mod)
  mod.offered = offered
  yield () => countOf(mod) === 0 || isCalledOff?.() === true
  mod.waiting = false
  if (countOf(mod) > 0) {
    mod.state = 'LIVE'
    publish(model, mod)
    model.tell('live', mod)
    tellAdded(model, [...mod.offered])
    throw new Refusal('AbortError', '')
  }
  mod.offered = []
  return yield* finish(model, mod, options, flights)
}

/** From the wait for calls to GONE. */
export function* finish(model: Model, mod: Mod, options: Removal, before?: number): Steps<Report> {
  yield () => true
  const flights = before ?? mod.flights.length
  if (isCounted(mod) && !options.force) yield () => countOf(mod) === 0
  const grace = options.grace ?? model.settings.grace
  const isEndless = grace === Number.POSITIVE_INFINITY
  if (isEndless) yield () => mod.flights.length === 0
  const drained = mod.flights.length === 0
  let exitError: string | undefined
  model.say('exit', mod)
  try {
    yield* runs(model, mod.script.exit, `exit ${mod.name}@${mod.script.version}`)
  } catch (error) {
    exitError = (error as Error).message
  }
  model.say('deferred', mod)
  mod.uses.clear()
  if (isCounted(mod)) {
    mod.cut = true
    for (const flight of mod.flights) flight.refused = true
  }
  forget(model, mod)
  model.outgoing.delete(mod)
  mod.state = 'GONE'
  model.tell('gone', mod)
  model.gone.push(mod)
  const { leaves } = mod.script
  return {
    image: labelOf(mod),
    scheme: mod.scheme,
    callsInFlight: flights,
    drained,
    exitError,
    leftovers: leaves === 'nothing' ? [] : [leaves],
  }
}

export function* replace(model: Model, name: Name, load: Load, grace?: number): Steps<unknown> {
  const old = model.find(name)
  if (!old) throw new Refusal('ENOENT', `Module ${name} is not currently loaded`)
  if (old.state !== 'LIVE')
    throw new Refusal('ENOTLIVE', `Module ${name} is being ${old.state === 'GOING' ? 'unloaded' : 'loaded'}`)
  if (old.script.permanent) throw new Refusal('EPERMANENT', `Module ${name} is permanent`)
  if (model.replacing.has(name)) throw new Refusal('ENOTLIVE', `Module ${name} is being loaded`)
  const script = model.disk.get(name)
  model.replacing.add(name)
  let next: Mod
  try {
    if (!script) throw new Refusal('ENOENT', `could not load module ${load.given}: No such file or directory`)
    next = createMod(model, name, script, { ...old.given, ...load.params })
    model.nexts.add(next)
    yield () => true
    const inherit = () => {
      if (old.state !== 'LIVE')
        throw old.state === 'GONE'
          ? new Refusal('ENOENT', `Module ${name} is not currently loaded`)
          : new Refusal('ENOTLIVE', `Module ${name} is being unloaded`)
      return old.script.handsOff ? `${name}@${old.script.version}#${old.gen}` : undefined
    }
    yield* prepare(model, next, { ...load, inherit })
    try {
      swap(model, old, next)
    } catch (error) {
      rollBack(model, next)
      throw error
    }
  } finally {
    model.replacing.delete(name)
    for (const each of model.nexts) if (each.name === name) model.nexts.delete(each)
  }
  const unloaded = yield* finish(model, old, { ...(grace !== undefined && { grace }) })
  return { image: labelOf(next), unloaded }
}

/** @throws Refusal before anything has changed */
function swap(model: Model, old: Mod, next: Mod): void {
  const { name } = old
  if (old.state === 'GOING') throw new Refusal('ENOTLIVE', `Module ${name} is being unloaded`)
  if (model.find(name) !== old) throw new Refusal('ENOENT', `Module ${name} is not currently loaded`)
  if (isReachable(next, old)) throw new Refusal('ELOOP', `could not insert module `)
  const importers = model.holders(old).filter(isBound)
  for (const importer of importers) {
    importer.uses.delete(old)
    importer.uses.add(next)
  }
  const lacking = lackingExport(model)
  if (lacking) {
    for (const importer of importers) {
      importer.uses.delete(next)
      importer.uses.add(old)
    }
    throw new Refusal('ENOEXEC', `could not replace module ${name}: `)
  }
  for (const importer of model.holders(old)) {
    importer.uses.delete(old)
    importer.uses.add(next)
  }
  for (const mod of [...model.list, ...model.nexts]) if (isBound(mod)) model.bind(mod)
  model.list[model.list.indexOf(old)] = next
  model.outgoing.add(old)
  const tell = swapEntries(model, old, next)
  next.state = 'LIVE'
  model.tell('live', next)
  old.state = 'GOING'
  model.tell('going', old)
  tell()
}

const isBound = ({ state }: Mod): boolean => state === 'LIVE' || state === 'COMING'

const lackingExport = (model: Model): boolean =>
  [...model.list, ...model.nexts].filter(isBound).some(mod =>
    mod.script.imports.some(({ from, symbol }) => {
      const exporter = [...mod.uses].find(({ name }) => name === from)
      return exporter !== undefined && model.exported(exporter, symbol) === undefined
    }),
  )

const isReachable = (from: Mod, wanted: Mod): boolean =>
  [...from.uses].some(used => used === wanted || isReachable(used, wanted))

/** One for one; further ones behind the last. */
function swapEntries(model: Model, old: Mod, next: Mod): () => void {
  const told: (() => void)[] = []
  for (const point of new Set([...old.offered, ...next.offered].map(entry => entry.point))) {
    const entries = model.points[point]
    const leaving = old.offered.filter(entry => entry.point === point && entries.includes(entry))
    const coming = next.offered.filter(entry => entry.point === point)
    const last = leaving.at(-1)
    const behind = last ? entries.indexOf(last) + 1 : entries.length
    entries.splice(behind, 0, ...coming.slice(leaving.length))
    for (const [index, entry] of leaving.entries()) {
      const successor = coming[index]
      entries.splice(entries.indexOf(entry), 1, ...(successor ? [successor] : []))
    }
    told.push(() => {
      for (const entry of leaving)
        if (model.pointers.includes(entry)) model.log.push(`remove ${point} ${entry.key} ${labelOf(old)}`)
      tellAdded(model, coming)
    })
  }
  old.offered = []
  return () => {
    for (const tell of told) tell()
  }
}
