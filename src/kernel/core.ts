import type { CreateImage } from '../images/image.ts'
import type { OwnPackages } from '../images/own_packages.ts'
import type { LateCallPolicy } from './call_gate.ts'
import type { Catalogue } from './depmod/catalogue.ts'
import type { ExtensionPoint } from './extension.ts'
import type { Lingering } from './lingering.ts'
import type { MemoryGauge } from './memory_gauge.ts'
import type { Module } from './module.ts'
import type { ModuleFolders } from './module_folders.ts'
import type { ModuleEvent, Notifier } from './notifier.ts'
import type { PolicySource } from './policy_source.ts'
import type { KernelLog } from './printk.ts'
import type { Probes } from './probes.ts'
import type { Seam } from './seam.ts'
import type { Keyring } from './signature.ts'
import type { Taints } from './taint.ts'
import type { SchemeName } from './unload/scheme.ts'

/** Finds who holds a lingering image; `found` is false when it is gone. */
export type ExplainImage = (label: string) => Promise<{
  readonly found: boolean
  readonly holders: readonly { readonly text: string }[]
  readonly internal: readonly { readonly text: string }[]
}>

/** What the parts of a kernel share. `Kernel` owns it; load, delete and replace work on it. */
export interface Core {
  /** Tells this kernel from others of the process in a heap snapshot. */
  readonly mark: string
  readonly log: KernelLog
  readonly notifier: Notifier
  readonly seam: Seam
  readonly createImage: CreateImage
  readonly explain: ExplainImage
  readonly folders: ModuleFolders
  /** What the folders hold, read without running it. */
  readonly catalogue: Catalogue
  readonly policy: Pick<PolicySource, 'current'>
  /** The modprobes under way. */
  readonly probes: Probes
  readonly settings: Settings
  /** The module list, by name: at most one image of each, and of a replaced one the newest. */
  readonly modules: Map<string, Module>
  /** The same modules by entry file: how an import finds its module. */
  readonly byFile: Map<string, Module>
  /** Ends of loads under way, by name; true when the module became LIVE. */
  readonly loading: Map<string, Promise<boolean>>
  /** Whom a module that is being loaded waits for: a loop of these would wait for ever. */
  readonly waitsFor: Map<string, string>
  /** Ends of the making of next images, by name: each is in service then, or thrown away. */
  readonly replacing: Map<string, Promise<void>>
  /** Images that were replaced and are on their way out, oldest first. */
  readonly outgoing: Set<Module>
  readonly generations: Map<string, number>
  /** Bytes of source of images that are being loaded, by label, from the moment that the memory limit let them in. */
  readonly admitted: Map<string, number>
  readonly gauge: MemoryGauge
  readonly lingering: Lingering
  readonly taints: Taints
  /** Undefined when signatures are not looked at. */
  readonly keyring: Keyring | undefined
  /** Of which each image has an instance of its own; undefined when there are none. */
  readonly ownPackages: OwnPackages | undefined
  point(name: string): ExtensionPoint<unknown>
  request(alias: string): Promise<boolean>
}

/** `createKernel({ memory })`. */
export interface MemoryOptions {
  /** Bytes that LIVE and lingering images may take together, estimated as `estimatedBytes` does. */
  readonly limit: number
  /** What to do when a module does not fit: refuse it (ENOMEM), or reclaim what lingers, oldest first, and taint. */
  readonly onPressure?: 'refuse' | 'reclaim'
}

export interface Settings {
  readonly scheme: SchemeName
  /** Milliseconds that exit waits for calls in flight. */
  readonly grace: number
  /** Milliseconds; 0 is no limit. */
  readonly initTimeout: number
  readonly exitTimeout: number
  readonly lateCalls: LateCallPolicy
  /** Parameters by module name, for whoever loads it. */
  readonly params: ReadonlyMap<string, Readonly<Record<string, unknown>>>
  readonly memory: MemoryOptions | undefined
}

export const eventOf = (module: Module): ModuleEvent => ({
  module: module.name,
  generation: module.generation,
  file: module.file,
})

/** Takes a module from the list, unless another has its place there. */
export function forget(core: Core, module: Module): void {
  if (core.modules.get(module.name) === module) core.modules.delete(module.name)
  if (core.byFile.get(module.file) === module) core.byFile.delete(module.file)
}
