/**
 * What a call through an extension point costs, against a direct call of the same function from a list, and against a get/put pair around it, for loops over
 * one function, over 16, and over 256 of many kinds.
 *
 *   node bench/calls.mjs [--rounds 101] [--json]
 *
 * Every figure is the median of rounds in which all variants take turns, each in a loop of its own that no other warms up or spoils. Results are summed up and checked.
 * What the gate adds does not depend on what is called, so the least work from which a call costs at most a tenth more is told too.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKernel } from '../dist/index.js'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { median } from './support/statistics.mjs'

const { values } = parseOptions({
  options: { rounds: { type: 'string', default: '101' }, json: { type: 'boolean', default: false } },
})
const ROUNDS = Number(values.rounds)
/** How long one turn of a variant is to take: long for the clock, short for the machine's other work, which then falls into few turns. */
const TURN_MS = 0.5
const WARM_UP_TURNS = 40

const SHAPES = { 'one function': 1, '16 functions': 16, '256 functions': 256 }
/** Source of a function of one number, which gives a number; `k` makes each its own. */
const SYNC = {
  nothing: k => `x => x + ${k}`,
  'an answer in JSON': k =>
    `x => JSON.stringify({ id: x, name: 'guest ${k}', tags: ['a', 'b'], total: x * ${k} }).length`,
}
const ASYNC = {
  nothing: k => `async x => x + ${k}`,
  'a turn of the event loop': k => `x => new Promise(resolve => setImmediate(resolve, x + ${k}))`,
}

const folder = mkdtempSync(join(tmpdir(), 'outlive-calls-'))
const kernel = createKernel()
let made = 0

/** The same functions as a point gives them and as the module has them, in the same order. */
async function register(source, count) {
  const name = `calls${++made}`
  const file = join(folder, `${name}.mjs`)
  const functions = Array.from({ length: count }, (_, k) => source(k + 1)).join(',\n  ')
  writeFileSync(
    file,
    `const list = [\n  ${functions}\n]\nglobalThis.directly = list\nexport const init = k => { for (const fn of list) k.register('${name}', fn) }\n`,
  )
  await kernel.insmod(file)
  const { directly } = globalThis
  delete globalThis.directly
  return { name, point: kernel.point(name), directly }
}

/** A loop that has been compiled for nobody else. */
const loop = (call, isAsync) =>
  new Function(
    'list',
    'rounds',
    'kernel',
    'name',
    `return ${isAsync ? '(async () => {' : '(() => {'} let sum = 0
     for (let x = 0; x < rounds; x++) for (const fn of list) sum = (sum + ${call}) | 0
     return sum })()`,
  )

const withReference = call =>
  `(${call.startsWith('await') ? 'await (async' : '('} () => { const reference = kernel.tryModuleGet(name); try { return ${call} } finally { kernel.modulePut(reference) } })())`

/** Nanoseconds a call of each variant. */
async function measure(source, count, isAsync) {
  const { name, point, directly } = await register(source, count)
  const call = isAsync ? 'await fn(x)' : 'fn(x)'
  const variants = {
    direct: { list: directly, run: loop(call, isAsync) },
    point: { list: point, run: loop(call, isAsync) },
    reference: { list: directly, run: loop(withReference(call), isAsync) },
  }
  const turn = async (variant, rounds) => {
    const started = performance.now()
    const sum = await variant.run(variant.list, rounds, kernel, name)
    return { ms: performance.now() - started, sum }
  }
  for (const variant of Object.values(variants)) {
    variant.rounds = 1
    variant.times = []
    for (let warm = 0; warm < WARM_UP_TURNS; ) {
      const { ms } = await turn(variant, variant.rounds)
      if (ms < TURN_MS / 2) variant.rounds *= 2
      else warm++
    }
  }
  // The same number of calls for all but the slowest, whose results are then the same.
  variants.point.rounds = variants.direct.rounds
  for (let round = 0; round < ROUNDS; round++) {
    const sums = []
    for (const variant of rotated(Object.values(variants), round)) {
      const { ms, sum } = await turn(variant, variant.rounds)
      variant.times.push((ms * 1e6) / (variant.rounds * count))
      if (variant !== variants.reference) sums.push(sum)
    }
    if (sums[0] !== sums[1]) throw new Error(`the point's functions gave ${sums[1]}, the module's ${sums[0]}`)
  }
  await kernel.rmmod(name)
  return Object.fromEntries(Object.entries(variants).map(([key, { times }]) => [key, median(times)]))
}

const rotated = (list, by) => list.map((_, index) => list[(index + by) % list.length])

/** Bytes of heap that a call leaves to the collector, over calls that are few enough for it not to come; the median of several runs. */
async function allocated(source, count) {
  const { name, point, directly } = await register(source, count)
  const bytes = (list, run, rounds) => {
    const before = process.memoryUsage().heapUsed
    run(list, rounds)
    return (process.memoryUsage().heapUsed - before) / (rounds * count)
  }
  const runs = { point: loop('fn(x)', false), directly: loop('fn(x)', false) }
  const found = { point: [], directly: [] }
  for (let round = 0; round < 200; round++)
    for (const [key, list] of [
      ['point', point],
      ['directly', directly],
    ]) {
      const taken = bytes(list, runs[key], 2000)
      if (round > 100 && taken >= 0) found[key].push(taken)
    }
  await kernel.rmmod(name)
  return median(found.point) - median(found.directly)
}

const LIMIT = 1.1
const rows = []
async function measureAll(kind, bodies, isAsync) {
  for (const [body, source] of Object.entries(bodies))
    for (const [shape, count] of Object.entries(SHAPES)) {
      const { direct, point, reference } = await measure(source, count, isAsync)
      const works = body !== 'nothing'
      const what = `${kind}, ${shape} of ${body}`
      rows.push(row(`${what}: direct`, direct, 'ns'))
      rows.push(row(`${what}: through the point`, point, 'ns'))
      rows.push(row(`${what}: point / direct`, point / direct, 'x', works ? { atMost: LIMIT } : {}))
      if (!works) {
        rows.push(row(`${what}: direct, with a get and a put`, reference, 'ns'))
        rows.push(row(`${what}: work of which the point adds a tenth`, Math.max(0, point - direct) / (LIMIT - 1), 'ns'))
      }
    }
}

try {
  await measureAll('sync', SYNC, false)
  await measureAll('async', ASYNC, true)
  rows.push(row('sync: heap taken by a call', Math.max(0, await allocated(SYNC.nothing, 16)), 'bytes', { below: 1 }))
} finally {
  await kernel.close()
  rmSync(folder, { recursive: true })
}
report({ bench: 'calls', rows }, values)
