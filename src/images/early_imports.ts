import { type ResolvedBinding, readResolved } from './module_record.ts'
import type { ImportEntry } from './module_source.ts'
import { staleBinding } from './stale.ts'

type Scope = Generator<unknown, void, unknown>

/** Imports of one file that may be read before they are initialised: each is a binding of a scope of its own, where it stays in its temporal dead zone until there is a value. */
export class EarlyImports {
  readonly #entries: ReadonlySet<ImportEntry>
  readonly #scopes: Scope[] = []
  readonly #setters = new Map<ImportEntry, (value: unknown) => void>()

  constructor(entries: Iterable<ImportEntry>) {
    this.#entries = new Set(entries)
  }

  get entries(): ReadonlySet<ImportEntry> {
    return this.#entries
  }

  has(entry: ImportEntry): boolean {
    return this.#entries.has(entry)
  }

  /** Opens the scope of the next of them, in the order of the imports. Gives what is to be run in it. */
  open(begin: () => Scope): unknown {
    const scope = begin()
    this.#scopes.push(scope)
    const { value } = scope.next()
    scope.next()
    return value
  }

  /**
   * Takes over the values that are there by now.
   *
   * @param resolved where each of `imports` leads
   * @param concerns whether to look at one at all
   */
  refresh(
    imports: readonly ImportEntry[],
    resolved: readonly ResolvedBinding[],
    concerns: (binding: ResolvedBinding) => boolean,
  ): void {
    let next = 0
    for (const [index, entry] of imports.entries()) {
      if (!this.#entries.has(entry)) continue
      const scope = this.#scopes[next++]!
      const binding = resolved[index]!
      if (!concerns(binding)) continue
      let value: unknown
      try {
        value = readResolved(binding)
      } catch {
        continue
      }
      const set = this.#setters.get(entry)
      if (set) set(value)
      else this.#setters.set(entry, scope.next(value).value as (value: unknown) => void)
    }
  }

  /** See `Image.cut`. */
  cut(stale: (name: string) => Error): void {
    for (const [entry, set] of this.#setters) set(staleBinding(() => stale(`import ${entry.localName}`)))
  }
}

/** Of a file that is in no cycle. */
export const NO_EARLY_IMPORTS = new EarlyImports([])
