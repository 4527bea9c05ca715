import type { Core } from './core.ts'
import { finishRemoval, withdraw } from './free_module.ts'

/** Unloads everything, dependents first, permanent modules too, and whatever is loaded meanwhile; ends when what was replaced is gone as well. */
export async function close(core: Core): Promise<void> {
  const removals: Promise<unknown>[] = []
  core.probes.callOff()
  for (;;) {
    // A reference that nobody will put back must not keep a program from ending.
    for (const { state, gate } of [...core.modules.values(), ...core.outgoing])
      if (state.is === 'GOING' && gate.references > 0) gate.count.abandon()
    // A module is a leaf once those that import from it are GONE.
    const leaves = [...core.modules.values()].filter(({ state, holders }) => state.is === 'LIVE' && holders.size === 0)
    // Whoever hears that one is going may have taken out the next.
    for (const module of leaves)
      if (module.state.is === 'LIVE') removals.push(finishRemoval(core, module, withdraw(module), { force: true }))
    if (core.modules.size + core.loading.size + core.replacing.size + core.outgoing.size === 0) break
    await core.seam.step('close: something has changed', nextChange(core))
  }
  await Promise.all(removals)
}

/** The end of a load, of the making of a replacement or of a removal, or a removal called off: what can make a module a leaf, or the list empty. */
async function nextChange({ loading, replacing, notifier }: Core): Promise<void> {
  let changed!: () => void
  const event = new Promise<void>(resolve => (changed = resolve))
  notifier.on('gone', changed)
  notifier.on('live', changed)
  await Promise.race([event, ...loading.values(), ...replacing.values()])
  notifier.off('gone', changed)
  notifier.off('live', changed)
}
