/**
 * Everything that has to hold before a change goes in. Names each step with its time and shows the output of those that fail. The last line is
 * `N passed, N failed`: the tests on all lines of Node, and every other step that failed.
 */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NODE_LINES, provideNode } from './nodes.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Of one step. It is a process group of its own, so that nothing of it stays. */
const LIMIT_MS = 1_800_000
const COUNTS = /^(\d+) passed, (\d+) failed$/

const PROCESSORS = availableParallelism()

const total = { passed: 0, failed: 0 }

/** Of the steps that are under way. */
const children = new Set()
const end = child => {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nothing of it is left.
  }
}
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    for (const child of children) end(child)
    process.exit(1)
  })

/** Resolves to how a command ended and all that it printed. */
function run(env, command, ...args) {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    const limit = setTimeout(() => {
      output += `\nended: it took longer than ${LIMIT_MS / 60_000} minutes`
      end(child)
    }, LIMIT_MS)
    child.on('spawn', () => children.add(child))
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (output += text))
    child.on('error', error => {
      clearTimeout(limit)
      resolve({ ok: false, output: String(error) })
    })
    child.on('close', code => {
      children.delete(child)
      clearTimeout(limit)
      resolve({ ok: code === 0, output: output.trimEnd() })
    })
  })
}

const tool = name => join(ROOT, 'node_modules', '.bin', name)
const ours = (name, ...args) => [join(ROOT, 'scripts', name), ...args]
const script = (name, ...args) => [process.execPath, ...ours(name, ...args)]
/** What only computes runs under the newest line of Node, in two thirds of the time that it takes under the oldest. */
const { path: newest } = await provideNode(NODE_LINES.at(-1))

/** Schedules are random elsewhere; here every run of a change is the same. */
const FIRST_SEED = '20030730'

async function timed(name, command, env = {}) {
  const started = performance.now()
  const result = await run({ OUTLIVE_FIRST_SEED: FIRST_SEED, ...env }, ...command)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const summary = result.output.split('\n').at(-1)
  console.log(`${result.ok ? 'ok    ' : 'FAILED'} ${name}, ${seconds} s${COUNTS.test(summary) ? `: ${summary}` : ''}`)
  // The test runner repeats at its end what failed.
  if (!result.ok) console.log(result.output.slice(Math.max(0, result.output.lastIndexOf('failing tests:'))))
  return { ...result, counts: COUNTS.exec(summary) }
}

async function check(name, command) {
  const { ok } = await timed(name, command)
  if (!ok) total.failed++
  return ok
}

const computes = (name, ...command) => check(name, [newest, ...command])
const schedules = (name, part) => computes(name, ...ours('schedules.mjs', part))

/** What takes longest is shared out over the lines; see test/support/share.ts. The others have their part of the processors. */
async function test(line, part) {
  const { path } = await provideNode(line)
  const env = { OUTLIVE_SHARE: `${part}/${NODE_LINES.length}` }
  const command = script('test.mjs', '--node', path, '--concurrency', String(Math.ceil(PROCESSORS / NODE_LINES.length)))
  const { ok, counts } = await timed(`tests on Node ${line}`, command, env)
  const [passed = 0, failed = 0] = (counts ?? []).slice(1).map(Number)
  total.passed += passed
  total.failed += ok ? 0 : Math.max(1, failed)
}

/** Begins them in their order, so many at once. */
async function inTurns(steps, width) {
  const left = [...steps]
  const work = async () => {
    for (let step = left.shift(); step; step = left.shift()) await step()
  }
  await Promise.all(Array.from({ length: width }, work))
}

// The compiler takes longest, and has one processor. What reads the sources alone has the others.
let isBuilt = false
await inTurns(
  [
    async () => {
      isBuilt = (await computes('build', tool('tsc'), '-b')) && (await computes('bundle', ...ours('bundle.mjs')))
    },
    () => computes('assembly', ...ours('assembly.mjs', '--check')),
    () => computes('seam', ...ours('seam.mjs')),
    () => check('format and lint', [tool('biome'), 'check', '.']),
    () => computes('layers', ...ours('layers.mjs')),
  ],
  Math.max(2, PROCESSORS),
)
if (isBuilt) {
  await inTurns(
    [() => check('package', script('package.mjs')), () => computes('public interface', ...ours('api.mjs', '--check'))],
    PROCESSORS,
  )
  // Tests wait now and then, and while one does another line goes on. Schedules wait for nothing: they come last and leave no processor idle, the longest first.
  await inTurns(
    [
      ...NODE_LINES.map((line, index) => () => test(line, index + 1)),
      () => schedules('100,000 schedules', 'random'),
      () => schedules('every schedule', 'every_schedule'),
      () => schedules('deliberate mistakes', 'mutations'),
    ],
    NODE_LINES.length,
  )
}
const { passed, failed } = total
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
