import { spawnSync } from 'node:child_process'
import { median } from './statistics.mjs'

/** To be the last that a timed program does: tells how long it has kept the processor busy. */
export const TELL = `process.stdout.write(JSON.stringify(process.cpuUsage()))`

/**
 * How long each of these programs takes: `ms` from the start of its process to its end, `cpu` of that in milliseconds of all its threads on the processor, which other
 * work on the machine disturbs less. Medians of so many runs in turns. A program is the arguments of a Node.
 */
export function timeProcesses(programs, { runs, node = process.execPath, cwd = process.cwd() }) {
  const names = Object.keys(programs)
  const times = Object.fromEntries(names.map(name => [name, []]))
  // The first run of each reads the files from the disk.
  for (let run = -1; run < runs; run++)
    for (const name of run % 2 === 0 ? names : names.toReversed()) {
      const started = performance.now()
      const { status, stdout, stderr } = spawnSync(node, programs[name], {
        cwd,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const ms = performance.now() - started
      if (status !== 0) throw new Error(`${name}: ${stderr}`)
      const { user, system } = JSON.parse(stdout)
      if (run >= 0) times[name].push({ ms, cpu: (user + system) / 1000 })
    }
  const middle = (name, field) => median(times[name].map(time => time[field]))
  return Object.fromEntries(names.map(name => [name, { ms: middle(name, 'ms'), cpu: middle(name, 'cpu') }]))
}
