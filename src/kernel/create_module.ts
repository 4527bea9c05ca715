import { CallGate, type GateOptions } from './call_gate.ts'
import { type Core, eventOf } from './core.ts'
import { labelOf, parseLabel } from './image_label.ts'
import { Leftovers } from './leftovers/leftovers.ts'
import { Module } from './module.ts'
import type { ModuleLocation } from './module_location.ts'
import type { Params } from './moduleparam.ts'

/** A fresh record of the next image of a name, not yet in the list. */
export function createModule(core: Core, location: ModuleLocation, given: Params): Module {
  const generation = (core.generations.get(location.name) ?? 0) + 1
  core.generations.set(location.name, generation)
  const { gates, observe } = sharedBy(core)
  return new Module({
    ...location,
    generation,
    scheme: core.settings.scheme,
    gate: new CallGate(labelOf({ name: location.name, generation }), gates),
    leftovers: new Leftovers(),
    given,
    observe,
  })
}

/** What is the same for all modules of a kernel. */
interface Shared {
  readonly gates: GateOptions
  observe(module: Module): void
}

const sharedByCore = new WeakMap<Core, Shared>()

function sharedBy(core: Core): Shared {
  const known = sharedByCore.get(core)
  if (known) return known
  const shared: Shared = {
    gates: {
      log: core.log,
      lateCalls: core.settings.lateCalls,
      onFirstLateCall: (label, name, site) =>
        core.log.warn(`late call of ${name} in ${label} from ${site.place(() => true)}`, parseLabel(label)?.name),
    },
    observe(module) {
      const { is } = module.state
      if (is !== 'UNFORMED') core.notifier.notify(EVENTS[is], eventOf(module))
    },
  }
  sharedByCore.set(core, shared)
  return shared
}

const EVENTS = { COMING: 'coming', LIVE: 'live', GOING: 'going', GONE: 'gone' } as const
