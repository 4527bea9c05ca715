import {
  columns,
  createModel,
  DEFAULT_LIMITS,
  DEFAULT_STRESS,
  type Exploration,
  explore,
  isModelName,
  LARGEST,
  MODEL_NAMES,
  type ModelName,
  modelOfSeed,
  RacesModelError,
  replay,
  SMALLEST,
  schemeTable,
  stressAll,
  timeline,
} from '../races/index.ts'
import { attempt } from './attempt.ts'
import type { Command, CommandLine } from './command.ts'
import { styled, type Terminal } from './terminal.ts'
import { UsageError, valuesOf, wholeNumber } from './usage.ts'

/** Nothing is drawn before this many milliseconds: what is over at once needs no progress. */
const QUIET = 1000

export const races: Command = {
  name: 'races',
  summary: 'find races of module unloading, by trying every schedule',
  details: 'It tries models of six schemes; no host is needed.',
  options: [
    { flags: '--model <name>', description: `one of ${MODEL_NAMES.join(', ')}`, repeatable: true },
    { flags: '--cpus <n>', description: `virtual CPUs: one unloads, the others call (default ${SMALLEST.cpus})` },
    { flags: '--modules <n>', description: `modules (default ${SMALLEST.modules})` },
    { flags: '--rounds <n>', description: `times that each CPU runs its program (default ${SMALLEST.rounds})` },
    { flags: '--depth <n>', description: `most steps in a schedule (default ${DEFAULT_LIMITS.maxDepth})` },
    { flags: '--max-states <n>', description: `most states for a model (default ${DEFAULT_LIMITS.maxStates})` },
    { flags: '--time <seconds>', description: `most seconds for a model (default ${DEFAULT_LIMITS.timeLimit / 1000})` },
    { flags: '--full', description: 'without partial-order reduction: every order of every two steps' },
    { flags: '--all', description: 'print the timeline of every race, not only of the nearest' },
    { flags: '--replay <seed>', description: 'run one schedule again and print its timeline' },
    { flags: '--threads', description: 'run inside, outside and retain on real threads instead' },
    { flags: '--calls <n>', description: `with --threads: calls under each scheme (default ${DEFAULT_STRESS.calls})` },
  ],
  examples: [
    'outlive races',
    'outlive races --model inside --all',
    'outlive races --model collect --cpus 3 --modules 2',
    'outlive races --replay inside.2.1.1.0111110',
    'outlive races --threads --calls 1000000',
  ],
  run: line => attempt('races', line, () => runAsked(line)),
}

/** @throws UsageError also for what the models refuse: a size, or a seed that none of them has */
async function runAsked(line: CommandLine): Promise<number> {
  try {
    if (line.options.replay !== undefined) return replayOne(line)
    return line.options.threads === true ? await runThreads(line) : exploreAll(line)
  } catch (error) {
    if (error instanceof RangeError || error instanceof RacesModelError) throw new UsageError(error.message)
    throw error
  }
}

/** 0 when every scheme is found to be what it is known to be, 1 when one is not or its exploration did not end. */
function exploreAll({ options, terminal }: CommandLine): number {
  const size = definedOnly({
    cpus: wholeNumber(options, 'cpus', SMALLEST.cpus, LARGEST.cpus),
    modules: wholeNumber(options, 'modules', SMALLEST.modules, LARGEST.modules),
    rounds: wholeNumber(options, 'rounds', SMALLEST.rounds, LARGEST.rounds),
  })
  const seconds = wholeNumber(options, 'time', 1, 86_400)
  const limits = definedOnly({
    maxDepth: wholeNumber(options, 'depth', 1, 1_000_000),
    maxStates: wholeNumber(options, 'maxStates', 1, 100_000_000),
    timeLimit: seconds === undefined ? undefined : seconds * 1000,
  })
  const models = modelNames(options).map(name => createModel(name, size))
  const explorations = models.map(model => {
    const exploration = explore(model, {
      ...limits,
      reduction: options.full !== true,
      onProgress: ({ states, depth, ms }) => {
        if (ms >= QUIET) terminal.progress(`${model.name}: ${states} states, ${depth} steps deep, ${inSeconds(ms)}`)
      },
    })
    terminal.progress('')
    return exploration
  })
  if (terminal.json) terminal.data({ models: explorations.map(asData) })
  else print(explorations, options.all ? ALL_RACES : THE_NEAREST, terminal)
  const wrong = explorations.filter(
    ({ model, verdict, limit }) => verdict !== model.expects || (limit && verdict !== 'race'),
  )
  for (const { model, verdict, message } of wrong)
    terminal.err(
      verdict === 'unfinished'
        ? `races: ${model.name}: ${message}`
        : `races: ${model.name}: expected ${model.expects}, found ${verdict}`,
    )
  return wrong.length === 0 ? 0 : 1
}

