import type { Candidate } from './lookup.ts'

/** Modules that another one wants to have, before it or after it, but can do without. */
export interface Softdeps {
  readonly pre: readonly string[]
  readonly post: readonly string[]
}

/** What is known of the modules that can be loaded. */
export interface ProbeSource {
  /** All that a module needs, directly or not, nearest first: its line of `modules.dep`. Throws where that is a circle. */
  needs(module: string): readonly string[]
  softdeps(module: string): Softdeps | undefined
  /** A softdep may be an alias, and an alias may stand for several modules. */
  lookup(name: string): readonly Candidate[]
}

/** One module to insert. */
export interface ProbeStep extends Candidate {
  /** False for what came in through softdeps alone: that it cannot be inserted stops nothing. */
  readonly required: boolean
  /** Why it cannot be ordered: it, or what it needs, is in a circle. Only of what is not required. */
  readonly fault?: unknown
}

/**
 * The modules to insert for `wanted`, in order: first all that it needs, then itself, and around each of them what its
 * softdeps name. This is what `modprobe --show-depends` prints, repetitions included: a module is listed again where
 * a softdep's needs overlap with earlier ones.
 *
 * Softdeps may form loops, which end where a module has been visited; one that was reached by an alias counts as
 * another than the same reached by name, and so can be visited twice. One that needs a circle is listed alone.
 */
export function probeSteps(wanted: Candidate, source: ProbeSource): ProbeStep[] {
  const required = new Set([wanted.module, ...source.needs(wanted.module)])
  const visited = new Set<string>()
  const steps: ProbeStep[] = []

  const visit = (candidate: Candidate): void => {
    const key = `${candidate.module}\0${candidate.alias ?? ''}`
    if (visited.has(key)) return
    visited.add(key)
    let needs: readonly string[]
    try {
      needs = source.needs(candidate.module)
    } catch (fault) {
      // What is wanted itself was asked above.
      steps.push({ ...candidate, required: false, fault })
      return
    }
    for (const module of needs.toReversed()) append({ module, alias: undefined })
    append(candidate)
  }
  const append = ({ module, alias }: Candidate): void => {
    const softdeps = source.softdeps(module)
    for (const name of softdeps?.pre ?? []) source.lookup(name).forEach(visit)
    steps.push({ module, alias, required: required.has(module) })
    for (const name of softdeps?.post ?? []) source.lookup(name).forEach(visit)
  }
  visit(wanted)
  return steps
}

/** The same without repetitions: each module where it comes first, so that all that it needs is before it. */
export function insertionOrder(wanted: Candidate, source: ProbeSource): ProbeStep[] {
  const steps = new Map<string, ProbeStep>()
  for (const step of probeSteps(wanted, source)) if (!steps.has(step.module)) steps.set(step.module, step)
  return [...steps.values()]
}

/** What a kernel holds at the moment. */
export interface LoadedModules {
  has(module: string): boolean
  /** The loaded modules that import from this one. */
  holders(module: string): Iterable<string>
}

/**
 * The modules to remove when `wanted` goes, dependents first: itself and whatever it brought in that nobody else holds.
 * kmod makes one pass over the reference counts and leaves some behind; here a module also goes when all its holders go.
 * Empty when somebody else holds `wanted`.
 */
export function removalOrder(wanted: Candidate, source: ProbeSource, loaded: LoadedModules): string[] {
  const going = new Set<string>()
  for (const { module } of insertionOrder(wanted, source).toReversed()) {
    if (loaded.has(module) && [...loaded.holders(module)].every(holder => going.has(holder))) going.add(module)
  }
  return going.has(wanted.module) ? [...going] : []
}
