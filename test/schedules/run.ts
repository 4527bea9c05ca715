import { begin, callAll, put } from './operations.ts'
import { NAMES, type Name, type Program } from './program.ts'
import { look, lookAtEnd, lookAtLimits, watch } from './rules.ts'
import { type Chooser, TooManySteps } from './schedule.ts'
import { type Carrier, Violation, World } from './world.ts'

/** More than any program of ten operations can need. */
const MOST_STEPS = 1500

let unhandled: unknown[] = []
process.on('unhandledRejection', reason => unhandled.push(reason))

/** A rule broken, with everything that led to it. */
export class BrokenRule extends Error {
  readonly rule: string

  constructor(violation: Violation, world: World) {
    super(`${violation.message}\n\n${world.timeline}\n`, { cause: violation })
    this.name = 'BrokenRule'
    this.rule = violation.rule
    this.stack = `${this.name}: ${this.message}`
  }
}

/**
 * Runs a program under a schedule, to the very end: first as it is, then with everything ended that would never end by itself, then closes the kernel.
 *
 * @throws BrokenRule
 */
export async function run(program: Program, chooser: Chooser, carrier: Carrier): Promise<World> {
  const world = new World(program, chooser, carrier)
  const { schedule } = world
  unhandled = []
  const go = () =>
    schedule.run(
      MOST_STEPS,
      () => watch(world),
      () => {
        look(world)
        if (unhandled.length > 0) world.fail('no rejection unhandled', String((unhandled[0] as Error)?.stack))
        if (world.violation) throw world.violation
      },
    )
  try {
    for (const name of toLoad(program)) {
      begin(world, { do: 'insmod', module: name })
      await go()
    }
    void operate(world)
    await go()
    lookAtLimits(world)
    callAll(world)
    world.host('(everything that would never end, ends)')
    world.endAll()
    while (world.references.length > 0) put(world, 0)
    await go()
    callAll(world)
    lookAtEnd(world)
    begin(world, { do: 'close' })
    await go()
    lookAtEnd(world)
    world.check(world.core.modules.size === 0, 'nothing is left behind', () => 'modules stay after close()')
    if (world.violation) throw world.violation
    return world
  } catch (error) {
    if (error instanceof Violation) throw new BrokenRule(error, world)
    if (error instanceof TooManySteps)
      throw new BrokenRule(new Violation('every promise settles', error.message), world)
    throw error
  }
}

/** What is to be there at the beginning, with what it imports from, dependencies first. */
function toLoad({ loaded, disk }: Program): Name[] {
  const wanted = new Set(loaded)
  for (const name of wanted) for (const used of disk[name].imports) wanted.add(used)
  return NAMES.filter(name => wanted.has(name)).reverse()
}

/** One after the other, each when its turn comes. */
async function operate(world: World): Promise<void> {
  for (const operation of world.program.operations) {
    await world.schedule.hostTurn()
    begin(world, operation)
  }
}
