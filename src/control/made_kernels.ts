import type { Kernel } from '../kernel/kernel.ts'

let onMade: ((kernel: Kernel) => void) | undefined

/** Tells whoever watches that `createKernel` has made a kernel. */
export const kernelMade = (kernel: Kernel): void => onMade?.(kernel)

/** Calls `listener` with every kernel that is made while `work` is under way: `outlive run` looks after those of a host file. */
export async function watchKernelsMade<T>(listener: (kernel: Kernel) => void, work: () => Promise<T>): Promise<T> {
  onMade = listener
  try {
    return await work()
  } finally {
    onMade = undefined
  }
}
