import type { Hook } from '../modprobe/config.ts'
import { type ProbeStep, probeSteps } from '../modprobe/dependency_order.ts'
import { mergeParams } from '../modprobe/merge_params.ts'
import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import type { ModprobeOptions } from './modprobe.ts'
import type { Params } from './moduleparam.ts'
import { notFound, probeSource } from './probe_source.ts'

/** One line of `modprobe --show-depends`. */
export interface ShownStep {
  readonly module: string
  /** The file that would be inserted; undefined for what is only a hook. */
  readonly file: string | undefined
  readonly params: Params
  /** What the configuration does instead: a command, or what its function is called. */
  readonly install?: string
}

/**
 * The modules to insert for a name, in order, whether they are loaded or not; repetitions included, as kmod lists them.
 *
 * @throws ModuleError ENOENT, ELOOP
 */
export async function showDepends(
  core: Core,
  name: string,
  params: Params,
  options: ModprobeOptions,
): Promise<ShownStep[]> {
  const source = await probeSource(core, name)
  const found = source.lookup(name)
  if (found.length === 0) throw notFound(core, name)
  const steps = source.allowed(found, options).flatMap(candidate =>
    inserted(probeSteps(candidate, source)).map(({ module, alias }) => {
      const isWanted = module === candidate.module
      const configured = source.policy.options({ module, alias: isWanted ? candidate.alias : alias })
      const hook = source.policy.installHook(module)
      return {
        module,
        file: source.catalogue.location(module)?.file,
        params: isWanted ? mergeParams<unknown>(configured, params) : configured,
        ...(hook !== undefined && { install: hookText(hook) }),
      }
    }),
  )
  return steps.filter(isStep)
}

const inserted = (steps: readonly ProbeStep[]): ProbeStep[] => steps.filter(({ fault }) => fault === undefined)

/** A configuration can name what nobody has: nothing would be done for it. */
export const isStep = ({ file, install }: ShownStep): boolean => file !== undefined || install !== undefined

/** The modules of the folders, each after what it needs. Those of which that cannot be said stand where their names do: what is wrong is told when they are inserted. */
export async function modulesInOrder(core: Core): Promise<string[]> {
  const source = await probeSource(core)
  const order = new Set<string>()
  for (const { name: module } of core.folders.list()) {
    try {
      for (const step of inserted(probeSteps({ module, alias: undefined }, source))) order.add(step.module)
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error
    }
    order.add(module)
  }
  return [...order]
}

/** A hook as `--show-depends` prints it. */
export const hookText = (hook: Hook): string =>
  typeof hook === 'function' ? `function ${hook.name}`.trim() : hook === false ? 'refused' : hook

/** The modules that a name or alias stands for, in order; none when nothing has it. The blacklist does not count here, as in kmod. */
export async function resolveAlias(core: Core, name: string): Promise<string[]> {
  const source = await probeSource(core, name)
  return source.lookup(name).map(({ module }) => module)
}
