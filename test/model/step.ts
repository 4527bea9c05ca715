import assert from 'node:assert/strict'
import type { AsyncCommand } from 'fast-check'
import { turns } from '../support/latch.ts'
import { type Entry, labelOf, type Mod, type Model, type Outcome } from './model.ts'
import { countOf } from './model_remove.ts'
import type { Operation } from './operations.ts'
import { isPossible, perform } from './perform.ts'
import type { World } from './world.ts'

/** Nothing takes longer; then it hangs. In milliseconds. */
const PATIENCE = 15_000

/** One operation, done to both, and everything compared once neither has anything left to do. */
export class Step implements AsyncCommand<Model, World> {
  readonly operation: Operation

  constructor(operation: Operation) {
    this.operation = operation
  }

  check(model: Readonly<Model>): boolean {
    return isPossible(model as Model, this.operation)
  }

  async run(model: Model, world: World): Promise<void> {
    model.moved.clear()
    perform(model, world, this.operation)
    await compare(model, world)
  }

  toString(): string {
    return JSON.stringify(this.operation)
  }
}

export async function compare(model: Model, world: World): Promise<void> {
  model.settle()
  await rest(model, world)
  const said = world.hub.said.splice(0)
  const told = model.log.splice(0)
  const isStrict = model.moved.size <= 1 && !model.isLoose
  model.isLoose = false
  if (isStrict) assert.deepEqual(said, told, 'what happened, in order')
  else {
    assert.deepEqual([...said].sort(), [...told].sort(), 'what happened')
    for (const label of new Set(told.map(last)))
      assert.deepEqual(
        said.filter(line => last(line) === label),
        told.filter(line => last(line) === label),
        `what happened to ${label}`,
      )
    adoptOrder(model, world)
  }
  assert.deepEqual(world.look(), look(model), 'what there is')
  const expected = [...model.tasks].sort(byId)
  const found = [...world.asked].sort(byId).map(({ what, outcome }, index) => ({
    what,
    outcome: shortened(outcome, expected[index]?.outcome),
  }))
  assert.deepEqual(
    found,
    expected.map(({ what, outcome }) => ({ what, outcome })),
    'what came of it',
  )
  world.asked.splice(0, world.asked.length, ...world.asked.filter(({ outcome }) => !outcome))
  model.tasks.splice(0, model.tasks.length, ...model.tasks.filter(({ outcome }) => !outcome))
}

const last = (line: string): string => line.slice(line.lastIndexOf(' ') + 1)

/** Waits until what has to happen has happened, and a little longer for what must not. */
async function rest(model: Model, world: World): Promise<void> {
  const until = Date.now() + PATIENCE
  const closed = (): string[] => model.doors.filter(({ opened }) => !opened).map(({ key }) => key)
  const isThere = (): boolean =>
    model.tasks.every(({ id, outcome }) => !outcome || world.asked.find(one => one.id === id)?.outcome !== undefined) &&
    world.hub.waiting.length === closed().length &&
    world.hub.said.length >= model.log.length
  while (!isThere() && Date.now() < until) await turns(1)
  await turns(2)
  assert.deepEqual(world.hub.waiting.map(({ key }) => key).sort(), closed().sort(), 'who waits at a door')
}

const byId = (a: { readonly id: number }, b: { readonly id: number }): number => a.id - b.id

/** The model knows how the text of a refusal begins. */
const shortened = (found: Outcome | undefined, expected: Outcome | undefined): Outcome | undefined =>
  found && expected && 'code' in found && 'code' in expected
    ? { code: found.code, text: found.text.slice(0, expected.text.length) }
    : found

/** Where several things happen at once their order is the system's: what came in when is taken from the kernel. */
function adoptOrder(model: Model, world: World): void {
  const order = world.kernel.lsmod().map(({ name }) => name as string)
  model.list.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
  for (const name of ['p', 'q'] as const) {
    const place = (entry: Entry): number => world.placeOf(entry)
    const before = [...model.points[name]]
    model.points[name].sort((a, b) => place(a) - place(b))
    for (const { mod } of before)
      assert.deepEqual(
        model.points[name].filter(entry => entry.mod === mod),
        before.filter(entry => entry.mod === mod),
      )
  }
}

/** What `World.look` must see. */
function look(model: Model): unknown {
  const lines = (entries: readonly Entry[]): string[] =>
    entries.map(({ mod, key }) => `${key} ${labelOf(mod)} ${model.answer(mod)}`)
  const holders = (mod: Mod): string[] => model.holders(mod).map(({ name }) => name)
  const isLeft = (mod: Mod): boolean => mod.hasRun && mod.script.leaves === 'listener'
  return {
    list: model.list.map(mod => {
      const using = holders(mod).sort()
      return `${labelOf(mod)} ${mod.state} ${mod.scheme} ${using.length + countOf(mod)} ${using.join()}`
    }),
    taints: [...model.taints].sort(),
    p: lines(model.points.p),
    q: lines(model.points.q),
    listeners: [...model.list, ...model.outgoing, ...model.nexts].filter(isLeft).length,
    retained: model.gone
      .filter(({ scheme }) => scheme === 'retain')
      .map(mod => `${labelOf(mod)} ${mod.flights.length} ${mod.lateCalls}`)
      .sort(),
  }
}
