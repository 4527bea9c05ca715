import fs from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Policy } from '../../modprobe/policy.ts'
import { TextCatalogue } from '../../modprobe/text_catalogue.ts'
import type { ModprobeOptions } from '../modprobe.ts'
import type { Params } from '../moduleparam.ts'
import { PolicySource } from '../policy_source.ts'
import { hookText, isStep, type ShownStep } from '../show_depends.ts'

/** A folder that holds kmod's text forms and no modules of ours, such as a kernel's own: it can be asked, and nothing of it can be loaded. */
export class TextFolder {
  readonly #folder: string
  readonly #catalogue: TextCatalogue
  readonly #policy: Policy

  private constructor(folder: string, policy: Policy) {
    this.#folder = folder
    this.#policy = policy
    const optional = (name: string): string => readText(folder, name) ?? ''
    const forms = {
      dep: optional('modules.dep'),
      alias: optional('modules.alias'),
      symbols: optional('modules.symbols'),
      softdep: optional('modules.softdep'),
      builtin: optional('modules.builtin'),
      builtinAlias: optional('modules.builtin.alias'),
    }
    this.#catalogue = new TextCatalogue(forms, policy)
  }

  /** Undefined for a folder without `modules.dep`. */
  static async open(folder: string, config: string | false | undefined): Promise<TextFolder | undefined> {
    if (!['modules.dep', 'modules.dep.gz'].some(name => fs.existsSync(join(folder, name)))) return undefined
    return new TextFolder(folder, await new PolicySource([folder], config, {}).current())
  }

  resolveAlias(name: string): string[] {
    return this.#catalogue.lookup(name).map(({ module }) => module)
  }

  /** As `Kernel.showDepends`; undefined when nothing has that name. */
  showDepends(name: string, params: Params, options: ModprobeOptions): ShownStep[] | undefined {
    const found = this.#catalogue.lookup(name)
    if (found.length === 0) return undefined
    const byName = options.useBlacklist === true
    return found
      .filter(candidate => !this.#policy.isBlacklisted(candidate, { byName }))
      .flatMap(candidate =>
        this.#catalogue.stepsOf(candidate).map(({ module, alias }) => {
          const file = this.#catalogue.fileOf(module)
          const hook = this.#policy.installHook(module)
          return {
            module,
            file: file === undefined || isAbsolute(file) ? file : join(this.#folder, file),
            params: { ...this.#policy.options({ module, alias }), ...(module === candidate.module && params) },
            ...(hook !== undefined && { install: hookText(hook) }),
          }
        }),
      )
      .filter(step => isStep(step) || this.#catalogue.isBuiltin(step.module))
  }
}

function readText(folder: string, name: string): string | undefined {
  const plain = join(folder, name)
  if (fs.existsSync(plain)) return fs.readFileSync(plain, 'utf8')
  return fs.existsSync(`${plain}.gz`) ? gunzipSync(fs.readFileSync(`${plain}.gz`)).toString('utf8') : undefined
}
