/**
 * Puts the kernel under random schedules in earnest: as many as CI wants, the deliberate mistakes that they must catch, or every schedule
 * of small programs.
 *
 *   node scripts/schedules.mjs random|mutations|every_schedule
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const [part = 'random'] = process.argv.slice(2)
const env = { ...process.env, OUTLIVE_SCHEDULES: process.env.OUTLIVE_SCHEDULES ?? '100000', OUTLIVE_MUTANTS: '1' }
const test = fileURLToPath(new URL('test.mjs', import.meta.url))
const child = spawn(process.execPath, [test, `schedules/${part}`], { env, stdio: 'inherit' })
child.on('exit', code => {
  process.exitCode = code ?? 1
})