/** How many races of each model are told of. */
const THE_NEAREST = 1
const ALL_RACES = Number.POSITIVE_INFINITY

function print(explorations: readonly Exploration[], most: number, terminal: Terminal): void {
  for (const { model, races: found, message } of explorations) {
    for (const race of found.slice(0, most)) {
      terminal.out(styled('bold', `${model.name}: ${model.summary}`))
      terminal.outText(timeline(model, race.seed))
      terminal.out(`     ${race.shortest ? 'no shorter schedule does it' : 'a shorter schedule may exist'}; again with`)
      terminal.out(`     outlive races --replay ${race.seed}`)
      terminal.out('')
    }
    if (message !== undefined && found.length > 0) terminal.outText(`${model.name}: ${message}\n`)
  }
  terminal.outText(schemeTable(explorations, { times: true }))
}

/** 0 when something goes wrong in the schedule, as a seed of a race says; 1 when it goes well. */
function replayOne({ options, terminal }: CommandLine): number {
  const seed = String(options.replay)
  const model = modelOfSeed(seed)
  const { steps, violation } = replay(model, seed)
  if (terminal.json) terminal.data({ model: model.name, seed, steps, violation: violation ?? null })
  else terminal.outText(timeline(model, seed))
  if (violation !== undefined) return 0
  terminal.err(`races: nothing goes wrong in ${seed}`)
  return 1
}

/** 0 when no call ran code that was gone where the scheme promises so; 1 when one did. */
async function runThreads({ options, terminal }: CommandLine): Promise<number> {
  const seconds = wholeNumber(options, 'time', 1, 86_400)
  const cpus = wholeNumber(options, 'cpus', SMALLEST.cpus, LARGEST.cpus)
  const bounds = definedOnly({
    calls: wholeNumber(options, 'calls', 1, 10_000_000_000),
    callers: cpus === undefined ? undefined : cpus - 1,
    timeLimit: seconds === undefined ? undefined : seconds * 1000,
  })
  terminal.progress('inside: calling on real threads')
  const results = await stressAll(bounds, result => terminal.progress(`${result.scheme}: ${inSeconds(result.ms)}`))
  terminal.progress('')
  if (terminal.json) terminal.data({ threads: results })
  else {
    const head = [
      'scheme',
      'calls',
      'turned away',
      'unloads',
      'refused',
      'into gone code',
      'per million',
      'seconds',
      'ended by',
    ]
    const rows = results.map(r => [
      r.scheme,
      ...[r.calls, r.turnedAway, r.unloads, r.refused, r.gone].map(String),
      r.gonePerMillion.toFixed(1),
      (r.ms / 1000).toFixed(1),
      r.ended,
    ])
    terminal.outText(columns([head, ...rows], 1))
  }
  const broken = results.filter(({ scheme, gone }) => scheme !== 'inside' && gone > 0)
  for (const { scheme, gone } of broken) terminal.err(`races: ${scheme}: ${gone} calls ran code that was gone`)
  return broken.length === 0 ? 0 : 1
}

function asData({ model, races: found, ...rest }: Exploration): object {
  return {
    model: model.name,
    summary: model.summary,
    expects: model.expects,
    ...rest,
    statesPerSecond: Math.round((rest.states / Math.max(rest.ms, 0.001)) * 1000),
    races: found.map(({ kind, point, what, schedule, seed, shortest }) => ({
      kind,
      point,
      what,
      length: schedule.length,
      shortest,
      seed,
      timeline: timeline(model, seed).split('\n'),
    })),
  }
}

function modelNames(options: CommandLine['options']): readonly ModelName[] {
  const given = valuesOf(options.model)
  if (given.length === 0) return MODEL_NAMES
  return given.map(name => {
    if (!isModelName(name)) throw new RangeError(`no model is called ${name}: they are ${MODEL_NAMES.join(', ')}`)
    return name
  })
}

/** Leaves out what was not given, so that the defaults stand. */
function definedOnly<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
