/**
 * A day of one process: `day_cycles.mjs outlive|bare CYCLES BASE MODULES`. Prints `{ base, end, collected, ms }`: memory after BASE cycles and at the end, in bytes, how many images
 * were collected, and the milliseconds that a cycle took. `bare` has no Outlive: it compiles the same texts, runs them, calls them and forgets them.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { createKernel } from '../../dist/index.js'
import { runBare } from './bare_script.mjs'
import { settle } from './heap.mjs'

const [who, ...numbers] = process.argv.slice(2)
const [cycles, baseCycles, modules] = numbers.map(Number)
const FUNCTIONS = 20
const CALLS = 3
const LEFT_BEHIND = 'setInterval(() => f0(0), 60_000)'

/** Another version in every cycle, with functions, a timer that is left behind where there is somebody to close it, and calls that end when they are told. */
const text = (name, version) => `
const waiting = []
${Array.from({ length: FUNCTIONS }, (_, n) => `export const f${n} = x => ({ x, version: ${version}, n: ${n} })`).join('\n')}
export function init(k) {
  ${who === 'outlive' ? LEFT_BEHIND : ''}
  k.register('work', { key: '${name}', work: () => new Promise(resolve => waiting.push(resolve)), end: () => waiting.forEach(resolve => resolve(${version})) })
}
`

const folder = mkdtempSync(join(tmpdir(), 'outlive-day-'))
let version = 0
let collected = 0

function write(name) {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, text(name, ++version))
  return file
}

/** How a module comes, is found, and goes. */
const sides = {
  outlive() {
    const kernel = createKernel()
    kernel.on('collected', () => collected++)
    const work = kernel.point('work')
    return {
      insert: name => kernel.insmod(write(name)),
      find: name => work.get(name),
      remove: async name => (await kernel.rmmod(name)).callsInFlight,
    }
  },
  bare() {
    const faces = new Map()
    return {
      async insert(name) {
        const file = write(name)
        runBare(readFileSync(file, 'utf8'), file)({ register: (_, face) => faces.set(name, face) })
      },
      find: name => faces.get(name),
      async remove(name) {
        faces.delete(name)
        return CALLS
      },
    }
  },
}
const { insert, find, remove } = sides[who]()

/** Its calls are under way when it is removed, and end after that. */
async function cycle(name) {
  const face = find(name)
  const calls = Array.from({ length: CALLS }, () => face.work())
  const { end } = face
  const removing = remove(name)
  end()
  await Promise.all(calls)
  const inFlight = await removing
  if (inFlight !== CALLS) throw new Error(`${inFlight} calls in flight, not ${CALLS}`)
  await insert(name)
}

async function measured() {
  await settle(6)
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed, resident: rss }
}

try {
  const names = Array.from({ length: modules }, (_, n) => `module${n}`)
  for (const name of names) await insert(name)
  const started = performance.now()
  let base
  for (let done = 1; done <= cycles; done++) {
    await cycle(names[done % modules])
    if (done % 10 === 0) await setImmediate()
    if (done === baseCycles) base = await measured()
    if (process.stderr.isTTY && done % 500 === 0) process.stderr.write(`\r${who}: ${done} of ${cycles} cycles`)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const ms = (performance.now() - started) / cycles
  const end = await measured()
  console.log(JSON.stringify({ base, end, collected, ms }))
} finally {
  rmSync(folder, { recursive: true })
}
// What was left behind by the modules that are still there would keep the process.
process.exit()
