import { type Entry, labelOf, type Mod, type Model, Refusal, type Scheme, type Steps } from './model.ts'
import type { Ending, Name, Script } from './script.ts'

const STRICTNESS: readonly Scheme[] = ['collect', 'retain', 'refcount']
export const stricter = (one: Scheme, other: Scheme = 'collect'): Scheme =>
  STRICTNESS[Math.max(STRICTNESS.indexOf(one), STRICTNESS.indexOf(other))]!

export interface Load {
  /** As the caller named it. */
  readonly given: string
  readonly params: Readonly<Record<string, unknown>>
  /** Brings in a module that is imported, as modprobe does. */
  readonly bring?: (name: Name) => Steps<void>
  /** Of a replace: what the old image hands over. */
  readonly inherit?: () => string | undefined
}

export function createMod(model: Model, name: Name, script: Script, params: Load['params']): Mod {
  const gen = (model.generations.get(name) ?? 0) + 1
  model.generations.set(name, gen)
  return {
    name,
    gen,
    script,
    state: 'UNFORMED',
    waiting: false,
    given: params,
    n: undefined,
    scheme: model.settings.scheme,
    inherited: undefined,
    uses: new Set(),
    bindings: [],
    hasRun: false,
    offered: [],
    references: 0,
    flights: [],
    cut: false,
    lateCalls: 0,
    tainted: new Set(),
  }
}

/** A piece of code: what it throws goes to whoever called it. */
export function* runs(model: Model, ending: Ending, door: string): Steps<void> {
  if (ending === 'door') yield* model.door(door)
  else if (ending === 'throws' || ending === 'rejects') throw new Error('on purpose')
}

/** Up to the point where it could go into service. Nothing is left of one that fails. */
export function* prepare(model: Model, mod: Mod, load: Load): Steps<void> {
  const { name, script } = mod
  const { given } = load
  try {
    read(model, mod, load)
    mod.scheme = stricter(model.settings.scheme, script.scheme)
    mod.n = checkParams(model, mod, given)
    yield* dependencies(model, mod, load)
    mod.inherited = load.inherit?.()
    link(model, mod, given)
    mod.state = 'COMING'
    model.tell('coming', mod)
    const me = `${name}@${script.version}`
    try {
      yield* runs(model, script.evaluation, `evaluation ${me}`)
      model.say('init', mod)
      mod.hasRun = true
      for (const [index, point] of script.registers.entries()) mod.offered.push({ mod, point, key: `${name}${index}` })
      yield* runs(model, script.init, `init ${me}`)
    } catch {
      throw new Refusal('EINIT', `could not insert module ${given}: on purpose`)
    }
  } catch (error) {
    rollBack(model, mod)
    throw error
  }
}

export function rollBack(model: Model, mod: Mod): void {
  mod.offered = []
  if (mod.state === 'UNFORMED') {
    if (model.generations.get(mod.name) === mod.gen) model.generations.set(mod.name, mod.gen - 1)
    mod.uses.clear()
    return
  }
  mod.state = 'GOING'
  model.tell('going', mod)
  if (mod.hasRun) model.say('deferred', mod)
  mod.uses.clear()
  mod.cut = true
  forget(model, mod)
  mod.state = 'GONE'
  model.tell('gone', mod)
  model.gone.push(mod)
}

export function forget(model: Model, mod: Mod): void {
  model.list = model.list.filter(other => other !== mod)
}

function read(model: Model, { script }: Mod, { given }: Load): void {
  if (script.fault === 'syntax') throw new Refusal('ENOEXEC', `could not insert module ${given}: `)
  const nowhere = script.imports.find(({ from }) => !model.disk.has(from))
  if (nowhere || script.fault === 'unresolved')
    throw new Refusal('ENOENT', `could not insert module ${given}: Cannot find '`)
  if (script.fault === 'info')
    throw new Refusal('ENOEXEC', `could not insert module ${given}: 'info.description' must be a string at `)
}

function checkParams({ settings }: Model, { name, script, given }: Mod, file: string): number | undefined {
  if (!script.declares) return undefined
  const value = given.n ?? settings.params[name]?.n
  if (value === undefined) return 1
  const number = Number(value)
  const text = `could not insert module ${file}: '${value}'`
  if (!Number.isInteger(number)) throw new Refusal('EINVAL', `${text} invalid for parameter 'n' (int)`)
  if (number < 0 || number > 9) throw new Refusal('ERANGE', `${text} out of range for parameter 'n' (int from 0 to 9)`)
  return number
}

