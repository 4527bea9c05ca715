import type { Image } from '../images/image.ts'
import { relink } from '../images/relink.ts'
import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import { pathOfImports } from './holders.ts'
import type { Loaded, Module } from './module.ts'

/** A LIVE image and the one that is ready to take its place. */
export interface Succession {
  readonly old: Module
  readonly next: Module
  readonly loaded: Loaded
}

/**
 * The one tick of a replace: places, importers, list. Throws before anything has changed, or not at all.
 *
 * @returns what the old images were made of, in the same order
 * @throws ModuleError ENOENT, ENOTLIVE, ELOOP, ENOEXEC
 */
export function swap(core: Core, successions: readonly Succession[]): Loaded[] {
  const previous = successions.map(({ old }) => loadedInPlace(core, old))
  const nextOf = new Map(successions.map(({ old, next }) => [old, next]))
  for (const { next } of successions) refuseLoops(next, nextOf)
  const relinkAll = relinkImporters(successions, previous, nextOf)
  // Nothing below can throw.
  relinkAll()
  for (const { old, next } of successions) {
    for (const holder of [...old.holders]) {
      // What goes together stays together: an old image goes on with the old image that it imports from.
      if (nextOf.has(holder)) continue
      holder.letGo(old)
      holder.hold(next)
    }
    old.gate.withdraw()
  }
  const tell = successions.flatMap(({ loaded }, index) => swapRegistrations(core, previous[index]!, loaded))
  const since = Date.now()
  for (const { old, next } of successions) {
    core.modules.set(next.name, next)
    core.byFile.set(next.file, next)
    core.outgoing.add(old)
  }
  for (const [index, { old, next, loaded }] of successions.entries()) {
    next.transition({ is: 'LIVE', loaded, since })
    old.transition({ is: 'GOING', phase: 'leaving', loaded: previous[index]!, since })
  }
  for (const told of tell) told()
  return previous
}

/** @throws ModuleError ENOENT, ENOTLIVE when it has left its place, or is about to */
function loadedInPlace(core: Core, old: Module): Loaded {
  const { name, state } = old
  if (state.is === 'LIVE' && core.modules.get(name) === old) return state.loaded
  if (state.is === 'GOING') throw new ModuleError('ENOTLIVE', { module: name, being: 'unloaded' })
  throw new ModuleError('ENOENT', { module: name })
}

/** A new version may import from modules that import from the old one; then neither could ever go first. @throws ModuleError ELOOP */
function refuseLoops(next: Module, nextOf: ReadonlyMap<Module, Module>): void {
  const standIn = (used: Module): Module => nextOf.get(used) ?? used
  for (const used of next.uses) {
    const way = pathOfImports(standIn(used), next, standIn)
    if (way) throw new ModuleError('ELOOP', { file: next.file, loop: [next.name, ...way] })
  }
}

/** @throws ModuleError ENOEXEC, naming the importer that would lose an export that it uses */
function relinkImporters(
  successions: readonly Succession[],
  previous: readonly Loaded[],
  nextOf: ReadonlyMap<Module, Module>,
): () => void {
  const importers = new Map<Image, Module>()
  const collect = (module: Module): void => {
    for (const holder of module.holders) {
      const { state } = holder
      if (nextOf.has(holder) || (state.is !== 'LIVE' && state.is !== 'COMING') || importers.has(state.loaded.image))
        continue
      importers.set(state.loaded.image, holder)
      collect(holder)
    }
  }
  for (const { old } of successions) collect(old)
  const moves = successions.map(({ old, loaded }, index) => ({
    module: old.name,
    from: previous[index]!.image.entryRecord,
    to: loaded.image.entryRecord,
  }))
  return relink([...importers.keys()], moves, (error, image) => {
    if (error.fault.kind !== 'symbol') throw error
    const { symbol, place, frame } = error.fault
    const lacking = moves.find(({ to }) => typeof to.resolveExport(symbol) !== 'object') ?? moves[0]!
    throw new ModuleError('ENOEXEC', {
      module: lacking.module,
      importer: importers.get(image)!.name,
      symbol,
      place: `${place.file}:${place.line}:${place.column}`,
      frame,
    })
  })
}

function swapRegistrations(core: Core, previous: Loaded, loaded: Loaded): (() => void)[] {
  const tell: (() => void)[] = []
  const oldOnes = [...previous.context.registered]
  const newOnes = [...loaded.context.registered]
  for (const name of new Set([...oldOnes, ...newOnes].map(({ point }) => point))) {
    const slots = oldOnes.flatMap(({ point, slot }) => (point === name && slot ? [slot] : []))
    const arriving = newOnes.filter(({ point }) => point === name)
    const swapped = core.point(name).swap(
      slots,
      arriving.map(({ entry }) => entry),
    )
    for (const [index, registered] of arriving.entries()) registered.slot = swapped.slots[index]
    tell.push(swapped.tell)
  }
  previous.context.markWithdrawn()
  loaded.context.markPublished()
  return tell
}
