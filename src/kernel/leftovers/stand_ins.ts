/** An image, among all of the process: those of one module of one kernel have one `module`. */
export interface ImageName {
  readonly module: string
  readonly generation: number
}

interface StandIn {
  readonly by: ImageName
  readonly key: PropertyKey
  /** Nothing where no function stood, or only one that an older image of the same module had put there: that one must not be kept. */
  readonly before: Function | undefined
}

/** Functions and classes that modules have put into the global object. */
const standIns = new WeakMap<Function, StandIn>()

/**
 * What a module finds in the global object: in the place of what an older image of the same module has put there, what stood there before. A class that extends the global one, a function
 * that calls it, would otherwise pile up by one with each replace, and keep every image that there ever was.
 */
export function beneath(value: unknown, finder: ImageName): unknown {
  let found = value
  for (;;) {
    const standIn = typeof found === 'function' ? standIns.get(found) : undefined
    if (!standIn?.before || !isOlder(standIn, finder)) return found
    found = standIn.before
  }
}

/** At a replace the old image's `exit` puts back what it found, when the new one's `init` has put its own there already: that stays. */
export function isOverBy(value: unknown, current: unknown, putter: ImageName): boolean {
  const standIn = typeof current === 'function' ? standIns.get(current) : undefined
  if (!standIn || standIn.by.module !== putter.module || standIn.by.generation <= putter.generation) return false
  return standIn.before ? isBeneath(value, standIn.before) : standsOnNothing(value, standIn)
}

const isOlder = ({ by }: StandIn, image: ImageName): boolean =>
  by.module === image.module && by.generation < image.generation

/** Did an older image of the same module put it where no function stood? */
function standsOnNothing(value: unknown, { by, key }: Pick<StandIn, 'by' | 'key'>): boolean {
  const standIn = typeof value === 'function' ? standIns.get(value) : undefined
  return standIn !== undefined && standIn.key === key && standIn.before === undefined && isOlder(standIn, by)
}

function isBeneath(value: unknown, top: Function): boolean {
  for (let found: Function | undefined = top; found; found = standIns.get(found)?.before)
    if (found === value) return true
  return false
}

/** Remembers that an image puts `value` into the place of `before`; putting back what stood there is no such thing. */
export function noteStandIn(value: unknown, before: unknown, by: ImageName, key: PropertyKey): void {
  if (typeof value !== 'function' || standIns.has(value)) return
  if (typeof before !== 'function' || standsOnNothing(before, { by, key }))
    standIns.set(value, { by, key, before: undefined })
  else if (!isBeneath(value, before)) standIns.set(value, { by, key, before })
}
