import type { Found } from './found.ts'
import type { Clock } from './limits.ts'
import { choicesOf, enabledActors, type Machine, take, verdictAtRest } from './machine.ts'
import type { Violation } from './model.ts'
import { moveOf } from './seed.ts'
import { Way } from './shortest.ts'
import { StateStore } from './store.ts'

export const ROUND_FOR_EVER: Violation = {
  kind: 'stuck',
  what: 'whatever happens from here, somebody goes round for ever',
}

/**
 * Looks for a livelock in a model whose programs loop: a state from which no schedule at all comes to a rest, although
 * somebody can always move. Every state and every edge is kept, then the states that can come to a rest are found
 * backwards; the first state that is left over, in breadth-first order, is the nearest livelock. The reduction plays no
 * part here: it preserves ends and single steps, not loops.
 */
export function findDoomed(machine: Machine, clock: Clock): Found | 'limit' | undefined {
  const store = new StateStore(machine.size, machine.model.cells)
  const way = new Way()
  const state = machine.initial.slice()
  const from: number[] = []
  const to: number[] = []
  const rests: number[] = []
  store.add(state)
  way.add(-1, 0)
  for (let at = 0; at < store.count; at++) {
    if ((at & 255) === 0 && clock.check(store.count, way.depth(at)) !== undefined) return 'limit'
    store.read(at, state)
    const enabled = enabledActors(machine, state)
    if (enabled === 0 && verdictAtRest(machine, state) === undefined) rests.push(at)
    for (let actor = 0; actor < machine.actors.length; actor++) {
      if ((enabled & (1 << actor)) === 0) continue
      store.read(at, state)
      const choices = choicesOf(machine, state, actor)
      for (let choice = 0; choice < choices; choice++) {
        store.read(at, state)
        take(machine, state, actor, choice)
        const index = store.add(state)
        if (index >= 0) way.add(at, moveOf(actor, choice, machine.actors.length))
        from.push(at)
        to.push(index >= 0 ? index : ~index)
      }
    }
  }
  const doomed = firstThatCannotReach(rests, from, to, store.count)
  if (doomed === undefined) return undefined
  return { violation: ROUND_FOR_EVER, point: ROUND_FOR_EVER.what, schedule: way.to(doomed) }
}

function firstThatCannotReach(
  goals: readonly number[],
  from: readonly number[],
  to: readonly number[],
  count: number,
): number | undefined {
  // Edges sorted by their target: those into state s are order[start[s]] to order[start[s + 1] - 1].
  const start = new Int32Array(count + 1)
  for (const target of to) start[target + 1]!++
  for (let s = 0; s < count; s++) start[s + 1]! += start[s]!
  const order = new Int32Array(to.length)
  const next = start.slice()
  to.forEach((target, edge) => {
    order[next[target]!++] = edge
  })
  const reaches = new Uint8Array(count)
  const todo = [...goals]
  for (const goal of goals) reaches[goal] = 1
  for (let target = todo.pop(); target !== undefined; target = todo.pop()) {
    for (let i = start[target]!; i < start[target + 1]!; i++) {
      const source = from[order[i]!]!
      if (reaches[source] === 1) continue
      reaches[source] = 1
      todo.push(source)
    }
  }
  const doomed = reaches.indexOf(0)
  return doomed < 0 ? undefined : doomed
}
