import { POINTS } from './code.ts'
import { isReclaimed } from './operations.ts'
import type { World } from './world.ts'

/** What must hold after every job of the process: cheap, because it is looked at very often. */
export function watch(world: World): void {
  for (const [index, point] of world.points.entries()) {
    const expected = world.ledger.at(POINTS[index]!)
    let nth = 0
    let same = true
    for (const face of point) {
      const place = expected[nth++]
      const owner = point.owner(face)
      if (!place || !owner || face.name !== place.key || `${owner.module}#${owner.generation}` !== place.label)
        same = false
    }
    if (!same || nth !== expected.length) failPlaces(world, index)
  }
  if (world.violation) throw world.violation
}

function failPlaces(world: World, index: number): void {
  const point = world.points[index]!
  const found = [...point].map(face => {
    const owner = point.owner(face)
    return `${owner?.module}#${owner?.generation}.${face.name}`
  })
  const expected = world.ledger.at(POINTS[index]!).map(({ label, key }) => `${label}.${key}`)
  world.fail('every entry in its place', `point ${point.name} holds ${list(found)} instead of ${list(expected)}`)
}

const list = (items: readonly string[]): string => (items.length === 0 ? 'nothing' : items.join(', '))

/** What must hold whenever nothing runs. */
export function look(world: World): void {
  watch(world)
  lookAtList(world)
  lookAtHolders(world)
  lookAtCounts(world)
  lookAtImports(world)
  if (world.violation) throw world.violation
}

function lookAtList(world: World): void {
  for (const [name, label] of world.ledger.serving) {
    const module = world.core.modules.get(name)
    world.check(module?.label === label && module.state.is === 'LIVE', 'the list holds what is LIVE', () => {
      return `${label} is in service, and the list holds ${module ? `${module.label}, ${module.state.is}` : 'nothing'}`
    })
  }
  for (const module of world.core.modules.values())
    world.check(
      module.state.is !== 'LIVE' || world.ledger.isServing(module.label),
      'the list holds what is LIVE',
      () => `${module.label} is LIVE and no event told so`,
    )
}

function lookAtHolders(world: World): void {
  for (const module of new Set([...world.modules.values(), ...world.core.modules.values()])) {
    for (const used of module.uses)
      world.check(used.holders.has(module), 'who uses is a holder', () => `${module.label} uses ${used.label}`)
    for (const holder of module.holders)
      world.check(holder.uses.has(module), 'who uses is a holder', () => `${holder.label} holds ${module.label}`)
    if (module.state.is !== 'GONE') continue
    world.check(
      module.uses.size === 0,
      'the gone hold nothing',
      () => `${module.label} still uses ${[...module.uses].map(({ label }) => label)}`,
    )
    world.check(
      module.holders.size === 0,
      'importers hold a module',
      () => `${module.label} is GONE, and ${[...module.holders].map(({ label }) => label)} imports from it`,
    )
  }
}

function lookAtCounts(world: World): void {
  for (const [label, module] of world.modules) {
    const code = world.codes.get(label)!
    const flights = world.flights(code, true)
    world.check(module.gate.inFlight === flights.length, 'calls in flight are counted', () => {
      return `${label} has ${flights.length} calls in flight, the gate says ${module.gate.inFlight}`
    })
    const references = world.references.filter(reference => reference.label === label).length
    const counted = world.program.settings.scheme === 'refcount' ? world.flights(code, false).length : 0
    world.check(module.count.count === references + counted, 'the count is right', () => {
      return `${label} is held by ${references} references and ${counted} calls, the count is ${module.count.count}`
    })
  }
}

/** A module in service sees the image of what it imports that is in service. */
function lookAtImports(world: World): void {
  for (const label of world.ledger.serving.values()) {
    const code = world.codes.get(label)!
    for (const [name, read] of Object.entries(code.imports)) {
      const current = world.ledger.serving.get(name)
      const seen = read()
      world.check(
        seen === current,
        'imports are of what is LIVE',
        () => `${label} sees ${seen}, and ${current} is in service`,
      )
    }
  }
}

/** What must hold when nothing can happen any more but for code of modules that never ends: the kernel has given it up. */
export function lookAtLimits(world: World): void {
  for (const table of ['loading', 'replacing'] as const)
    world.check(
      world.core[table].size === 0,
      'limits are kept',
      () => `${table} for ever: ${[...world.core[table].keys()]}`,
    )
  for (const label of world.ledger.labels) {
    const last = world.ledger.history(label).at(-1)
    world.check(!world.exited(label) || last === 'gone', 'limits are kept', () => `${label} is ${last} for ever`)
  }
  for (const { id, settled, entered } of world.calls)
    world.check(
      settled || !entered || !isCut(world, entered.label),
      'what is cut off refuses calls',
      () => `call ${id}`,
    )
  if (world.violation) throw world.violation
}

/** Its code is out of everybody's reach. */
const isCut = (world: World, label: string): boolean =>
  isReclaimed(world, label) ||
  (world.program.settings.scheme === 'refcount' && world.ledger.history(label).at(-1) === 'gone')

/** What must hold when nothing can happen any more and no code of a module is still running. */
export function lookAtEnd(world: World): void {
  const { core, ledger } = world
  const hanging = world.promised.filter(({ settled }) => !settled).map(({ what }) => what)
  world.check(hanging.length === 0, 'every promise settles', () => `for ever: ${hanging.join(', ')}`)
  const calls = world.calls.filter(({ settled }) => !settled).map(({ id }) => id)
  world.check(calls.length === 0, 'every promise settles', () => `calls for ever: ${calls.join(', ')}`)
  for (const table of ['loading', 'waitsFor', 'replacing'] as const)
    world.check(core[table].size === 0, 'nothing is left behind', () => `${table} holds ${[...core[table].keys()]}`)
  world.check(
    world.schedule.timers === 0,
    'nothing is left behind',
    () => `${world.schedule.timers} timers are pending`,
  )
  world.check(core.probes.size === 0, 'nothing is left behind', () => `${core.probes.size} modprobes are under way`)
  const files = [...core.byFile.values()].map(({ label }) => label).sort()
  const names = [...core.modules.values()].map(({ label }) => label).sort()
  world.check(files.join() === names.join(), 'nothing is left behind', () => `by name ${names}, by file ${files}`)
  for (const { label, state, holders } of core.modules.values()) {
    world.check(state.is === 'LIVE', 'nothing is left behind', () => `${label} is ${state.is}`)
    for (const holder of holders)
      world.check(ledger.isServing(holder.label), 'nothing is left behind', () => `${holder.label} holds ${label}`)
  }
  lookAtHistories(world)
  if (world.violation) throw world.violation
}

function lookAtHistories(world: World): void {
  for (const label of world.ledger.labels) {
    const code = world.codes.get(label)!
    const history = world.ledger.history(label)
    const served = history.includes('live')
    const told = history.join(', ')
    if (world.ledger.isServing(label)) continue
    world.check(history.at(-1) === 'gone', 'events in order', () => `${label} ends with ${told}`)
    world.check(
      world.exited(label) === served,
      'exit runs once',
      () => `${label}: ${told}; exit ${served ? 'never ran' : 'ran'}`,
    )
    const deferred = code.ran.has('deferred')
    world.check(!code.ran.has('init') || deferred, 'deferred functions run', () => `${label}: ${told}`)
  }
}
