/**
 * Generates a folder of JavaScript modules after the modules of a real kernel package: for each of them one that is as
 * large in memory, imports the same ones, and has the same aliases, softdeps, licence and number of parameters.
 * The same catalogue gives the same files, byte for byte.
 *
 *   node bench/installer/generate.mjs CATALOGUE_DIR OUT_DIR [--limit N]
 *
 * CATALOGUE_DIR holds `catalogue.tsv` and `modules.alias`, each as it is or with `.gz`. With a limit, the first N modules
 * are generated that need no others. `OUT_DIR/manifest.json` tells what was generated, in the order of the catalogue.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { parseAliases } from '../../build/src/modprobe/text_forms.js'

/**
 * What V8 keeps for a function that was never called, its source aside: measured with 16,000 of them on Node.js 20 (205 to
 * 242 bytes) and 24 (253 to 291 bytes).
 */
const FUNCTION_OVERHEAD = 250

/** Bytes of one function in memory, source included: a few hundred make a driver. */
const FUNCTION_SIZE = 600

const SHORTEST_SOURCE = 60

/** A kernel's zero-filled data has no counterpart in source. An array of small integers takes eight bytes for each. */
const BYTES_PER_ELEMENT = 8

function readText(folder, name) {
  const plain = join(folder, name)
  if (existsSync(plain)) return readFileSync(plain, 'utf8')
  return gunzipSync(readFileSync(`${plain}.gz`)).toString('utf8')
}

/** The rows of the catalogue as objects, by the names of its columns. */
function readCatalogue(folder) {
  const [header, ...lines] = readText(folder, 'catalogue.tsv').trimEnd().split('\n')
  const columns = header.split('\t')
  const rows = lines.map(line => Object.fromEntries(line.split('\t').map((field, i) => [columns[i], field])))
  return new Map(rows.map(row => [row.name, { ...row, depends: row.depends.split(',').filter(Boolean) }]))
}

/** The first `limit` modules of the catalogue, each taken together with all that it needs or, where that is too many, not. */
function select(rows, limit) {
  const selected = new Set()
  for (const name of rows.keys()) {
    const missing = new Set([name])
    for (const module of missing) {
      for (const needed of rows.get(module).depends) if (!selected.has(needed)) missing.add(needed)
    }
    if (selected.size + missing.size <= limit) for (const module of missing) selected.add(module)
  }
  return [...rows.values()].filter(({ name }) => selected.has(name))
}

/** The catalogue has softdeps as modinfo prints them: `pre: a b|post: c`. Kmod reads only the first. */
function softdepsOf(text) {
  const softdeps = { pre: [], post: [] }
  let into
  for (const word of text.split('|')[0].split(' ')) {
    if (word === 'pre:' || word === 'post:') into = softdeps[word.slice(0, -1)]
    else if (word !== '') into?.push(word)
  }
  return softdeps
}

/** A number from a name (FNV-1a), so that no two modules have the same source. */
function seedOf(name) {
  let hash = 0x811c9dc5
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0
  return hash
}

/** A function of about `length` characters that can be called with numbers. */
function functionSource(number, length) {
  let source = `(a, b) => { let x = a + ${number};`
  for (let step = 1; source.length < length - 14; step++) source += ` if (b === ${step + (number % 97)}) x *= ${step};`
  return `${source} return x }`
}

/** Functions that take about `bytes` in memory together. */
function textSources(name, bytes) {
  const count = Math.max(1, Math.round(bytes / FUNCTION_SIZE))
  const length = Math.max(SHORTEST_SOURCE, Math.round(bytes / count) - FUNCTION_OVERHEAD)
  const seed = seedOf(name) % 1_000_000
  return Array.from({ length: count }, (_, i) => functionSource(seed + i * 7919, length))
}

function moduleSource(row, aliases) {
  const { name, depends } = row
  const info = {
    description: `Made after ${row.path}`,
    license: row.license,
    params: Object.fromEntries(
      Array.from({ length: Number(row.params) }, (_, i) => [`p${i}`, { type: 'number', default: i }]),
    ),
    aliases,
    softdeps: softdepsOf(row.softdeps),
  }
  return [
    ...depends.map(needed => `import { use_${needed} } from './${needed}.js'`),
    '',
    `export const info = ${JSON.stringify(info)}`,
    '',
    'const text = [',
    ...textSources(name, Number(row.text_data_size)).map(source => `  ${source},`),
    ']',
    `const bss = new Array(${Math.ceil(Number(row.bss_size) / BYTES_PER_ELEMENT)}).fill(0)`,
    'let users = 0',
    '',
    `export function use_${name}(i) {`,
    '  users++',
    '  return text[i % text.length](i, users) + bss.length',
    '}',
    '',
    'export function init() {',
    `  return [${depends.map(needed => `use_${needed}`).join(', ')}].reduce((sum, use, i) => sum + use(i), users)`,
    '}',
    '',
    'export function exit() {',
    '  users = 0',
    '}',
    '',
  ].join('\n')
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { limit: { type: 'string' } } })
const [catalogueFolder, outFolder] = positionals
const limit = values.limit === undefined ? Number.POSITIVE_INFINITY : Number(values.limit)
if (outFolder === undefined || !(limit > 0)) {
  console.error('usage: node bench/installer/generate.mjs CATALOGUE_DIR OUT_DIR [--limit N]')
  process.exit(2)
}

const aliasesOf = new Map()
for (const { pattern, module } of parseAliases(readText(catalogueFolder, 'modules.alias'))) {
  const own = aliasesOf.get(module)
  if (own === undefined) aliasesOf.set(module, [pattern])
  else own.push(pattern)
}
const rows = select(readCatalogue(catalogueFolder), limit)
mkdirSync(outFolder, { recursive: true })
writeFileSync(join(outFolder, 'package.json'), '{ "private": true, "type": "module" }\n')
let written = 0
const manifest = rows.map(row => {
  const source = moduleSource(row, aliasesOf.get(row.name) ?? [])
  writeFileSync(join(outFolder, `${row.name}.js`), source)
  written += source.length
  return { name: row.name, size: Number(row.text_data_size) + Number(row.bss_size), depends: row.depends }
})
writeFileSync(join(outFolder, 'manifest.json'), `${JSON.stringify(manifest, undefined, 1)}\n`)
const size = manifest.reduce((sum, { size }) => sum + size, 0)
console.log(`${manifest.length} modules of ${size} bytes in memory, ${written} bytes of source, in ${outFolder}`)
