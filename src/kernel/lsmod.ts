import type { Core } from './core.ts'
import type { Module, ModuleState } from './module.ts'
import type { SchemeName } from './unload/scheme.ts'

/** A line of `lsmod`. */
export interface ModuleRow {
  readonly name: string
  readonly generation: number
  readonly state: ModuleState['is']
  /** Bytes of the source text that the image keeps compiled. */
  readonly size: number
  readonly refs: number
  /** Modules that import from it. */
  readonly holders: readonly string[]
  readonly scheme: SchemeName
  readonly file: string
  /** Letters, as in /proc/modules. */
  readonly taints: string
  /** When it went into service, in milliseconds since the epoch; undefined while it is being loaded. */
  readonly since: number | undefined
}

export function rowOf({ taints }: Core, module: Module): ModuleRow {
  const { state } = module
  const image = 'loaded' in state ? state.loaded?.image : undefined
  return {
    name: module.name,
    generation: module.generation,
    state: state.is,
    size: image?.bytes ?? 0,
    refs: module.holders.size + module.gate.references,
    holders: [...module.holders].map(holder => holder.name).sort(),
    scheme: module.scheme,
    file: module.file,
    taints: taints.lettersOf(module.name),
    since: state.is === 'LIVE' ? state.since : undefined,
  }
}
