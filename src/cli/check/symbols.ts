import { type CallSite, captureCallSite } from '../../kernel/leftovers/call_site.ts'

/**
 * Hears of every symbol that is registered: the registry never gives one back, and does not say what is in it. Belongs to a process that does nothing else
 * but check.
 */
export class SymbolWatch {
  readonly #known = new Set<string>()
  #fresh: { readonly key: string; readonly site: CallSite }[] = []

  constructor() {
    const real = Symbol.for
    const known = this.#known
    const watched = (key: string): symbol => {
      const text = String(key)
      if (!known.has(text)) {
        known.add(text)
        this.#fresh.push({ key: text, site: captureCallSite(watched) })
      }
      return real(text)
    }
    Object.defineProperty(watched, 'name', { value: 'for' })
    Symbol.for = watched
  }

  /** Those that are new since the last time. */
  take(): readonly { readonly key: string; readonly site: CallSite }[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }
}
