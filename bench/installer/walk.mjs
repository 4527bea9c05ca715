/**
 * One machine: tries every module of a folder, one after another, as an installer does: inserts it with all that it needs, asks its
 * `probe`, and removes it and what only it needed. Prints a JSON line for each module tried, and one at the end.
 *
 *   node --max-old-space-size=64 bench/installer/walk.mjs FOLDER SCHEME LIMIT_BYTES [refuse|reclaim]
 */
import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { getHeapStatistics } from 'node:v8'
import { createKernel } from '../../dist/index.js'

/** A module too large for the machine is refused under every scheme. Where so many in a row are, there is no memory left. */
const REFUSED_IN_A_ROW = 10

const [folder, scheme, limit, onPressure = 'refuse'] = process.argv.slice(2)
const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
// Synchronous, so that what was said before a process dies has been said.
const say = line => writeSync(1, `${JSON.stringify(line)}\n`)

const kernel = createKernel({ modules: folder, scheme, config: false, memory: { limit: Number(limit), onPressure } })
const started = performance.now()
const refused = []
let inserted = 0
let row = 0
let out
for (const [index, { name }] of manifest.entries()) {
  try {
    inserted += (await kernel.modprobe(name)).length
    await kernel.modprobeRemove(name)
    row = 0
  } catch (error) {
    if (error.code !== 'ENOMEM') throw error
    refused.push({ name, at: index + 1 })
    row++
  }
  const { lingering } = kernel.memory()
  say({ tried: index + 1, heap: getHeapStatistics().used_heap_size, lingering: lingering.images })
  if (row === REFUSED_IN_A_ROW) {
    out = refused.at(-REFUSED_IN_A_ROW)
    break
  }
}
say({
  end: true,
  tried: out ? out.at - 1 : manifest.length,
  out,
  refused: out ? refused.slice(0, -REFUSED_IN_A_ROW) : refused,
  inserted,
  left: kernel.lsmod().length,
  lingering: kernel.lingering().length,
  taints: kernel.taints.map(({ letter }) => letter).join(''),
  seconds: (performance.now() - started) / 1000,
})
