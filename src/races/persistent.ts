import type { Machine } from './machine.ts'
import type { State } from './model.ts'

/**
 * The partial-order reduction. Two CPUs that touch different memory give the same end in either order, so one order is
 * enough. At each state the explorer runs only the actors of a *persistent set*: whatever the others do from here on
 * without them touches nothing that the set's next steps touch, so every schedule of the whole space can be reordered,
 * swapping independent neighbours only, into one that begins inside the set.
 *
 * The set is found by closure, as in P. Godefroid, Partial-Order Methods for the Verification of Concurrent Systems
 * (LNCS 1032, 1996), chapter 4, after W. Overman (1981): begin with one actor; while the next step of one in the set
 * touches what an actor outside it may still touch, ever, take that actor in too. "May still touch" is a sum over the
 * rest of its program, hence too large rather than too small. A blocked step counts with all that its guard reads, so
 * whoever could unblock it is in the set.
 *
 * Why no violation is missed: each is the outcome of one step and depends only on the cells that this step names, so it
 * is the same in every reordering; and each stuck state or end is the end of a whole schedule, which the reordering
 * keeps. What is left is a schedule going round in a loop while another CPU is put off for ever; depth_first.ts runs every
 * actor wherever a step closes a loop (the proviso of D. Peled, CAV 1994, and of Holzmann and Peled, FORTE 1994).
 */
export function persistentSet(machine: Machine, state: State, enabled: number): number {
  const { actors } = machine
  let best = enabled
  let bestSize = popcount(enabled)
  for (let seed = 0; seed < actors.length && bestSize > 1; seed++) {
    if ((enabled & (1 << seed)) === 0) continue
    const set = close(machine, state, seed) & enabled
    const size = popcount(set)
    if (size < bestSize) {
      best = set
      bestSize = size
    }
  }
  return best
}

function close(machine: Machine, state: State, seed: number): number {
  const { actors, conflict, rows, pc } = machine
  let set = 1 << seed
  let todo = set
  while (todo !== 0) {
    const actor = 31 - Math.clz32(todo)
    todo &= ~(1 << actor)
    const row = (actors[actor]!.row + state[pc + actor]!) * rows
    for (let other = 0; other < actors.length; other++) {
      const bit = 1 << other
      if ((set & bit) !== 0) continue
      if (conflict[row + actors[other]!.row + state[pc + other]!] === 0) continue
      set |= bit
      todo |= bit
    }
  }
  return set
}

function popcount(mask: number): number {
  let count = 0
  for (; mask !== 0; mask &= mask - 1) count++
  return count
}
