/** Something that stands between the host and the code, and can let go of the code. */
export interface Severable {
  sever(): void
}

/** An object of operations as its module registered it, behind the face that the host sees. */
export class Operations implements Severable {
  /** Undefined once the image is cut off. */
  source: object | undefined
  readonly face: object
  /**
   * Between the face and the module's class, so that `instanceof` holds and the class can be let go: V8 remembers every prototype that an object itself
   * has had for as long as the object lives.
   */
  readonly #lineage: object

  constructor(source: object) {
    this.source = source
    this.#lineage = Object.create(Object.getPrototypeOf(source) as object | null)
    this.face = Object.create(this.#lineage)
  }

  sever(): void {
    this.source = undefined
    Object.setPrototypeOf(this.#lineage, Object.prototype)
  }
}
