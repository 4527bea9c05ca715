import { isSameStamp, type Stamp, stampAt } from '../../images/stamp.ts'
import { tryToRead } from '../../kernel/thrown.ts'

/** Undefined also of what may not be looked at. */
const stampNow = (file: string): Stamp | undefined => tryToRead(() => stampAt(file))

/** What files were when a module of them went into service: they may change before they are watched. */
export class LoadedFiles {
  readonly #stamps = new Map<string, Stamp | undefined>()

  note(file: string): void {
    this.#stamps.set(file, stampNow(file))
  }

  /** Is it another file by now, or are its contents others? Undefined where that cannot be told. */
  hasChanged(file: string): boolean | undefined {
    const before = this.#stamps.get(file)
    const now = before && stampNow(file)
    return before && now ? !isSameStamp(before, now) : undefined
  }
}
