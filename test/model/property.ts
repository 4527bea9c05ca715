import assert from 'node:assert/strict'
import fc from 'fast-check'
import { turns } from '../support/latch.ts'
import { Model, type Settings } from './model.ts'
import { operations } from './operations.ts'
import { write } from './perform.ts'
import { NAMES, type Name, type Script, scripts } from './script.ts'
import { compare, Step } from './step.ts'
import { World } from './world.ts'

const settings: fc.Arbitrary<Settings> = fc.record({
  scheme: fc.constantFrom('collect', 'retain', 'refcount'),
  grace: fc.constantFrom(0, Number.POSITIVE_INFINITY),
  lateCalls: fc.constantFrom('run', 'run', 'forward', 'fail'),
  params: fc.constantFrom<Settings['params']>({}, { a: { n: 7 } }),
  blacklist: fc.constantFrom<Name[][]>([], ['a'], ['b', 'd']),
})

const disk: fc.Arbitrary<Partial<Record<Name, Omit<Script, 'version'>>>> = fc.record(
  Object.fromEntries(NAMES.map(name => [name, scripts])),
  { requiredKeys: [] },
)

const steps = fc.commands([operations.map(operation => new Step(operation))], { maxCommands: 40, size: 'max' })

/** Whatever is done to a kernel, it does what the model says. */
export function property() {
  const unhandled: unknown[] = []
  process.on('unhandledRejection', reason => unhandled.push(reason))
  return fc.asyncProperty(settings, disk, steps, async (set, files, commands) => {
    const model = new Model(set)
    const world = new World(set)
    try {
      for (const [name, script] of Object.entries(files)) write(model, world, name as Name, script)
      await fc.asyncModelRun(() => ({ model, real: world }), commands)
      for (const door of model.doors.filter(({ opened }) => !opened)) {
        door.opened = 'well'
        world.hub.open(door.key, 'well')
        await compare(model, world)
      }
    } finally {
      await world.end()
    }
    await turns(2)
    assert.deepEqual(unhandled.splice(0), [], 'no rejection is unhandled')
  })
}
