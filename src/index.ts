import { kernelMade } from './control/made_kernels.ts'
import { type ControlSetting, controlService } from './control/service.ts'
import { Kernel } from './kernel/kernel.ts'
import { type KernelOptions as BareKernelOptions, checkObject } from './kernel/kernel_options.ts'

/** What `createKernel` takes. All optional. */
export interface KernelOptions extends BareKernelOptions {
  /** Serves the kernel on a Unix socket, for the `outlive` command: `true`, or `{ path }`. Off by default. */
  readonly control?: ControlSetting
}

/**
 * Makes a kernel: the object that loads, replaces and unloads modules. Synchronous; touches nothing until it is used.
 *
 * @throws ModuleError EINVAL for a bad option
 * @example
 * const kernel = createKernel({ modules: './modules' })
 * await kernel.modprobe('hello')
 * await kernel.rmmod('hello')
 */
export function createKernel(options: KernelOptions = {}): Kernel {
  checkObject('createKernel: options', options)
  const { control = false, ...rest } = options
  const service = controlService(control)
  const kernel = new Kernel(rest, service ? { service } : {})
  kernelMade(kernel)
  return kernel
}

export type { ControlSetting } from './control/service.ts'
export type { LateCallPolicy } from './kernel/call_gate.ts'
export type { ColdplugOptions, ColdplugProgress, ColdplugReport } from './kernel/coldplug.ts'
export type { ConfigFile, Hook, HookCall } from './kernel/config_file.ts'
export type { ModuleContext, ModuleLog } from './kernel/context.ts'
export type { MemoryOptions } from './kernel/core.ts'
export type { ModuleDeclaration, ParamsOf } from './kernel/declared_params.ts'
export type { RemoveOptions } from './kernel/delete_module.ts'
export type { DepmodOptions, DepmodReport } from './kernel/depmod/depmod.ts'
export type { DepmodProblem } from './kernel/depmod/record.ts'
export { ERROR_CODES, type ErrorCode, ModuleError } from './kernel/errno.ts'
export type { ExtensionPoint, Owner, Registration } from './kernel/extension.ts'
export type { UnloadReport } from './kernel/free_module.ts'
export type { ModuleInfo } from './kernel/info.ts'
export type { InsmodOptions } from './kernel/insmod.ts'
export { Kernel } from './kernel/kernel.ts'
export type { CacheOptions } from './kernel/kernel_options.ts'
export type { Holder, WhyOptions, WhyProgress, WhyReport } from './kernel/kmemleak/index.ts'
export type { LeftoverKind } from './kernel/leftovers/kinds.ts'
export type { Leftover } from './kernel/leftovers/leftovers.ts'
export type { LingeringImage } from './kernel/lingering.ts'
export type { ReplaceReport } from './kernel/livepatch.ts'
export type { ModuleRow } from './kernel/lsmod.ts'
export type { MemoryUse } from './kernel/memory.ts'
export type { ModuleDescription } from './kernel/modinfo.ts'
export type { ModprobeOptions } from './kernel/modprobe.ts'
export type { ParamSpec, Params, ParamType, ParamValue } from './kernel/moduleparam.ts'
export type { CollectedEvent, KernelEvents, ModuleEvent } from './kernel/notifier.ts'
export type { KernelLog, LogEntry, LogLevel, LogSink } from './kernel/printk.ts'
export type { ReclaimedImage, ReclaimReport } from './kernel/reclaim.ts'
export type { ShownStep } from './kernel/show_depends.ts'
export type { SignatureOptions } from './kernel/signature.ts'
export type { KernelTaint, Taint } from './kernel/taint.ts'
export type { Reference } from './kernel/unload/reference_count.ts'
export type { SchemeName } from './kernel/unload/scheme.ts'
