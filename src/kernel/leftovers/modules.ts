import nodeModule, { isBuiltin } from 'node:module'
import type { Leftovers } from './leftovers.ts'
import { viewFunction, viewOpener } from './view_object.ts'

interface Hooks {
  deregister(): void
}

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
  ...('registerHooks' in nodeModule && {
    registerHooks: viewOpener(nodeModule.registerHooks as Function, (hooks: Hooks, site) => {
      const { deregister } = hooks
      const resource = {
        kind: 'hook',
        site,
        what: () => 'hooks of the module loader',
        close: () => hooks.deregister(),
      } as const
      hooks.deregister = () => {
        leftovers.remove(resource)
        deregister.call(hooks)
      }
      leftovers.add(resource)
    }),
  }),
})
