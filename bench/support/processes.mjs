import { spawnSync } from 'node:child_process'
import { median } from './statistics.mjs'

/**
 * Milliseconds that each of these programs takes, from the start of its process to its end: medians of so many runs in turns. A program is the arguments of a Node.
 */
export function timeProcesses(programs, { runs, node = process.execPath, cwd = process.cwd() }) {
  const names = Object.keys(programs)
  const times = Object.fromEntries(names.map(name => [name, []]))
  // The first run of each reads the files from the disk.
  for (let run = -1; run < runs; run++)
    for (const name of run % 2 === 0 ? names : names.toReversed()) {
      const started = performance.now()
      const { status, stderr } = spawnSync(node, programs[name], { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
      const took = performance.now() - started
      if (status !== 0) throw new Error(`${name}: ${stderr}`)
      if (run >= 0) times[name].push(took)
    }
  return Object.fromEntries(names.map(name => [name, median(times[name])]))
}
