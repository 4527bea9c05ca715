import type { Image } from '../images/image.ts'
import { type Core, forget } from './core.ts'
import { release } from './holders.ts'
import type { Module } from './module.ts'
import { TimedOut } from './seam.ts'
import { errorOf, readable } from './thrown.ts'

/** Takes a failed load back, by the steps of an unload but without `exit`: it was never in service. */
export async function rollBack(core: Core, module: Module, image: Image | undefined): Promise<void> {
  const { state } = module
  const loaded = state.is === 'COMING' ? state.loaded : undefined
  module.gate.cut('thrown away before it was in service')
  loaded?.context.withdraw()
  if (state.is === 'COMING') module.transition({ is: 'GOING', phase: 'leaving', loaded, since: Date.now() })
  loaded?.context.abort()
  if (loaded) {
    const note = (thrown: unknown) => {
      const { message } = errorOf(thrown)
      core.log.error(
        readable(thrown) instanceof TimedOut ? message : `a deferred function threw: ${message}`,
        module.name,
      )
    }
    const disposing = loaded.context.dispose(core.seam, core.settings.exitTimeout, note)
    if (disposing) await core.seam.step(`${module.label}: its deferred functions have run`, disposing)
  }
  const closing = module.leftovers.closeAll(core.seam, file => image?.files.includes(file) ?? false)
  for (const { kind, where, what } of await core.seam.step(`${module.label}: its leftovers are closed`, closing))
    core.log.warn(`left behind by a failed init: ${kind} (${what}) from ${where}`, module.name)
  module.leftovers.end(core.seam)
  release(module)
  if (module.state.is !== 'GOING') return
  forget(core, module)
  const since = Date.now()
  module.transition({ is: 'GONE', since })
  if (image) core.lingering.add(module, image, since)
}
