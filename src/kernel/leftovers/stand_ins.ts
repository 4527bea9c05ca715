/** An image, among all of the process: those of one module of one kernel have one `module`. */
export interface ImageName {
  readonly module: string
  readonly generation: number
}

interface StandIn {
  readonly by: ImageName
  readonly before: Function
}

/** Functions and classes that modules have put into the places of others in the global object. */
const standIns = new WeakMap<Function, StandIn>()

/**
 * What a module finds in the global object: in the place of what an older image of the same module has put there, what stood there before. A class that extends the global one, a function
 * that calls it, would otherwise pile up by one with each replace, and keep every image that there ever was.
 */
export function beneath(value: unknown, finder: ImageName): unknown {
  let found = value
  for (;;) {
    const standIn = typeof found === 'function' ? standIns.get(found) : undefined
    if (!standIn || standIn.by.module !== finder.module || standIn.by.generation >= finder.generation) return found
    found = standIn.before
  }
}

/** At a replace the old image's `exit` puts back what it found, when the new one's `init` has put its own there already: that stays. */
export function isOverBy(value: unknown, current: unknown, putter: ImageName): boolean {
  const standIn = typeof current === 'function' ? standIns.get(current) : undefined
  if (!standIn || standIn.by.module !== putter.module || standIn.by.generation <= putter.generation) return false
  return isBeneath(value, standIn.before)
}

function isBeneath(value: unknown, top: Function): boolean {
  for (let found: Function | undefined = top; found; found = standIns.get(found)?.before)
    if (found === value) return true
  return false
}

/** Remembers that an image puts `value` into the place of `before`; putting back what stood there is no such thing. */
export function noteStandIn(value: unknown, before: unknown, by: ImageName): void {
  if (typeof value !== 'function' || typeof before !== 'function' || standIns.has(value)) return
  if (!isBeneath(value, before)) standIns.set(value, { by, before })
}
