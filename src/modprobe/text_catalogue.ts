import { AliasIndex } from './alias_index.ts'
import { type ProbeSource, type ProbeStep, probeSteps, type Softdeps } from './dependency_order.ts'
import { fold } from './glob.ts'
import { type Candidate, type LookupSources, lookup } from './lookup.ts'
import { Policy } from './policy.ts'
import { moduleNameOf, parseDependencies, parseSoftdeps } from './text_forms.ts'

/** The contents of the text forms of a module folder. Only `modules.dep` must be there. */
export interface TextForms {
  readonly dep: string
  readonly alias?: string
  readonly symbols?: string
  readonly softdep?: string
  /** A file a line: what is part of the host and never loaded. */
  readonly builtin?: string
  /** Aliases of builtins, in the form of `modules.alias`. */
  readonly builtinAlias?: string
}

/** Answers modprobe's questions from the text forms alone: no module's file is opened. */
export class TextCatalogue implements ProbeSource {
  readonly #files = new Map<string, string>()
  readonly #needs = new Map<string, readonly string[]>()
  readonly #softdeps = new Map<string, Softdeps>()
  readonly #builtins: ReadonlySet<string>
  readonly #policy: Policy
  readonly #sources: LookupSources

  constructor(forms: TextForms, policy = new Policy()) {
    this.#policy = policy
    for (const { file, needs } of parseDependencies(forms.dep)) {
      const module = moduleNameOf(file)
      this.#files.set(module, file)
      this.#needs.set(module, needs.map(moduleNameOf))
    }
    for (const { module, pre, post } of parseSoftdeps(forms.softdep ?? '')) {
      // Of several lines for one module kmod reads the first alone.
      if (!this.#softdeps.has(module)) this.#softdeps.set(module, { pre, post })
    }
    this.#builtins = new Set((forms.builtin ?? '').split('\n').filter(Boolean).map(moduleNameOf))
    const symbols = lazy(() => AliasIndex.fromText(forms.symbols ?? ''))
    this.#sources = {
      configured: policy.aliases,
      hasModule: name => this.#files.has(name),
      // Few ever ask for a symbol, and there are many.
      symbols: { lookup: name => (name.startsWith('symbol:') ? symbols().lookup(name) : []) },
      hasHook: name => policy.hasHook(name),
      aliases: AliasIndex.fromText(forms.alias ?? ''),
      builtinAliases: AliasIndex.fromText(forms.builtinAlias ?? ''),
      isBuiltin: name => this.#builtins.has(name),
    }
  }

  lookup(name: string): readonly Candidate[] {
    return lookup(name, this.#sources)
  }

  needs(module: string): readonly string[] {
    return this.#needs.get(module) ?? []
  }

  /** The configuration goes before what the module says of itself. */
  softdeps(module: string): Softdeps | undefined {
    return this.#policy.softdeps(module) ?? this.#softdeps.get(module)
  }

  isBuiltin(module: string): boolean {
    return this.#builtins.has(fold(module))
  }

  /** The file as `modules.dep` names it; undefined for a builtin. */
  fileOf(module: string): string | undefined {
    return this.#files.get(fold(module))
  }

  /** What `modprobe --show-depends NAME` lists, for each module that the name stands for. */
  steps(name: string): ProbeStep[] {
    return this.lookup(name)
      .filter(candidate => !this.#policy.isBlacklisted(candidate))
      .flatMap(candidate => this.stepsOf(candidate))
  }

  /** The same for one of the modules. */
  stepsOf(candidate: Candidate): ProbeStep[] {
    return probeSteps(candidate, this)
  }
}

function lazy<Value>(make: () => Value): () => Value {
  let made: Value | undefined
  return () => (made ??= make())
}
