/**
 * Measures how many of test262's tests of modules an image passes, and how many Node's own loader does.
 *
 *   node scripts/module_conformance.mjs CHECKOUT [--folder FOLDER]... [--only image|native] [--filter TEXT] [--list]
 *
 * CHECKOUT is a checkout of test262; tests of proposals that no line of Node has are left out, and counted. Of a folder that is named all tests are run that strict code can run, as modules; otherwise
 * those of modules. Or the folder of the npm package test262-parser-tests, of which the modules are used: then it is told which
 * texts each takes and which it refuses.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const CHILD = fileURLToPath(new URL('./module_conformance_child.mjs', import.meta.url))
/** Features of tests for proposals that no line of Node has, or has any more. */
const PROPOSALS = [
  'export-defer',
  'import-assertions',
  'import-bytes',
  'import-defer',
  'import-text',
  'source-phase-imports',
  'source-phase-imports-module-source',
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: 'string', multiple: true },
    only: { type: 'string' },
    filter: { type: 'string' },
    list: { type: 'boolean' },
  },
})
const [checkout] = positionals
if (checkout === undefined) {
  console.error(
    'usage: node scripts/module_conformance.mjs CHECKOUT [--folder FOLDER]... [--only image|native] [--filter TEXT] [--list]',
  )
  process.exit(2)
}

const FOLDERS = values.folder ?? ['language/module-code', 'language/import', 'language/export']
const isAsked = flags =>
  values.folder ? !flags.includes('noStrict') && !flags.includes('raw') : flags.includes('module')

const GROUP = 30

let leftOut = 0

const filesBelow = folder =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))

/** The fields of a test's front matter that matter here. */
function frontMatter(text) {
  const yaml = /\/\*---\r?\n([\s\S]*?)---\*\//.exec(text)?.[1] ?? ''
  const list = name =>
    (new RegExp(`^${name}:\\s*\\[([^\\]]*)\\]`, 'm').exec(yaml)?.[1] ?? '')
      .split(',')
      .map(item => item.trim())
      .filter(item => item !== '')
  const negative = /^negative:\r?\n((?:[ \t]+.*\r?\n?)+)/m.exec(yaml)?.[1]
  return {
    flags: list('flags'),
    includes: list('includes'),
    features: list('features'),
    negative: negative && {
      phase: /phase:\s*(\S+)/.exec(negative)?.[1],
      type: /type:\s*(\S+)/.exec(negative)?.[1],
    },
  }
}

/** Tests of a checkout of test262, put into a package of type module: `.js` is an ES module there. */
function test262Tests(root, scratch) {
  const tests = []
  for (const folder of FOLDERS)
    for (const file of filesBelow(join(root, 'test', folder))) {
      const copy = join(scratch, file.slice(join(root, 'test').length))
      mkdirSync(dirname(copy), { recursive: true })
      const text = readFileSync(file, 'utf8')
      writeFileSync(copy, text)
      if (!file.endsWith('.js') || file.endsWith('_FIXTURE.js')) continue
      const { flags, includes, features, negative } = frontMatter(text)
      if (!isAsked(flags)) continue
      if (features.some(feature => PROPOSALS.includes(feature))) {
        leftOut++
        continue
      }
      const harness = flags.includes('raw') ? [] : ['assert.js', 'sta.js', ...includes]
      if (flags.includes('async')) harness.push('doneprintHandle.js')
      tests.push({
        name: file.slice(join(root, 'test').length + 1),
        file: copy,
        harness: harness.map(name => join(root, 'harness', name)),
        isAsync: flags.includes('async'),
        negative,
      })
    }
  return tests
}

/** Modules of test262-parser-tests. Those of `early` and `fail` must be refused; of the rest only the syntax counts. */
function parserTests(root, scratch) {
  const tests = []
  for (const folder of ['pass', 'fail', 'early'])
    for (const file of filesBelow(join(root, folder)).filter(path => path.endsWith('.module.js'))) {
      const copy = join(scratch, folder, `${basename(file, '.module.js')}.mjs`)
      mkdirSync(dirname(copy), { recursive: true })
      writeFileSync(copy, readFileSync(file, 'utf8'))
      tests.push({
        name: `${folder}/${basename(file)}`,
        file: copy,
        harness: [],
        isAsync: false,
        syntax: folder === 'pass' ? 'right' : 'wrong',
      })
    }
  return tests
}

/** What went wrong in each of these tests, in one process; nothing where it passed. */
const runGroup = (loader, tests) =>
  new Promise(resolve => {
    const child = spawn(process.execPath, ['--no-warnings', CHILD, loader], { stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdin.on('error', () => {}).end(JSON.stringify(tests))
    let out = ''
    child.stdout.on('data', data => {
      out += data
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000 + 1000 * tests.length)
    child.on('close', () => {
      clearTimeout(timer)
      const answers = new Map(out.split('\n').map(line => line.split('\t')))
      resolve(tests.map(test => answers.get(test.name) ?? 'no answer').map(text => (text === 'PASSED' ? '' : text)))
    })
  })

/** Tests run in groups, since a process takes longer to start than a test; one that fails may have been led astray by another, and is run again alone. */
async function failuresOf(loader, tests, size) {
  const groups = []
  for (let i = 0; i < tests.length; i += size) groups.push(tests.slice(i, i + size))
  const failures = new Map()
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let group = groups.shift(); group; group = groups.shift()) {
        const answers = await runGroup(loader, group)
        for (const [index, test] of group.entries()) if (answers[index] !== '') failures.set(test, answers[index])
      }
    }),
  )
  return size === 1 ? failures : failuresOf(loader, [...failures.keys()], 1)
}

const scratch = mkdtempSync(join(tmpdir(), 'outlive-conformance-'))
try {
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }\n')
  const isCheckout = existsSync(join(checkout, 'harness', 'assert.js'))
  const tests = (isCheckout ? test262Tests : parserTests)(checkout, scratch).filter(
    test => values.filter === undefined || test.name.includes(values.filter),
  )
  if (leftOut > 0) console.log(`${leftOut} tests of proposals are left out`)
  for (const loader of values.only === undefined ? ['native', 'image'] : [values.only]) {
    const failures = await failuresOf(loader, tests, GROUP)
    console.log(
      `${loader.padEnd(7)} Node.js ${process.version}  ${tests.length - failures.size} of ${tests.length} passed`,
    )
    if (values.list) for (const [{ name }, failure] of failures) console.log(`  ${name}: ${failure}`)
  }
} finally {
  rmSync(scratch, { recursive: true })
}
