/**
 * Runs the built tests, each file in a process of its own, on what ships, which is bundled first when it is older than what was compiled. The last line is
 * `N passed, N failed`.
 *
 *   node scripts/test.mjs [FILTER...] [--node PATH] [--concurrency N]
 *
 * A filter is a part of a file's path, as in `npm test -- images`.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle, isStale } from './bundle.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** For one test, or on the older lines of Node one file of them. */
const LIMIT_MS = 900_000
/** How what takes long is shared out, also inside of a test. */
const SHARE = join(ROOT, 'build', 'test', 'support', 'share.js')
const COUNTS = new URL('test_counts.mjs', import.meta.url).href

/** Files of tests that tell of algorithms, documents and commands, not of an engine: with `OUTLIVE_SHARE=2/4` the second of every four of them is run. */
const ALIKE = new RegExp(
  [
    '(?:cli|coldplug|depmod|docs|installer|model|modprobe|modprobe_command|races|request|schedules)/',
    '(?:check|schemes)/command|(?:schemes|leftovers)/docs|images/(?:decorators|jsx)|kmemleak/(?:chunk_ring|hold_graph)|packages/|examples|types/|signatures/',
  ]
    .map(files => `^(?:${files})`)
    .join('|'),
)

/** Searches through schedules, which take minutes: where tests are shared out they are steps of their own, in scripts/schedules.mjs. */
const SEARCHES = /^schedules\/(?:every_schedule|mutations|random)\./

const isAlike = file => ALIKE.test(file.replaceAll('\\', '/'))
const isElsewhere = file => process.env.OUTLIVE_SHARE !== undefined && SEARCHES.test(file.replaceAll('\\', '/'))

/** Tests by their sources, so that what was built of a source since removed does not run. */
function testFiles(filters, shareOf) {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true })
    .filter(
      file =>
        file.endsWith('.test.ts') &&
        !isElsewhere(file) &&
        (filters.length === 0 || filters.some(filter => file.includes(filter))),
    )
    .sort()
  const share = new Set(shareOf(files.filter(isAlike)))
  return files
    .filter(file => !isAlike(file) || share.has(file))
    .map(file => join('build', 'test', file.replace(/\.ts$/, '.js')))
}

/**
 * Resolves to the exit status of the test runner.
 *
 * @param scratch goes when the tests have ended: what loads leave on disk is no business of the user's
 */
function runTests(node, files, concurrency, countsFile, scratch) {
  const reporters = [
    ['spec', 'stdout'],
    [COUNTS, countsFile],
  ].flatMap(([reporter, destination]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${destination}`])
  // The runner hands --expose-gc on to the process of each file; NODE_OPTIONS could not, before Node 22.3.
  const options = [
    '--expose-gc',
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${LIMIT_MS}`,
    ...reporters,
  ]
  return new Promise((resolve, reject) => {
    const env = { ...process.env, XDG_CACHE_HOME: scratch }
    const runner = spawn(node, [...options, ...files], { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] })
    runner.on('error', reject)
    runner.on('exit', (code, signal) => resolve(signal === null ? code : 1))
  })
}

function refuse(reason) {
  console.error(`test: ${reason}`)
  process.exit(2)
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: process.execPath },
    concurrency: { type: 'string', default: String(availableParallelism()) },
  },
})
if (!existsSync(SHARE)) refuse('nothing is built')
const { shareOf } = await import(pathToFileURL(SHARE))
const files = testFiles(positionals, shareOf)
if (files.length === 0) refuse(`no test for ${positionals.join(' ')}`)
const unbuilt = files.find(file => !existsSync(join(ROOT, file)))
if (unbuilt !== undefined) refuse(`${unbuilt} is not built`)
if (isStale()) await bundle()
const scratch = mkdtempSync(join(tmpdir(), 'outlive-test-'))
try {
  const countsFile = join(scratch, 'counts.json')
  const status = await runTests(values.node, files, values.concurrency, countsFile, scratch)
  const { passed, failed, skipped } = JSON.parse(
    readFileSync(countsFile, 'utf8') || '{"passed":0,"failed":0,"skipped":0}',
  )
  // A run can also fail outside of any test, as in a hook of a suite.
  const failures = failed === 0 && status !== 0 ? 1 : failed
  if (skipped > 0) console.log(`${skipped} skipped`)
  console.log(`${passed} passed, ${failures} failed`)
  process.exitCode = failures > 0 ? 1 : 0
} finally {
  rmSync(scratch, { recursive: true })
}
