import type { ExportValues } from './compile.ts'
import { lazily } from './lazy.ts'
import { DEFAULT, type ModuleSource } from './module_source.ts'
import { staleValues } from './stale.ts'

/** Of most modules no more than the hooks are ever asked for, and an index costs as much as many searches. */
const FEW_SEARCHES = 8

type State =
  /** Its scope is not open yet. */
  | { readonly is: 'closed' }
  /** The file runs, or waits to: each look asks its scope. */
  | { readonly is: 'open'; readonly pull: () => ExportValues }
  /** It has run, and some of its exports can change. */
  | { readonly is: 'live'; readonly values: ExportValues }
  /** It has run, and no export can change any more. In the order of `localExports`. */
  | { readonly is: 'final'; readonly values: readonly unknown[] }

/** What the local exports of one file are at a time. */
export class LocalExports {
  #state: State = { is: 'closed' }
  #indexes: Map<string, number> | undefined
  #searches = 0

  get isReadable(): boolean {
    return this.#state.is !== 'closed'
  }

  /** Has the file run to its end? */
  get isComplete(): boolean {
    return this.#state.is === 'live' || this.#state.is === 'final'
  }

  open(pull: (() => ExportValues) | undefined): void {
    // What it gives has a getter for each export, and tells of its scope for as long as that is open.
    if (pull) this.#state = { is: 'open', pull: lazily(pull) }
  }

  complete(values: ExportValues | readonly unknown[], source: ModuleSource): void {
    if (!Array.isArray(values)) {
      this.#state = { is: 'live', values: named(values as ExportValues, source) }
      return
    }
    this.#state = { is: 'final', values }
    if (source.namesDefault) nameDefault(values[this.#indexOf(DEFAULT, source)])
  }

  cut(stale: (name: string) => Error): void {
    this.#state = { is: 'live', values: staleValues(name => stale(`export ${name}`)) }
  }

  /** @throws ReferenceError in its temporal dead zone */
  read(localName: string, source: ModuleSource): unknown {
    const state = this.#state
    switch (state.is) {
      case 'final':
        return state.values[this.#indexOf(localName, source)]
      case 'live':
        return bindingOf(state.values, localName)
      case 'open':
        return bindingOf(named(state.pull(), source), localName)
      case 'closed':
        return undefined
    }
  }

  #indexOf(localName: string, { localExports }: ModuleSource): number {
    if (this.#searches++ < FEW_SEARCHES) return localExports.findIndex(entry => entry.localName === localName)
    this.#indexes ??= new Map(localExports.map((entry, index) => [entry.localName, index]))
    return this.#indexes.get(localName) ?? -1
  }
}

function named(values: ExportValues, source: ModuleSource): ExportValues {
  if (!source.namesDefault) return values
  try {
    nameDefault(values[DEFAULT])
  } catch {
    // Still in its temporal dead zone.
  }
  return values
}

function bindingOf(values: ExportValues, localName: string): unknown {
  if (localName !== DEFAULT) return values[localName]
  try {
    return values[DEFAULT]
  } catch (error) {
    // The engine tells the name that the binding has here.
    throw error instanceof ReferenceError ? new ReferenceError("Cannot access 'default' before initialization") : error
  }
}

/** An anonymous default export is called "default" (ECMA-262, 16.2.3.7), not by the name of the binding that holds it here. */
function nameDefault(value: unknown): void {
  if (typeof value === 'function' && Object.getOwnPropertyDescriptor(value, 'name')?.value === DEFAULT)
    Object.defineProperty(value, 'name', { value: 'default', configurable: true })
}
