/** The measured process of the schemes bench: `node --expose-gc scheme_cycles.mjs SCHEME CYCLES` prints JSON. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { createKernel } from '../../dist/index.js'
import { settledHeap } from './heap.mjs'

const [scheme, wanted] = process.argv.slice(2)
const cycles = Number(wanted)
const SAMPLES = 20
/** Until the code is hot and the kernel log, a ring of 4096 entries, is full. */
const WARM_UP_CYCLES = 1500
const FUNCTIONS = 20

/** Differs from every other version of it, so that nothing can be shared between images. */
const moduleText = version => `
${Array.from({ length: FUNCTIONS }, (_, i) => `const f${i} = (a, b) => ({ sum: a + b + ${i}, version: ${version} })`).join('\n')}
export const init = k => k.register('bench', (a, b) => [${Array.from({ length: FUNCTIONS }, (_, i) => `f${i}`).join(', ')}].map(f => f(a, b)))
`

const folder = mkdtempSync(join(tmpdir(), 'outlive-schemes-'))
const file = join(folder, 'fresh.mjs')
const kernel = createKernel({ scheme })
const point = kernel.point('bench')
let version = 0
let collected = 0
kernel.on('collected', () => collected++)

async function cycle() {
  writeFileSync(file, moduleText(++version))
  const started = performance.now()
  await kernel.insmod(file)
  // What a host of Linux 2.5 has to do; under the other schemes it holds nothing off.
  const reference = kernel.tryModuleGet('fresh')
  for (const call of point) if (call(1, 2)[0].version !== version) throw new Error(`not version ${version}`)
  kernel.modulePut(reference)
  await kernel.rmmod('fresh')
  return performance.now() - started
}

async function run(count) {
  let ms = 0
  for (let i = 0; i < count; i++) {
    ms += await cycle()
    await setImmediate()
  }
  return ms
}

try {
  await run(WARM_UP_CYCLES)
  await kernel.reclaim()
  collected = 0
  const samples = [await settledHeap()]
  let ms = 0
  for (let i = 0; i < SAMPLES; i++) {
    ms += await run(cycles / SAMPLES)
    samples.push(await settledHeap())
  }
  const source = Buffer.byteLength(moduleText(version))
  const { images } = kernel.memory().lingering
  console.log(JSON.stringify({ scheme, cycles, samples, source, collected, lingering: images, ms: ms / cycles }))
} finally {
  rmSync(folder, { recursive: true })
}
