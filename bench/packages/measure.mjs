/** The measured process: `node --expose-gc measure.mjs FOLDER CYCLES` loads, uses and unloads the module in FOLDER again and again; prints JSON. */
import { setImmediate } from 'node:timers/promises'
import { createKernel } from '../../dist/index.js'
import { settle, settledHeap } from '../support/heap.mjs'

const [folder, cycles] = [process.argv[2], Number(process.argv[3])]
const kernel = createKernel({ grace: 1000 })
const point = kernel.point('use')
const leftovers = new Set()
let collected = 0
kernel.on('collected', () => collected++)

async function cycle() {
  const started = performance.now()
  await kernel.insmod(folder)
  const loaded = performance.now() - started
  const [use] = point
  const answer = JSON.stringify(await use())
  const [{ name, size }] = kernel.lsmod()
  const report = await kernel.rmmod(name)
  for (const { kind, what } of report.leftovers) leftovers.add(`${kind}: ${what}`)
  await setImmediate()
  return { loaded, answer, size }
}

const first = await cycle()
// What the host's own builtins set up at their first use is there after a few.
for (let i = 0; i < 4; i++) await cycle()
await settle(6)
const before = await settledHeap()
collected = 0
const again = []
for (let i = 0; i < cycles; i++) {
  again.push((await cycle()).loaded)
  if (i % 5 === 4) await settle(2)
}
await settle(8)
const after = await settledHeap()
again.sort((a, b) => a - b)
console.log(
  JSON.stringify({
    answer: first.answer,
    size: first.size,
    cold: first.loaded,
    again: again[again.length >> 1],
    collected,
    lingering: kernel.lingering().length,
    growth: after / before - 1,
    leftovers: [...leftovers],
  }),
)
process.exit()
