import { ModuleError } from '#dist/kernel/errno.js'
import { type Call, type Code, POINTS } from './code.ts'
import { findOut, probe, unprobe } from './probing.ts'
import { type Ending, type Operation, wording } from './program.ts'
import { OnPurpose, type Pointer, type World } from './world.ts'

/** Has the host begin one operation. What takes its time goes on by itself. */
export function begin(world: World, operation: Operation): void {
  const { kernel } = world
  const what = wording(operation)
  world.begun++
  switch (operation.do) {
    case 'insmod':
      world.promise(what, kernel.insmod(world.file(operation.module)))
      break
    case 'modprobe':
      probe(world, what, operation.module, [kernel.modprobe(operation.module)])
      break
    case 'request': {
      const { module, times } = operation
      const requests = Array.from({ length: times }, () => kernel.request(module))
      probe(world, what, module, requests)
      break
    }
    case 'modprobe -r':
      unprobe(world, operation.module, what)
      break
    case 'coldplug':
      // It does not wait for calls.
      world.askedForLater = { ...world.askedForLater, grace: 0 }
      findOut(world, what, kernel.coldplug({ parallel: operation.parallel, timeout: 20 }))
      break
    case 'rmmod':
      remove(world, operation, what)
      break
    case 'replace':
      for (const { module, script } of [operation, ...operation.others]) {
        world.disk[module] = script
        world.carrier.write(module, script)
      }
      world.promise(what, kernel.replace(operation.module, { with: operation.others.map(({ module }) => module) }))
      break
    case 'reclaim':
      world.promise(what, kernel.reclaim())
      break
    case 'get':
      get(world, operation.module, what)
      break
    case 'put':
      put(world, operation.which)
      break
    case 'call':
      callEntry(world, operation.which, operation.ends)
      break
    case 'call old':
      callPointer(world, operation.which, operation.ends)
      break
    case 'register':
      register(world, operation)
      break
    case 'unregister':
      unregister(world, operation)
      break
    case 'import':
      importModule(world, operation, what)
      break
    case 'rmmod on': {
      const { event, module } = operation
      world.host(what)
      kernel.once(event, () => world.promise(`rmmod ${module} in a listener of '${event}'`, kernel.rmmod(module)))
      return
    }
    case 'close':
      world.closing = true
      world.askedForLater = { ...world.askedForLater, forced: true }
      world.promise(what, closeAll(world))
      break
  }
}

/** What is there when it begins is gone when it ends, replaced images too. */
async function closeAll(world: World): Promise<void> {
  const { modules, outgoing } = world.core
  const there = [...modules.values(), ...outgoing]
  await world.kernel.close()
  // What could not be loaded has never had another state than the first.
  for (const module of there)
    world.check(
      module.state.is === 'GONE' || (module.state.is === 'UNFORMED' && modules.get(module.name) !== module),
      'nothing is left behind',
      () => `${module.label} is ${module.state.is} after close()`,
    )
}

type Remove = Extract<Operation, { do: 'rmmod' }>

function remove(world: World, operation: Remove, what: string): void {
  const { kernel, ledger } = world
  const { module, wait, force, recursive, reclaim, grace, calledOff } = operation
  const label = ledger.serving.get(module)
  const before = world.core.modules.get(module)
  const leaving = mustLeave(world, operation, label)
  const controller = new AbortController()
  if (wait && calledOff) void world.schedule.turn(`the wait of ${what} is called off`).then(() => controller.abort())
  world.asked = { grace, forced: force }
  if (recursive)
    world.askedForLater = {
      grace: Math.min(grace ?? Number.POSITIVE_INFINITY, world.askedForLater.grace ?? world.program.settings.grace),
      forced: force || world.askedForLater.forced === true || world.closing,
    }
  const work = kernel.rmmod(module, {
    wait,
    force,
    recursive,
    reclaim,
    signal: controller.signal,
    ...(grace !== undefined && { grace }),
  })
  world.asked = undefined
  world.promise(what, work, controller.signal)
  if (!leaving) return
  const state = before?.state.is
  world.check(state === 'GOING', 'withdrawn at once', () => `${label} is ${state} after rmmod has returned`)
  const found = world.points.flatMap(point => [...point].filter(face => point.owner(face)?.module === module))
  world.check(found.length === 0, 'withdrawn at once', () => `an entry of ${label} is found after rmmod has returned`)
  const reference = kernel.tryModuleGet(module)
  world.check(reference === undefined, 'withdrawn at once', () => `a reference of ${label} is given while it is GOING`)
}

/** Nothing stands against this removal, so that it must take place. */
function mustLeave(world: World, { force, wait }: Remove, label: string | undefined): boolean {
  const module = label === undefined ? undefined : world.modules.get(label)
  if (!module || module.holders.size > 0) return false
  const code = world.codes.get(label!)!
  if (code.script.permanent && !force) return false
  return world.program.settings.scheme !== 'refcount' || force || wait || module.count.count === 0
}

function get(world: World, name: string, what: string): void {
  const label = world.ledger.serving.get(name)
  const reference = world.kernel.tryModuleGet(name)
  world.host(`${what}: ${reference ? 'got' : 'refused'}`)
  world.check((reference !== undefined) === (label !== undefined), 'a reference of what is LIVE', () => {
    return `${name} is ${label ?? 'not LIVE'}, tryModuleGet gives ${reference ? 'one' : 'none'}`
  })
  if (reference && label !== undefined) world.references.push({ label, reference })
}

