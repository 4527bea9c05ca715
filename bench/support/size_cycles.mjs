/** The measured process: `node --expose-gc size_cycles.mjs SIZE PAIRS` reloads by Outlive and by Node's own loader in turns; prints JSON. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { reloadsOf } from './reload_kinds.mjs'
import { median } from './statistics.mjs'

const [size, pairs] = [process.argv[2], Number(process.argv[3])]
const WARM_UP_PAIRS = Math.min(Number(pairs), 20)
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
  await turns(cycles, WARM_UP_PAIRS)
  console.log(JSON.stringify(await turns(cycles, pairs)))
} finally {
  rmSync(folder, { recursive: true })
}
