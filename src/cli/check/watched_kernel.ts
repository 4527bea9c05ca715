import type { ExtensionPoint } from '../../kernel/extension.ts'
import { Kernel } from '../../kernel/kernel.ts'

/** A kernel that remembers which extension points there are. */
export class WatchedKernel extends Kernel {
  readonly #seen = new Set<string>()

  override point<T = (...args: never[]) => unknown>(name: string): ExtensionPoint<T> {
    this.#seen.add(name)
    return super.point<T>(name)
  }

  points(): ExtensionPoint[] {
    return [...this.#seen].map(name => this.point<unknown>(name))
  }
}
