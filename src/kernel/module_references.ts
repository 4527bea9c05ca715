import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import { checkText } from './kernel_options.ts'
import { foldName, type Module } from './module.ts'
import { shortly, shown } from './shown.ts'
import type { Reference } from './unload/reference_count.ts'

/**
 * A reference to a module that is LIVE, or undefined.
 *
 * @param below the function whose caller is told as the place of the get
 * @throws ModuleError EINVAL for what is no name
 */
export function tryModuleGet(
  core: Core,
  module: string | { readonly module: string },
  below: Function,
): Reference | undefined {
  const name = typeof module === 'object' ? module?.module : module
  checkText('tryModuleGet', 'the name of a module', name ?? module)
  const found = core.modules.get(foldName(name))
  if (found?.state.is !== 'LIVE') return undefined
  return found.count.get(found.name, found.generation, below)
}

/** @throws ModuleError EINVAL for a put without a get */
export function modulePut(core: Core, reference: Reference | string): void {
  const wanted = 'the name of a module, or what tryModuleGet gave'
  if (typeof reference === 'object' && reference !== null) {
    if (typeof reference.put !== 'function')
      throw new ModuleError('EINVAL', { reason: `modulePut needs ${wanted}, got ${shown(reference)}` })
    reference.put()
    return
  }
  checkText('modulePut', wanted, reference)
  const held = heldModule(core, foldName(reference))
  if (!held)
    throw new ModuleError('EINVAL', {
      reason: `modulePut without tryModuleGet on ${shortly(reference)}: it is not loaded`,
    })
  held.count.putAny()
}

/** Of the images of one name, the one with a reference to put: one that was taken before a replace holds the image that was replaced. */
function heldModule({ modules, outgoing }: Core, name: string): Module | undefined {
  const current = modules.get(name)
  if (current?.count.isHeld) return current
  return [...outgoing].findLast(module => module.name === name && module.count.isHeld) ?? current
}
