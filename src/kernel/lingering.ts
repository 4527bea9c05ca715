import type { Image } from '../images/image.ts'
import type { CallGate } from './call_gate.ts'
import { ModuleError } from './errno.ts'
import type { Leftovers } from './leftovers/leftovers.ts'
import { LifeSigns } from './life_signs.ts'
import type { Module } from './module.ts'
import type { Notifier } from './notifier.ts'
import type { Seam } from './seam.ts'
import { type SchemeName, schemeOf } from './unload/scheme.ts'

/** A removed image that is still in memory. */
export interface LingeringImage {
  /** `hello#3` */
  readonly image: string
  /** Bytes of source that it keeps. */
  readonly size: number
  /** When it was removed, in milliseconds since the epoch. */
  readonly since: number
  readonly callsInFlight: number
  readonly lateCalls: number
  readonly scheme: SchemeName
  readonly reclaimed: boolean
}

/** How one removed image is kept: `retain` holds it, the others only watch. */
interface LingeringRecord {
  readonly name: string
  readonly generation: number
  readonly file: string
  readonly size: number
  readonly since: number
  readonly scheme: SchemeName
  readonly gate: CallGate
  readonly image: WeakRef<Image>
  readonly signs: LifeSigns
  /** What it has opened since its removal. Weak: a resource may lead to the code. */
  readonly leftovers: WeakRef<Leftovers>
  held: Image | undefined
  reclaimed: boolean
}

/**
 * Removed images. In `collect` and `refcount` nothing here holds the code; the collector proves when nobody can call it any more, and the
 * registry hears of it. In `retain` the image is held for ever, as in the patch of 2003, until it is reclaimed.
 */
export class Lingering {
  readonly #records = new Map<string, LingeringRecord>()
  readonly #registry: FinalizationRegistry<string>

  constructor(notifier: Notifier, onCollected: (label: string, bytes: number) => void) {
    this.#registry = new FinalizationRegistry(label => {
      const record = this.#records.get(label)
      if (!record) return
      this.#records.delete(label)
      onCollected(label, record.size)
      const { name, generation, file, size } = record
      notifier.notify('collected', { module: name, generation, file, bytes: size })
    })
  }

  add(module: Module, image: Image, since: number): void {
    image.dropTexts()
    this.#records.set(module.label, {
      name: module.name,
      generation: module.generation,
      file: module.file,
      size: image.bytes,
      since,
      scheme: module.scheme,
      gate: module.gate,
      image: new WeakRef(image),
      signs: new LifeSigns(image),
      leftovers: new WeakRef(module.leftovers),
      held: schemeOf(module.scheme).keepsImage ? image : undefined,
      reclaimed: false,
    })
    this.#registry.register(image, module.label)
  }

  /** Oldest first. An image that was collected a moment ago is not among them, even before the registry has heard of it. */
  list(): LingeringImage[] {
    const records = [...this.#records].filter(([, { signs }]) => signs.isAlive)
    return records.map(([image, { size, since, gate, scheme, reclaimed }]) => ({
      image,
      size,
      since,
      callsInFlight: gate.inFlight,
      lateCalls: gate.lateCalls,
      scheme,
      reclaimed,
    }))
  }

  isInMemory(label: string): boolean {
    return this.#records.get(label)?.signs.isAlive ?? false
  }

  /** Cuts an image off from everybody and lets go of it; tells how many leftovers were closed. */
  async cut(label: string, seam: Seam): Promise<number> {
    const record = this.#records.get(label)
    if (!record) return 0
    const image = record.image.deref()
    const leftovers = await record.leftovers.deref()?.closeAll(seam, file => image?.files.includes(file) ?? false)
    record.gate.cut('reclaimed')
    const time = new Date().toISOString()
    image?.cut(name => new ModuleError('ESTALE', { image: label, export: name, time, how: 'reclaimed' }))
    record.held = undefined
    record.reclaimed = true
    return leftovers?.length ?? 0
  }
}
