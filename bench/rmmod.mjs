/**
 * How long `rmmod` takes until everything that the kernel knows of a module is gone, which is when it returns its promise; with 1, 1000 and 10,000 modules LIVE, and with
 * no call, 1000 and 10,000 calls in flight in the module that goes. Making calls leaves less of the module in the processor's caches, which costs some microseconds however
 * many there are; so growth is told from 1000 to 10,000.
 *
 *   node bench/rmmod.mjs [--rounds 51] [--json]
 *
 * Each round inserts and removes in every one of the situations, in turns. Medians.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKernel } from '../dist/index.js'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { median } from './support/statistics.mjs'

const { values } = parseOptions({
  options: { rounds: { type: 'string', default: '51' }, json: { type: 'boolean', default: false } },
})
const ROUNDS = Number(values.rounds)
const WARM_UP_ROUNDS = 20
const LIVE = [1, 1000, 10_000]
const CALLS = [0, 1000, 10_000]
const LIMIT_US = 50
/** How much two medians of the same thing may differ here. */
const FLAT = 1.5

const folder = mkdtempSync(join(tmpdir(), 'outlive-rmmod-'))
const module = name => {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(
    file,
    `let end
const ended = new Promise(resolve => (end = resolve))
export const init = k => {
  k.register('work', async () => ended)
  k.register('end', () => end())
}
`,
  )
  return file
}

/** A kernel with so many modules LIVE besides the one that goes. */
async function kernelWith(live) {
  const kernel = createKernel()
  for (let n = 1; n < live; n++) await kernel.insmod(module(`other${n}`))
  return kernel
}

/** The operations that the module registers last at a point, without a search among all others. */
function latest(point) {
  let found
  const note = entry => (found = entry)
  point.on('add', note)
  return () => {
    point.off('add', note)
    return found
  }
}

async function removal(kernel, calls) {
  const taken = [latest(kernel.point('work')), latest(kernel.point('end'))]
  await kernel.insmod(module('before'))
  await kernel.insmod(module('goes'))
  const [work, end] = taken.map(take => take())
  const inFlight = Array.from({ length: calls }, () => work())
  // Another one first, so that the code is in the processor's caches whatever the calls have left there.
  const before = kernel.rmmod('before')
  const started = performance.now()
  const removing = kernel.rmmod('goes')
  const us = (performance.now() - started) * 1000
  if (kernel.lsmod().find(({ name }) => name === 'goes')?.state !== 'GOING') throw new Error('it is not GOING')
  if (kernel.point('work').get('goes') !== undefined) throw new Error('its operations are there yet')
  end()
  await Promise.all(inFlight)
  await before
  const { callsInFlight, drained } = await removing
  if (callsInFlight !== calls || !drained) throw new Error(`${callsInFlight} calls in flight, not ${calls}`)
  return us
}

const rows = []
try {
  const situations = []
  for (const live of LIVE) {
    const kernel = await kernelWith(live)
    for (const calls of CALLS) situations.push({ kernel, live, calls, times: [] })
  }
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++)
    for (const situation of situations) {
      const us = await removal(situation.kernel, situation.calls)
      if (round >= 0) situation.times.push(us)
    }
  const figure = (live, calls) => median(situations.find(entry => entry.live === live && entry.calls === calls).times)
  for (const { live, calls } of situations)
    rows.push(
      row(`until nothing is known, ${live} LIVE, ${calls} calls in flight`, figure(live, calls), 'us', {
        below: LIMIT_US,
      }),
    )
  for (const calls of CALLS)
    rows.push(
      row(`10,000 LIVE / 1 LIVE, ${calls} calls in flight`, figure(10_000, calls) / figure(1, calls), 'x', {
        atMost: FLAT,
      }),
    )
  for (const live of LIVE)
    rows.push(
      row(`10,000 calls in flight / 1000, ${live} LIVE`, figure(live, 10_000) / figure(live, 1000), 'x', {
        atMost: FLAT,
      }),
    )
  for (const { kernel } of situations.filter(({ calls }) => calls === 0)) await kernel.close()
} finally {
  rmSync(folder, { recursive: true })
}
report({ bench: 'rmmod', rows }, values)