export function put(world: World, which: number): void {
  const [held] = world.references.splice(which % world.references.length, 1)
  if (!held) return
  world.host(`put ${held.label}`)
  world.kernel.modulePut(held.reference)
}

function callEntry(world: World, which: number, ends: Ending): void {
  const faces = world.points.flatMap(point => [...point])
  const face = faces[which % faces.length]
  const pointer = world.pointers.find(other => other.face === face)
  if (!pointer) return
  const { label } = pointer
  world.check(world.ledger.isServing(label), 'points give what is LIVE', () => `an entry of ${label} is found`)
  const call = callThrough(world, pointer, ends, `call ${label}`)
  world.check(
    call.entered?.label === label,
    'a call goes to the code',
    () => `a call of ${label} enters ${nameOf(call)}`,
  )
}

/** Calls through everything that the host ever got from a point. */
export function callAll(world: World): void {
  for (let which = 0; which < world.pointers.length; which++) callPointer(world, which, 'returns')
}

/** By an old pointer: what happens is the policy's. */
function callPointer(world: World, which: number, ends: Ending): void {
  const pointer = world.pointers[which % world.pointers.length]
  if (!pointer) return
  const { label } = pointer
  const serving = world.ledger.isServing(label)
  const { scheme, lateCalls } = world.program.settings
  const current = world.ledger.serving.get(label.slice(0, label.indexOf('#')))
  const call = callThrough(world, pointer, ends, `call ${label} by an old pointer`)
  const entered = call.entered?.label
  const allowed: readonly (string | undefined)[] = serving
    ? [label]
    : scheme === 'refcount' || lateCalls === 'fail' || isReclaimed(world, label)
      ? [undefined]
      : lateCalls === 'forward' && current !== undefined
        ? [label, current]
        : [label]
  world.check(
    allowed.includes(entered),
    'late calls follow the policy',
    () => `a late call of ${label} enters ${nameOf(call)}`,
  )
  world.check(
    !world.exited(entered ?? '') || !serving,
    'a call goes to the code',
    () => `a call enters ${entered} after its exit`,
  )
}

export const isReclaimed = (world: World, label: string): boolean =>
  world.kernel.lingering().some(({ image, reclaimed }) => image === label && reclaimed)

const nameOf = (call: Call): string => call.entered?.label ?? 'nothing'

function callThrough(world: World, { face }: Pointer, ends: Ending, what: string): Call {
  const call: Call = { id: world.calls.length + 1, ends, entered: undefined, settled: false }
  world.calls.push(call)
  const wasServing = (code: Code): boolean => world.ledger.isServing(code.label)
  const settle = (how: string): void => {
    call.settled = true
    world.host(`call ${call.id}: ${how}`)
  }
  const refuse = (error: unknown): void => {
    settle(error instanceof ModuleError ? error.code : String(error))
    if (!(error instanceof OnPurpose) && !(error instanceof ModuleError && error.code === 'ESTALE'))
      world.fail('refusals are of the catalogue', `a call fails with ${(error as Error).stack}`)
  }
  world.host(`call ${call.id}: ${what}, which ${ends}`)
  let result: unknown
  try {
    result = face(call)
  } catch (error) {
    refuse(error)
    return call
  }
  if (call.entered && !wasServing(call.entered)) world.late.add(call)
  if (result instanceof Promise)
    result.then(
      (from: unknown) => {
        settle(`done by ${from}`)
        world.check(
          from === call.entered?.label,
          'a call goes to the code',
          () => `call ${call.id} is answered by ${from}`,
        )
      },
      (error: unknown) => refuse(error),
    )
  else settle(`done by ${result}`)
  return call
}

const latest = (world: World, name: string): Code | undefined =>
  [...world.codes.values()].findLast(code => code.name === name && code.context !== undefined)

function register(world: World, { module, point }: Extract<Operation, { do: 'register' }>): void {
  const serving = world.ledger.serving.get(module)
  const code = serving === undefined ? latest(world, module) : world.codes.get(serving)
  if (!code) return
  const over = world.ledger.isOver(code.label)
  try {
    const entry = code.register(POINTS[point]!)
    world.ledger.registered(code.label, entry)
    world.host(`${code.label} registers ${entry.key}`)
    world.check(!over, 'nothing registers once it is gone', () => code.label)
  } catch (error) {
    world.host(`${code.label} registers: ${error instanceof ModuleError ? error.code : String(error)}`)
    const stale = error instanceof ModuleError && error.code === 'ESTALE'
    world.check(stale && over, 'a LIVE module registers', () => `${code.label}: ${String(error)}`)
  }
}

function unregister(world: World, { module, which }: Extract<Operation, { do: 'unregister' }>): void {
  const serving = world.ledger.serving.get(module)
  const code = serving === undefined ? latest(world, module) : world.codes.get(serving)
  const entry = code?.entries[which % code.entries.length]
  if (!code || !entry) return
  world.host(`${code.label} unregisters ${entry.key}`)
  code.unregister(entry)
  world.ledger.unregistered(code.label, entry)
}

/** import() while the module runs. */
function importModule(world: World, { module, from }: Extract<Operation, { do: 'import' }>, what: string): void {
  const label = world.ledger.serving.get(module)
  if (label === undefined || from === module) return
  world.promise(what, world.requests.get(label)!(world.file(from), `./${from}.js`))
}
