import { type Found, keyOf } from './found.ts'
import type { Clock } from './limits.ts'
import { choicesOf, enabledActors, type Machine, take, verdictAtRest } from './machine.ts'
import type { Violation } from './model.ts'
import { moveOf } from './seed.ts'
import { StateStore } from './store.ts'

/**
 * Breadth first and without any reduction, so that the first schedule that reaches a race is one of the shortest. Ends
 * when every race in `wanted` was met (without it, when any was), when nothing is left, or at a limit; other races that
 * it met are told too. All schedules of `tried` steps were tried.
 */
export function findShortest(
  machine: Machine,
  clock: Clock,
  wanted: ReadonlySet<string> = new Set(),
): { found: Map<string, Found>; tried: number } {
  const found = new Map<string, Found>()
  let missing = Math.max(wanted.size, 1)
  const store = new StateStore(machine.size, machine.model.cells)
  const way = new Way()
  const state = machine.initial.slice()
  const record = (violation: Violation, point: string, from: number, move?: number) => {
    const key = keyOf(violation, point)
    if (found.has(key)) return
    if (wanted.has(key) || wanted.size === 0) missing--
    found.set(key, { violation, point, schedule: way.to(from, move) })
  }
  store.add(state)
  way.add(-1, 0)
  for (let from = 0; from < store.count && missing > 0; from++) {
    if ((from & 255) === 0 && clock.check(store.count, way.depth(from)) !== undefined)
      return { found, tried: way.depth(from) }
    store.read(from, state)
    const enabled = enabledActors(machine, state)
    if (enabled === 0) {
      const violation = verdictAtRest(machine, state)
      if (violation !== undefined) record(violation, violation.what, from)
      continue
    }
    if (way.depth(from) >= clock.limits.maxDepth) return { found, tried: clock.limits.maxDepth }
    for (let actor = 0; actor < machine.actors.length; actor++) {
      if ((enabled & (1 << actor)) === 0) continue
      store.read(from, state)
      const choices = choicesOf(machine, state, actor)
      for (let choice = 0; choice < choices; choice++) {
        store.read(from, state)
        const { point } = machine.actors[actor]!.steps[state[machine.pc + actor]!]!.step
        const move = moveOf(actor, choice, machine.actors.length)
        const violation = take(machine, state, actor, choice)
        if (violation !== undefined) record(violation, point, from, move)
        if (store.add(state) >= 0) way.add(from, move)
      }
    }
  }
  return { found, tried: Number.POSITIVE_INFINITY }
}

/** How each state of a breadth-first search was first reached. */
export class Way {
  #parents = new Int32Array(1 << 12)
  #moves = new Uint8Array(1 << 12)
  #depths = new Uint16Array(1 << 12)
  #count = 0

  add(parent: number, move: number): void {
    if (this.#count === this.#parents.length) {
      const grow = <T extends Int32Array | Uint8Array | Uint16Array>(from: T, to: T): T => {
        to.set(from)
        return to
      }
      const size = this.#count * 2
      this.#parents = grow(this.#parents, new Int32Array(size))
      this.#moves = grow(this.#moves, new Uint8Array(size))
      this.#depths = grow(this.#depths, new Uint16Array(size))
    }
    this.#parents[this.#count] = parent
    this.#moves[this.#count] = move
    this.#depths[this.#count] = parent < 0 ? 0 : this.#depths[parent]! + 1
    this.#count++
  }

  depth(index: number): number {
    return this.#depths[index]!
  }

  /** The schedule to a state, and one move further. */
  to(index: number, move?: number): number[] {
    const schedule: number[] = move === undefined ? [] : [move]
    for (let at = index; this.#parents[at]! >= 0; at = this.#parents[at]!) schedule.push(this.#moves[at]!)
    return schedule.reverse()
  }
}
