import type { ModuleContext } from '../../kernel/context.ts'

/** A module that does nothing, to be loaded and unloaded until the kernel's own code, Node's and V8's caches are as large as they get. */
export function init(k: ModuleContext): void {
  k.register('outlive.check', async () => {})
}
