import type { SchemeName } from '../../kernel/unload/scheme.ts'

/** What can be wrong with a module that is to be unloaded. */
export type FindingKind =
  /** Opened and not closed: the kernel closed it. */
  | 'leftover'
  /** Opened by others for it, such as a package of the host, and not closed: nobody closes it. */
  | 'open'
  /** An image is still in memory. */
  | 'held'
  /** Memory grows although the images go. */
  | 'memory'
  /** Somebody called through an old pointer. */
  | 'late call'
  /** `exit`, or what was deferred to it, threw. */
  | 'exit'
  /** It could not be inserted again. */
  | 'reload'
  /** A call did not end. */
  | 'stuck call'
  /** An error that nobody handled: in a host it ends the process. */
  | 'unhandled'
  /** A new property of the global object. */
  | 'global'
  /** Something of the language or of Node was changed. */
  | 'patched'
  /** The registry of symbols grows with every cycle. */
  | 'symbol'
  /** A native addon: it stays for as long as the process. */
  | 'addon'
  /** An environment variable was set. */
  | 'environment'
  /** A call threw, or could not be made; that says nothing about unloading. */
  | 'failed call'

/** Worth telling, and no reason to keep a module from being unloaded. */
const NOTES: ReadonlySet<FindingKind> = new Set<FindingKind>(['addon', 'environment', 'failed call'])

/** One thing that was seen, possibly in many cycles. */
export interface Finding {
  readonly kind: FindingKind
  readonly text: string
  /** `file:line:column` in the author's files, where that is known. */
  readonly place?: string
  /** In how many cycles, or of how many images. */
  readonly count: number
}

/** A finding, and the schemes under which it was made. */
export interface MergedFinding extends Finding {
  readonly schemes: readonly SchemeName[]
  /** Whether it makes the module unsafe to unload. */
  readonly fails: boolean
}

/** What one scheme showed. */
export interface SchemeResult {
  readonly scheme: SchemeName
  readonly cycles: number
  /** Calls that were made, and how many of them were in flight when the module was removed. */
  readonly calls: number
  readonly callsInFlight: number
  /** Images that the collector took, of those that were inserted. */
  readonly collected: number
  readonly inserted: number
  /** Bytes of heap that each cycle left behind. */
  readonly bytesPerCycle: number
  readonly findings: readonly Finding[]
  readonly ms: number
}

/** What happens at one place is one finding, though the port that a server was given, say, is another in each cycle. */
const keyOf = ({ kind, text, place }: Pick<Finding, 'kind' | 'text' | 'place'>): string =>
  JSON.stringify([kind, place === undefined ? text : text.replaceAll(/\d+/g, '#'), place])

/** Findings of one scheme as they come in: equal ones are counted, not repeated. */
export class Findings {
  readonly #found = new Map<string, Finding>()

  add(kind: FindingKind, text: string, place?: string, count = 1): void {
    const found = { kind, text, ...(place !== undefined && { place }) }
    const key = keyOf(found)
    const known = this.#found.get(key)
    this.#found.set(key, { ...(known ?? found), count: (known?.count ?? 0) + count })
  }

  list(): Finding[] {
    return [...this.#found.values()]
  }
}

/**
 * One finding for what several schemes showed alike, failures first.
 *
 * @param allowed what fails nothing, besides notes
 */
export function merge(results: readonly SchemeResult[], allowed: readonly FindingKind[]): MergedFinding[] {
  const merged = new Map<string, MergedFinding>()
  for (const { scheme, findings } of results)
    for (const finding of findings) {
      const key = keyOf(finding)
      const known = merged.get(key)
      const fails = !NOTES.has(finding.kind) && !allowed.includes(finding.kind)
      merged.set(key, {
        ...(known ?? finding),
        count: Math.max(known?.count ?? 0, finding.count),
        schemes: [...(known?.schemes ?? []), scheme],
        fails,
      })
    }
  return [...merged.values()].sort((a, b) => Number(b.fails) - Number(a.fails))
}
