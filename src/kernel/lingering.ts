import type { Image } from '../images/image.ts'
import type { CallGate } from './call_gate.ts'
import type { Module, SchemeName } from './module.ts'
import type { Notifier } from './notifier.ts'

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
interface Record {
  readonly name: string
  readonly generation: number
  readonly file: string
  readonly size: number
  readonly since: number
  readonly scheme: SchemeName
  readonly gate: CallGate
  readonly held: Image | undefined
}

/**
 * Removed images. In `collect` (and `refcount`) nothing here holds the code; the collector proves when nobody can call it any more, and
 * the registry hears of it. In `retain` the image is held for ever, as in the patch of 2003.
 */
export class Lingering {
  readonly #records = new Map<string, Record>()
  readonly #registry: FinalizationRegistry<string>

  constructor(notifier: Notifier, onCollected: (label: string, bytes: number) => void) {
    this.#registry = new FinalizationRegistry(label => {
      const record = this.#records.get(label)
      if (!record) return
      this.#records.delete(label)
      onCollected(label, record.size)
      notifier.notify('collected', {
        module: record.name,
        generation: record.generation,
        file: record.file,
        bytes: record.size,
      })
    })
  }

  add(module: Module, image: Image, since: number): void {
    const record: Record = {
      name: module.name,
      generation: module.generation,
      file: module.file,
      size: image.bytes,
      since,
      scheme: module.scheme,
      gate: module.gate,
      held: module.scheme === 'retain' ? image : undefined,
    }
    this.#records.set(module.label, record)
    this.#registry.register(image, module.label)
  }

  list(): LingeringImage[] {
    return [...this.#records].map(([image, { size, since, gate, scheme }]) => ({
      image,
      size,
      since,
      callsInFlight: gate.inFlight,
      lateCalls: gate.lateCalls,
      scheme,
      reclaimed: false,
    }))
  }

  get bytes(): number {
    let sum = 0
    for (const { size } of this.#records.values()) sum += size
    return sum
  }
}