const unknown = (given: string, symbol: string, from: Name): Refusal =>
  new Refusal('ESYMBOL', `could not insert module ${given}: Unknown symbol '${symbol}' (imported from ${from}) at `)

const beingUnloaded = (given: string, from: Name): Refusal =>
  new Refusal('ENOENT', `could not insert module ${given}: Module ${from} is being unloaded`)

/** Waits until all are LIVE. */
function* dependencies(model: Model, mod: Mod, { given, bring }: Load): Steps<void> {
  const wanted = inOrder(mod.script)
  for (let settled = false; !settled; ) {
    settled = true
    for (const { from, symbol } of wanted) {
      const dependency = model.find(from)
      if (dependency?.state === 'LIVE') continue
      if (dependency?.state === 'GOING') throw beingUnloaded(given, from)
      const loading = model.loading.get(from)
      if (!loading && !bring) throw unknown(given, symbol, from)
      refuseLoop(model, mod.name, from)
      model.waitsFor.set(mod.name, from)
      try {
        if (loading) {
          yield () => loading.live !== undefined
          if (!loading.live) throw unknown(given, symbol, from)
        } else {
          yield* bring!(from)
          if (!model.find(from)) throw unknown(given, symbol, from)
        }
      } finally {
        model.waitsFor.delete(mod.name)
      }
      settled = false
    }
  }
}

/** By file, as they stand in the text: what is used before what is passed on. */
const inOrder = ({ imports }: Script) => [
  ...imports.filter(({ again }) => !again),
  ...imports.filter(({ again }) => again),
]

function refuseLoop({ waitsFor }: Model, waiter: Name, wanted: Name): void {
  for (let next: Name | undefined = wanted; next !== undefined; next = waitsFor.get(next))
    if (next === waiter) throw new Refusal('ELOOP', '')
}

function link(model: Model, mod: Mod, given: string): void {
  const uses: Mod[] = []
  for (const { from, symbol } of inOrder(mod.script)) {
    const exporter = model.find(from)
    if (exporter?.state === 'GOING') throw beingUnloaded(given, from)
    if (exporter?.state !== 'LIVE') throw unknown(given, symbol, from)
    if (model.exported(exporter, symbol) === undefined) throw unknown(given, symbol, from)
    uses.push(exporter)
  }
  for (const exporter of uses) mod.uses.add(exporter)
  model.bind(mod)
}

/** The entries are in their points, and then told of. */
export function publish(model: Model, mod: Mod, entries: readonly Entry[] = mod.offered): void {
  for (const entry of entries) model.points[entry.point].push(entry)
}

export function tellAdded(model: Model, entries: readonly Entry[]): void {
  for (const entry of entries)
    if (model.points[entry.point].includes(entry)) {
      model.pointers.push(entry)
      model.log.push(`add ${entry.point} ${entry.key} ${labelOf(entry.mod)}`)
    }
}

export function* insmod(model: Model, name: Name, load: Load): Steps<string> {
  const { given } = load
  const script = model.disk.get(name)
  if (!script) throw new Refusal('ENOENT', `could not load module ${given}: No such file or directory`)
  const known = model.find(name)
  const exists = new Refusal('EEXIST', `could not insert module ${given}: File exists`)
  if (known?.state === 'LIVE') throw exists
  if (known?.state === 'GOING') throw new Refusal('ENOTLIVE', `Module ${name} is being unloaded`)
  const other = model.loading.get(name)
  if (other) {
    yield () => other.live !== undefined
    throw other.live ? exists : new Refusal('ENOTLIVE', `Module ${name} is being loaded`)
  }
  const loading = { live: undefined as boolean | undefined }
  model.loading.set(name, loading)
  const mod = createMod(model, name, script, load.params)
  model.list.push(mod)
  try {
    yield () => true
    yield* prepare(model, mod, load)
    const offered = [...mod.offered]
    publish(model, mod)
    mod.state = 'LIVE'
    model.tell('live', mod)
    tellAdded(model, offered)
    loading.live = true
    return labelOf(mod)
  } catch (error) {
    forget(model, mod)
    loading.live = false
    throw error
  } finally {
    model.loading.delete(name)
  }
}
