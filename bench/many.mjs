/**
 * Whether many modules cost more than few: what the kernel keeps for each of 10,000 LIVE modules, beyond what their code takes when it is loaded bare, and how long insmod and
 * rmmod take beside 10,000 LIVE modules against beside 10.
 *
 *   node bench/many.mjs [--modules 10000] [--rounds 51] [--json]
 *
 * "Bare" is the same files as images, read, linked and run by the same loader, with no kernel: no module, no entry in a list, no registration, no parameters, no gate. Heap is what
 * plain `gc()` leaves; times are medians of rounds in which both kernels take turns.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileImage } from '../build/src/images/file_image.js'
import { NO_GLOBALS } from '../build/src/images/image.js'
import { createKernel } from '../dist/index.js'
import { settledHeap } from './support/heap.mjs'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { median } from './support/statistics.mjs'

const { values } = parseOptions({
  options: {
    modules: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '51' },
    json: { type: 'boolean', default: false },
  },
})
const MANY = Number(values.modules)
const FEW = 10
const ROUNDS = Number(values.rounds)
const WARM_UP_ROUNDS = 20
/** Until the code is compiled and the kernel's log, a ring of 4096 entries, is full. */
const WARM_UP_MODULES = 5000

const folder = mkdtempSync(join(tmpdir(), 'outlive-many-'))
const module = name => {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, `export const handle = x => x + 1\nexport const init = k => void k.register('point', handle)\n`)
  return file
}

async function bareImage(entry) {
  const image = new FileImage({
    label: entry,
    entry,
    root: undefined,
    environment: {
      globals: NO_GLOBALS,
      builtin: name => process.getBuiltinModule(name),
      isModule: () => false,
      requestModule: () => Promise.reject(new Error('there is no other module')),
    },
  })
  await image.read()
  image.link(new Map())
  await image.evaluate()
  // The kernel calls it too, which compiles it.
  image.entryRecord.readBinding('init')({ register() {} })
  return image
}

async function heapOf(files, load) {
  const before = await settledHeap()
  const held = []
  for (const file of files) held.push(await load(file))
  const bytes = ((await settledHeap()) - before) / files.length
  return { bytes, held }
}

async function cycle(kernel, name) {
  const file = module(name)
  const started = performance.now()
  await kernel.insmod(file)
  const inserted = performance.now()
  await kernel.rmmod(name)
  return { insmod: (inserted - started) * 1000, rmmod: (performance.now() - inserted) * 1000 }
}

try {
  const files = Array.from({ length: MANY }, (_, n) => module(`module${n}`))
  const [many, few] = [createKernel(), createKernel()]
  for (let n = 0; n < WARM_UP_MODULES; n++) {
    await many.insmod(files[n % MANY])
    await many.rmmod(`module${n % MANY}`)
  }
  for (const file of files.slice(0, 200)) await bareImage(file)
  let bare = await heapOf(files, bareImage)
  const bareBytes = bare.bytes
  bare = undefined
  const { bytes } = await heapOf(files, file => many.insmod(file).then(() => undefined))
  for (let n = 0; n < FEW; n++) await few.insmod(files[n])

  const times = { many: { insmod: [], rmmod: [] }, few: { insmod: [], rmmod: [] } }
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++)
    for (const [key, kernel] of [
      ['many', many],
      ['few', few],
    ]) {
      const { insmod, rmmod } = await cycle(kernel, 'another')
      if (round < 0) continue
      times[key].insmod.push(insmod)
      times[key].rmmod.push(rmmod)
    }
  const rows = [
    row(`heap for each of ${MANY} modules LIVE`, bytes, 'bytes'),
    row('heap for each of their images, loaded bare', bareBytes, 'bytes'),
    row('bookkeeping for each module', bytes - bareBytes, 'bytes', { atMost: 2048 }),
  ]
  for (const step of ['insmod', 'rmmod']) {
    const [beside, alone] = [median(times.many[step]), median(times.few[step])]
    rows.push(row(`${step} beside ${MANY}`, beside, 'us'), row(`${step} beside ${FEW}`, alone, 'us'))
    rows.push(row(`${step} beside ${MANY} / beside ${FEW}`, beside / alone, 'x', { atMost: 1.2 }))
  }
  report({ bench: 'many', rows }, values)
  await many.close()
  await few.close()
} finally {
  rmSync(folder, { recursive: true })
}
