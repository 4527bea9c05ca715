import { FileImage } from '../images/file_image.ts'
import { lazily } from '../images/lazy.ts'
import { OwnPackages } from '../images/own_packages.ts'
import type { Core, ExplainImage, Settings } from './core.ts'
import { createCatalogue } from './depmod/catalogue.ts'
import { loadExplainer } from './explainer.ts'
import { DEFAULT_GRACE, type KernelOptions, loadStores, ownConfig } from './kernel_options.ts'
import { Lingering } from './lingering.ts'
import { MemoryGauge } from './memory_gauge.ts'
import { foldName } from './module.ts'
import { ModuleFolders } from './module_folders.ts'
import { Notifier } from './notifier.ts'
import { PolicySource } from './policy_source.ts'
import { KernelLog } from './printk.ts'
import { Probes } from './probes.ts'
import { realTime } from './seam.ts'
import { Keyring } from './signature.ts'
import { Taints } from './taint.ts'

/** By a heap snapshot; what reads it is loaded when it is needed. */
const explainByHeap =
  (mark: string): ExplainImage =>
  async label =>
    (await loadExplainer()).explainImage(label, {}, mark)

/** What a core is made of in place of the usual. A policy stands for all that the configuration files say. */
export type CoreParts = Partial<Pick<Core, 'seam' | 'createImage' | 'explain' | 'policy'>>

/**
 * @param parts what it is made of, where that is not the usual
 * @param face what modules reach of the kernel
 */
export function makeCore(options: KernelOptions, parts: CoreParts, face: Pick<Core, 'point' | 'request'>): Core {
  const stores = loadStores(options)
  const mark = `kernel ${Math.random().toString(36).slice(2)}`
  const { seam = realTime, createImage = image => new FileImage(image, stores) } = parts
  const log = new KernelLog(options.log)
  const notifier = new Notifier(log)
  const folders = new ModuleFolders(options.modules)
  const catalogue = lazily(() => createCatalogue(folders, seam))
  return {
    mark,
    log,
    notifier,
    seam,
    createImage,
    explain: parts.explain ?? explainByHeap(mark),
    settings: settingsOf(options),
    folders,
    get catalogue() {
      return catalogue()
    },
    policy: parts.policy ?? new PolicySource(folders.folders, options.config, ownConfig(options)),
    probes: new Probes(seam),
    modules: new Map(),
    byFile: new Map(),
    loading: new Map(),
    waitsFor: new Map(),
    replacing: new Map(),
    outgoing: new Set(),
    generations: new Map(),
    admitted: new Map(),
    gauge: new MemoryGauge(),
    lingering: new Lingering(notifier, (label, bytes) => log.info(`${label} collected, ${bytes} bytes given back`)),
    ownPackages: options.ownPackages?.length ? new OwnPackages(options.ownPackages) : undefined,
    keyring: options.signatures && new Keyring(options.signatures),
    taints: new Taints(log, taint => notifier.notify('taint', taint)),
    point: face.point,
    request: face.request,
  }
}

const settingsOf = (options: KernelOptions): Settings => ({
  scheme: options.scheme ?? 'collect',
  grace: options.grace ?? DEFAULT_GRACE,
  initTimeout: options.initTimeout ?? 30_000,
  exitTimeout: options.exitTimeout ?? 10_000,
  lateCalls: options.lateCalls ?? 'run',
  params: new Map(Object.entries(options.params ?? {}).map(([name, params]) => [foldName(name), params])),
  memory: options.memory,
})
