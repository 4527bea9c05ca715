/**
 * One side of a comparison, a process of its own: `alone_cycles.mjs KIND outlive|native`. It reloads as often as each message says, and answers with the whole time that this took,
 * the collector's included.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { reloadsOf } from './reload_kinds.mjs'

const [kind, who] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'outlive-alone-'))
const reload = reloadsOf(kind, folder)[who]

process.on('message', async count => {
  let ms = 0
  const before = process.cpuUsage()
  for (let cycle = 0; cycle < count; cycle++) {
    ms += await reload()
    const started = performance.now()
    await setImmediate()
    ms += performance.now() - started
  }
  const { user, system } = process.cpuUsage(before)
  process.send({ ms, cpu: (user + system) / 1000, resident: process.memoryUsage().rss })
})
process.on('disconnect', () => {
  rmSync(folder, { recursive: true })
  process.exit()
})
