/** What a text assigns to: from where to where each name or pattern stands. */
import { ASSIGNS, keyWith, RECENT, RECENT_SIZE, recentOf, TEXT, unit } from './tables'

const LONGEST_PATTERN: i32 = 2000

let first: i32 = 0
let count: i32 = 0

export function beginTargets(units: i32): void {
  memory.fill(RECENT, 0, RECENT_SIZE)
  first = (<i32>TEXT + 2 * units + 16) & ~7
  count = 0
}

/** Where the first one is written down. */
export function firstTarget(): i32 {
  return first
}

export function targetCount(): i32 {
  return count
}

/** What is assigned to is one of the names there. @returns what is to be noted of the text */
export function notePattern(from: i32, to: i32): i32 {
  if (to - from > LONGEST_PATTERN) return ASSIGNS
  noteTarget(from, to)
  return 0
}

/** Most names that are assigned to are so many times. */
export function noteTargetName(from: i32, to: i32): void {
  let key: u64 = 0
  for (let index = from; index < to; index++) key = keyWith(key, unit(index))
  const recent = recentOf(key)
  if (isSame(from, to, load<i32>(recent), load<i32>(recent, 4))) return
  store<i32>(recent, from)
  store<i32>(recent, to, 4)
  noteTarget(from, to)
}

function isSame(from: i32, to: i32, otherFrom: i32, otherTo: i32): bool {
  if (to - from !== otherTo - otherFrom) return false
  for (let index = 0; from + index < to; index++) if (unit(from + index) !== unit(otherFrom + index)) return false
  return true
}

function noteTarget(from: i32, to: i32): void {
  const place = first + (count << 3)
  if (memory.size() << 16 < place + 8) memory.grow(1)
  store<i32>(place, from)
  store<i32>(place, to, 4)
  count++
}
