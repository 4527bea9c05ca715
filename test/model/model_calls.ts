import { type Entry, type Flight, labelOf, type Mod, type Model, Refusal, type Steps } from './model.ts'
import { isCounted, takeOut } from './model_remove.ts'

/** What an operation is asked to do. */
export type How = 'answers' | 'throws' | 'resolves' | 'rejects' | 'waits' | 'offers' | 'withdraws'

const stale = (mod: Mod, name: string): Refusal => new Refusal('ESTALE', `${labelOf(mod)}: ${name} is gone: `)

/** By a pointer that the host got from a point, which may be old. */
export function* call(model: Model, entry: Entry, how: How, door: string): Steps<unknown> {
  const { mod } = entry
  const name = entry.point === 'q' ? `q.call` : entry.key
  if (mod.state === 'LIVE') return yield* runsIn(model, mod, how, door, name)
  mod.lateCalls++
  const { lateCalls } = model.settings
  if (mod.cut || isCounted(mod) || lateCalls === 'fail') throw stale(mod, name)
  const current = lateCalls === 'forward' ? model.find(mod.name) : undefined
  const successor =
    current?.state === 'LIVE'
      ? model.points[entry.point].find(other => other.mod === current && other.key === entry.key)
      : undefined
  return yield* runsIn(model, successor ? successor.mod : mod, how, door, name)
}

function* runsIn(model: Model, mod: Mod, how: How, door: string, name: string): Steps<unknown> {
  switch (how) {
    case 'throws':
      throw new Refusal('Error', 'on purpose')
    case 'answers':
      return model.answer(mod)
    case 'offers': {
      if (mod.state !== 'LIVE' && !mod.waiting) throw new Refusal('ESTALE', `${labelOf(mod)}: register('p') is gone: `)
      const entry: Entry = { mod, point: 'p', key: `${mod.name}7` }
      mod.offered.push(entry)
      if (mod.state === 'LIVE') {
        model.points.p.push(entry)
        model.pointers.push(entry)
        model.log.push(`add p ${entry.key} ${labelOf(mod)}`)
      }
      return model.answer(mod)
    }
    case 'withdraws': {
      const entry = mod.offered.shift()
      if (entry) takeOut(model, entry)
      return model.answer(mod)
    }
    case 'resolves':
    case 'rejects':
    case 'waits': {
      const flight: Flight = { refused: false }
      mod.flights.push(flight)
      try {
        if (how === 'waits') {
          const gate = model.door(door)
          const { value } = gate.next()
          yield () => flight.refused || (value as () => boolean)()
          if (flight.refused) throw stale(mod, name)
          try {
            gate.next()
          } catch {
            throw new Refusal('Error', 'on purpose')
          }
        } else yield () => true
        if (how === 'rejects') throw new Refusal('Error', 'on purpose')
        return model.answer(mod)
      } finally {
        mod.flights.splice(mod.flights.indexOf(flight), 1)
      }
    }
  }
}
