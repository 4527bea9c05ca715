import nodeModule, { isBuiltin } from 'node:module'
import type { CallSite } from './call_site.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { viewFunction } from './view_object.ts'

interface Hooks {
  deregister(): void
}

/** Not in every Node. */
const { registerHooks } = nodeModule as { registerHooks?: (hooks: unknown) => Hooks }

/**
 * The members of `node:module` that lead past the views or leave something behind: `createRequire`, whose function finds the image's builtins, and the
 * hooks of Node's own loader. Files are loaded by Node, for the host.
 */
export const viewModules = (leftovers: Leftovers, builtin: (name: string) => unknown): object => ({
  createRequire: viewFunction(nodeModule.createRequire, ([from]) => {
    const require = nodeModule.createRequire(from as string)
    return viewFunction(require, ([id]) =>
      isBuiltin(id as string) ? builtin(id as string) : (require(id as string) as unknown),
    )
  }),
  ...(registerHooks && {
    registerHooks: viewFunction(registerHooks, ([hooks], site) => trackHooks(registerHooks(hooks), site(), leftovers)),
  }),
})

/** What Node gives for them is frozen, so the module gets an object before it. */
function trackHooks(hooks: Hooks, site: CallSite, leftovers: Leftovers): Hooks {
  const deregister = (): void => {
    leftovers.remove(resource)
    hooks.deregister()
  }
  const resource: Resource = { kind: 'hook', site, what: () => 'hooks of the module loader', close: deregister }
  leftovers.add(resource)
  return Object.create(hooks, { deregister: { value: deregister, writable: true, configurable: true } }) as Hooks
}
