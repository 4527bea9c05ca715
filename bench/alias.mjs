/**
 * Measures alias resolution: how soon an index answers, how long a look-up takes, how that grows, and how it compares to
 * trying every pattern. All in one run, on one set of patterns.
 *
 *   node bench/alias.mjs [CATALOGUE_DIR] [--json]
 *
 * CATALOGUE_DIR holds a `modules.alias` (or `modules.alias.gz`) as depmod writes it; without it, those of a real kernel package are taken.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { AliasIndex } from '../build/src/modprobe/alias_index.js'
import { fnmatch, fold } from '../build/src/modprobe/glob.js'
import { formatAliases, parseAliases } from '../build/src/modprobe/text_forms.js'
import { parseOptions } from './support/options.mjs'
import { report, row as rowOf } from './support/report.mjs'
import { quantile } from './support/statistics.mjs'

/** Of a real kernel package: 26,222 patterns. */
const CATALOGUE = fileURLToPath(new URL('../test/fixtures/catalogue', import.meta.url))

/** A generator of numbers below `limit` that gives the same ones every time (Park and Miller). */
function numbers(seed) {
  let state = seed
  return limit => (state = (state * 48_271) % 2_147_483_647) % limit
}

function readAliases(folder) {
  const plain = join(folder, 'modules.alias')
  const text = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`))
  return parseAliases(text.toString('utf8'))
}

/** Fewer patterns: a sample. More: copies in which the numbers differ, so that they spread like the first ones. */
function scaled(aliases, count) {
  if (count <= aliases.length) {
    return Array.from({ length: count }, (_, i) => aliases[Math.floor((i * aliases.length) / count)])
  }
  return Array.from({ length: count }, (_, i) => {
    const { pattern, module } = aliases[i % aliases.length]
    const copy = Math.floor(i / aliases.length)
    if (copy === 0) return { pattern, module }
    const moved = pattern.replaceAll(/[0-9A-F]{4,}/g, digits =>
      ((Number.parseInt(digits, 16) + copy * 0x1357) % 16 ** digits.length)
        .toString(16)
        .toUpperCase()
        .padStart(digits.length, '0'),
    )
    return { pattern: moved === pattern ? `${pattern}${copy}` : moved, module: `${module}_${copy}` }
  })
}

/** An alias that the pattern matches: what stands for its wildcards is like what devices report. */
function instanceOf(pattern, below) {
  const fill = () => ['', '00', 'FF', '0C', 'x', 'Acme', '0000001A', '0100'][below(8)]
  return pattern
    .replaceAll('*', fill)
    .replaceAll('?', () => '0123456789ABCDEF'[below(16)])
    .replaceAll(/\[(.).*?\]/g, '$1')
}

/** What one asks an index: instances of patterns, every fourth with its last third cut off, so that most of those miss. */
function namesFor(aliases, count) {
  const below = numbers(20)
  return scaled(aliases, count).map(({ pattern }, i) => {
    const name = instanceOf(pattern, below)
    return i % 4 === 3 ? name.slice(0, Math.ceil((name.length * 2) / 3)) : name
  })
}

function indexOf(aliases) {
  const index = new AliasIndex()
  for (const { pattern, module } of aliases) index.add(pattern, module)
  return index
}

/** Microseconds of each call. */
function timeEach(names, call) {
  return names.map(name => {
    const started = process.hrtime.bigint()
    call(name)
    return Number(process.hrtime.bigint() - started) / 1000
  })
}

/** Microseconds a call on the average of a pass, the median pass of many: free of the clock's own cost. */
function timeAll(names, call) {
  const passes = Array.from({ length: 25 }, () => {
    const started = process.hrtime.bigint()
    for (const name of names) call(name)
    return Number(process.hrtime.bigint() - started) / 1000 / names.length
  })
  return quantile(passes, 0.5)
}

/** In a process of its own: read the file, make the index, answer once. Milliseconds. */
function measureReady(form, file, name) {
  const started = performance.now()
  const index =
    form === 'text' ? AliasIndex.fromText(readFileSync(file, 'utf8')) : AliasIndex.fromPrepared(readFileSync(file))
  const made = performance.now()
  index.lookup(name)
  return [made - started, performance.now() - started]
}

/** Medians of nine new processes: nothing is compiled or cached beforehand. */
function measureReadyInProcesses(form, contents, name) {
  const folder = mkdtempSync(join(tmpdir(), 'outlive-alias-'))
  try {
    const file = join(folder, 'aliases')
    writeFileSync(file, contents)
    const command = [fileURLToPath(import.meta.url), '--ready', form, file, name]
    const runs = Array.from({ length: 9 }, () =>
      JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' })),
    )
    return [0, 1].map(column =>
      quantile(
        runs.map(run => run[column]),
        0.5,
      ),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function measure(aliases) {
  const rows = []
  const row = (...fields) => rows.push(rowOf(...fields))

  const names = namesFor(aliases, 2000)
  const index = indexOf(aliases)
  // The first look-up costs most where most patterns are.
  const common = names.find(name => name.startsWith('pci:')) ?? names[0]
  for (const [form, contents] of [
    ['text', formatAliases(aliases)],
    ['prepared', index.prepared()],
  ]) {
    const [made, answered] = measureReadyInProcesses(form, contents, common)
    row(`index made from the ${form} form, in a new process`, made, 'ms')
    row(`... and the first look-up answered, ${form} form`, answered, 'ms', form === 'prepared' ? { below: 50 } : {})
  }

  row(
    'look-up, median, nodes not yet divided',
    quantile(
      timeEach(names, name => index.lookup(name)),
      0.5,
    ),
    'us',
    { below: 20 },
  )
  for (let pass = 0; pass < 3; pass++) timeEach(names, name => index.lookup(name))
  const each = timeEach(names, name => index.lookup(name))
  const median = quantile(each, 0.5)
  row('look-up, median', median, 'us', { below: 20 })
  row('look-up, 99 of 100 below', quantile(each, 0.99), 'us')

  // The brute-force matchers get fewer names, spread evenly: each of them takes about as long as all look-ups above.
  const few = names.filter((_, i) => i % 40 === 0)
  const folded = aliases.map(({ pattern }) => fold(pattern))
  const expressions = folded.map(regExpOf)
  const byRegExp = name => {
    const text = fold(name)
    return expressions.filter(expression => expression.test(text)).length
  }
  const byFnmatch = name => {
    const text = fold(name)
    return folded.filter(pattern => fnmatch(pattern, text)).length
  }
  for (const name of few) {
    const found = index.lookup(name).length
    if (byRegExp(name) !== found || byFnmatch(name) !== found) throw new Error(`the matchers disagree on ${name}`)
  }
  for (const [what, call] of [
    ['every pattern tried, compiled to RegExp once', byRegExp],
    ['every pattern tried, fnmatch loop', byFnmatch],
  ]) {
    const brute = quantile(timeEach(few, call), 0.5)
    row(`${what}: median`, brute, 'us')
    row(`${what}: times the look-up's median`, brute / median, 'x', { atLeast: 100 })
  }

  const small = scaled(aliases, 1000)
  const same = namesFor(small, 500)
  const means = [1000, aliases.length, aliases.length * 10].map(count => {
    const grown = count < aliases.length ? indexOf(small) : indexOf([...small, ...scaled(aliases, count)])
    const mean = timeAll(same, name => grown.lookup(name))
    row(`the same 500 names among ${grown.size} patterns, mean`, mean, 'us')
    return mean
  })
  row('... among 260 times as many patterns', means[2] / means[0], 'x')
  for (const length of [20, 40, 80, 160, 320]) {
    const long = same.map(name => name.padEnd(length, 'x').slice(0, length))
    row(
      `names of length ${length}, mean`,
      timeAll(long, name => index.lookup(name)),
      'us',
    )
  }

  const modules = [...groupByModule(aliases)].filter((_, i) => i % 10 === 0)
  const times = timeEach(modules, ([module, own]) => {
    index.remove(module)
    for (const { pattern } of own) index.add(pattern, module)
  })
  row('a module taken out and put back, median', quantile(times, 0.5), 'us')
  row('... at most', Math.max(...times), 'us')
  return rows
}

function groupByModule(aliases) {
  const groups = new Map()
  for (const alias of aliases) {
    const group = groups.get(alias.module)
    if (group === undefined) groups.set(alias.module, [alias])
    else group.push(alias)
  }
  return groups
}

/** The patterns measured here have no escapes. */
function regExpOf(pattern) {
  const source = pattern.replaceAll(/\[[^\]]*\]|[\s\S]/g, part => {
    if (part === '*') return '[^]*'
    if (part === '?') return '[^]'
    return part.length > 1 ? part : part.replace(/[.+^${}()|\\/[\]]/, '\\$&')
  })
  return new RegExp(`^${source}$`)
}

const { values, positionals } = parseOptions({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    // How it calls itself.
    ready: { type: 'boolean', default: false },
  },
})
if (values.ready) console.log(JSON.stringify(measureReady(...positionals)))
else {
  const aliases = readAliases(positionals[0] ?? CATALOGUE)
  const rows = measure(aliases)
  report({ bench: 'alias', rows, patterns: aliases.length }, { json: values.json })
}
