import type { ColdplugReport } from 'outlive'
import type { Name, Wanted } from './program.ts'
import type { Promised, World } from './world.ts'

/** The modules that a name or alias stands for. */
const modulesOf = (world: World, wanted: Wanted): readonly Name[] =>
  wanted === 'any' ? world.program.advice.any : wanted === 'none' ? [] : [wanted]

/** Loads by name or alias, so many times at once. */
export function probe(world: World, what: string, wanted: Wanted, works: readonly Promise<unknown>[]): void {
  const before = new Map(world.ledger.serving)
  const labels = world.codes.size
  byThemselves(world, what, works, (promised, answers) => {
    const served = [...world.codes.keys()].slice(labels).filter(label => world.ledger.history(label).includes('live'))
    const names = served.map(label => label.slice(0, label.indexOf('#')))
    const failed = promised.some(one => one.failed)
    world.check(
      failed || new Set(names).size === names.length,
      'what is asked for at once is loaded once',
      () => `${what} loads ${served.join(', ')}`,
    )
    if (failed) tookOut(world, what, before)
    else isThere(world, what, wanted, answers)
  })
}

/** A modprobe that fails leaves everything as it was. */
function tookOut(world: World, what: string, before: ReadonlyMap<string, string>): void {
  if (Object.values(world.disk).some(({ permanent }) => permanent)) return
  const after = world.ledger.serving
  world.check(
    [...after].every(([name, label]) => before.get(name) === label) && after.size === before.size,
    'a modprobe that fails takes out what it brought in',
    () => `${what} leaves ${[...after.values()].join(', ')}, before it was ${[...before.values()].join(', ')}`,
  )
}

/** One that succeeds has loaded what was asked for, unless a hook has done something else. */
function isThere(world: World, what: string, wanted: Wanted, answers: readonly unknown[]): void {
  const modules = modulesOf(world, wanted)
  if (modules.length === 0) {
    world.check(
      answers.every(answer => answer === false),
      'nothing is found where there is nothing',
      () => `${what} answers ${answers}`,
    )
    return
  }
  for (const name of modules)
    world.check(
      world.ledger.serving.has(name) || world.program.advice.install[name] !== undefined,
      'what was asked for is there',
      () => `${what} succeeds, and ${name} is not LIVE`,
    )
}

/** Removes by name or alias, with what was there only for that. */
export function unprobe(world: World, wanted: Wanted, what: string): void {
  byThemselves(world, what, [world.kernel.modprobeRemove(wanted)], ([promised]) => {
    if (promised!.failed) return
    for (const name of modulesOf(world, wanted))
      world.check(
        !world.ledger.serving.has(name) || world.program.advice.remove[name] !== undefined,
        'what was to be removed is gone',
        () => `${what} succeeds, and ${world.ledger.serving.get(name)} is LIVE`,
      )
  })
}

/** Keeps what finds something and nothing else. */
export function findOut(world: World, what: string, work: Promise<ColdplugReport>): void {
  byThemselves(world, what, [work], ([promised], [report]) => {
    if (promised!.failed) return
    const { kept, needed, removed } = report as ColdplugReport
    const { serving } = world.ledger
    const wrong = [
      ...[...kept, ...needed].filter(name => !serving.has(name)),
      ...removed.filter(name => serving.has(name)),
    ]
    world.check(wrong.length === 0, 'what is kept is there, what is removed is not', () => wrong.join(', '))
  })
}

/** Looks at what became of operations when nothing else was under way from their beginning to their end: then it is plain what must be. */
function byThemselves(
  world: World,
  what: string,
  works: readonly Promise<unknown>[],
  look: (promised: readonly Promised[], answers: readonly unknown[]) => void,
): void {
  const quiet = world.promised.every(({ settled }) => settled)
  const promised = works.map(work => world.promise(what, work))
  const begun = world.begun
  const others = world.promised.length
  void Promise.allSettled(works).then(outcomes => {
    if (!quiet || world.begun !== begun || world.promised.length !== others) return
    look(
      promised,
      outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value : undefined)),
    )
  })
}
