/** The measured process: `node --expose-gc size_cycles.mjs SIZE PAIRS` reloads by Outlive and by Node's own loader in turns; prints JSON. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { reloadsOf } from './reload_kinds.mjs'
import { median } from './statistics.mjs'

const [size, pairs] = [process.argv[2], Number(process.argv[3])]
const WARM_UP_PAIRS = Math.min(pairs, 20)
/** Of one file, for all that runs to be machine code. A version that native import keeps costs it more later, so that it gets fewer. */
const SMALL = new Set(['plugin', 'functions'])
const WARM_UP_CYCLES = { outlive: 1000, native: 200 }
const folder = mkdtempSync(join(tmpdir(), 'outlive-sizes-'))

async function turns(cycles, count) {
  const times = { outlive: [], native: [] }
  for (let pair = 0; pair < count; pair++)
    for (const who of ['outlive', 'native']) {
      times[who].push(await cycles[who]())
      // What a cycle leaves to do is not the next one's.
      await setImmediate()
      globalThis.gc({ type: 'minor' })
    }
  return { outlive: median(times.outlive), native: median(times.native) }
}

try {
  const cycles = reloadsOf(size, folder)
  if (SMALL.has(size))
    for (const [who, count] of Object.entries(WARM_UP_CYCLES))
      for (let cycle = 0; cycle < count; cycle++) {
        await cycles[who]()
        await setImmediate()
      }
  await turns(cycles, WARM_UP_PAIRS)
  console.log(JSON.stringify(await turns(cycles, pairs)))
} finally {
  rmSync(folder, { recursive: true })
}
