/**
 * Compares modprobe with the one of kmod, over random configurations: what `--show-depends` prints and with which exit code. Needs `depmod`, `modprobe` and `as` of a
 * Linux machine; nothing is loaded.
 *
 *   npm run build && node scripts/compare_modprobe.mjs [--cases 1000] [--seed N]
 *
 * Prints the configuration of each case that differs; exit 1 when there is one.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'

const { TextCatalogue } = await import('#dist/modprobe/text_catalogue.js')
const { Policy } = await import('#dist/modprobe/policy.js')

const { values } = parseArgs({ options: { cases: { type: 'string', default: '1000' }, seed: { type: 'string' } } })
let seed = Number(values.seed ?? Date.now() % 1_000_000_007)
console.log(`seed ${seed}`)
const random = below => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((seed / 2 ** 32) * below)
}
const pick = list => list[random(list.length)]
const some = (most, make) => Array.from({ length: random(most + 1) }, make)
const unique = list => [...new Set(list)]

/** By module: what it exports and imports, its aliases and softdeps. */
const MODULES = {
  base: { exports: ['b'], aliases: ['hw:base*'] },
  mid_one: { exports: ['m'], imports: ['b'], aliases: ['hw:mid', 'bus:[0-9]*'] },
  top: { imports: ['m'], aliases: ['hw:*'], softdeps: ['pre: extra'] },
  extra: { aliases: ['bus:1?'], softdeps: ['post: lone'] },
  lone: {},
}
const NAMES = [...Object.keys(MODULES), 'mid-one', 'absent']
const ASKED = [...NAMES, 'hw:base', 'hw:mid', 'hw:x', 'bus:1', 'bus:12', 'my-alias', 'my_alias', 'other', 'mx']
const PATTERNS = ['my-alias', 'my_*', 'other', 'm?', 'm[x-z]', 'hw:*', 'bus:1', 'top', 'absent', 'b*']

const folder = mkdtempSync(join(tmpdir(), 'outlive-modprobe-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const tree = join(folder, 'lib/modules/1.0')
mkdirSync(join(tree, 'kernel'), { recursive: true })
for (const file of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) writeFileSync(join(tree, file), '')
for (const [name, { exports = [], imports = [], aliases = [], softdeps = [] }] of Object.entries(MODULES)) {
  const info = [`name=${name}`, ...aliases.map(alias => `alias=${alias}`), ...softdeps.map(text => `softdep=${text}`)]
  const texts = list => list.map(text => `.asciz "${text}"\n`).join('')
  const input = `.section .modinfo,"a"\n${texts(info)}.section __ksymtab_strings,"a"\n${texts(exports)}.data\n${imports.map(symbol => `.quad ${symbol}\n`).join('')}`
  execFileSync('as', ['-o', join(tree, 'kernel', `${name}.ko`), '-'], { input })
}
execFileSync('depmod', ['-b', folder, '1.0'])
const form = name => readFileSync(join(tree, `modules.${name}`), 'utf8')
const forms = { dep: form('dep'), alias: form('alias'), symbols: form('symbols'), softdep: form('softdep') }

/** One configuration, of which each name has one line of a kind: an object cannot have two. */
function randomConfig() {
  const keyed = (names, most, make) =>
    Object.fromEntries(unique(some(most, () => pick(names))).map(key => [key, make()]))
  return {
    aliases: keyed(PATTERNS, 3, () => pick(NAMES)),
    options: keyed([...NAMES, 'my-alias', 'hw:mid'], 3, () => ({ [pick(['p', 'q'])]: String(random(9)) })),
    blacklist: unique(some(2, () => pick(NAMES))),
    // A line with no softdeps is none for kmod; in a configuration of ours it takes the module's own away.
    softdeps: keyed([...NAMES, 'm*'], 2, () => ({
      pre: [pick(ASKED), ...some(1, () => pick(ASKED))],
      post: some(2, () => pick(ASKED)),
    })),
    install: keyed([...NAMES, 'ex*'], random(3) === 0 ? 2 : 0, () => `/bin/echo ${random(9)}`),
    remove: keyed(NAMES, random(4) === 0 ? 1 : 0, () => '/bin/true'),
  }
}

const linesOf = ({ aliases, options, blacklist, softdeps, install, remove }) => [
  ...Object.entries(aliases).map(([pattern, module]) => `alias ${pattern} ${module}`),
  ...Object.entries(options).flatMap(([name, params]) =>
    Object.entries(params).map(([key, value]) => `options ${name} ${key}=${value}`),
  ),
  ...blacklist.map(name => `blacklist ${name}`),
  ...Object.entries(softdeps).map(([name, { pre, post }]) =>
    [`softdep ${name}`, ...(pre.length ? ['pre:', ...pre] : []), ...(post.length ? ['post:', ...post] : [])].join(' '),
  ),
  ...Object.entries(install).map(([name, command]) => `install ${name} ${command}`),
  ...Object.entries(remove).map(([name, command]) => `remove ${name} ${command}`),
]

const showParams = params =>
  Object.entries(params)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ')

/** Of two values of one parameter the last counts, wherever they stand. */
function normal(line) {
  const [verb, subject, ...rest] = line.trim().split(/\s+/)
  const words = rest.filter(word => !word.includes('='))
  const params = Object.fromEntries(rest.filter(word => word.includes('=')).map(word => word.split('=')))
  return [verb, basename(subject, '.ko'), ...words, showParams(params)].join(' ').trim()
}

function kmod(asked, lines) {
  writeFileSync(join(folder, 'modprobe.conf'), `${lines.join('\n')}\n`)
  const { status, stdout } = spawnSync(
    'modprobe',
    ['-d', folder, '-S', '1.0', '-C', join(folder, 'modprobe.conf'), '--show-depends', asked],
    { encoding: 'utf8' },
  )
  return { found: status === 0, lines: stdout.split('\n').filter(Boolean).map(normal) }
}

function ours(asked, config) {
  const policy = new Policy(config)
  const catalogue = new TextCatalogue(forms, policy)
  const found = catalogue.lookup(asked)
  const lines = found
    .filter(candidate => !policy.isBlacklisted(candidate))
    .flatMap(candidate =>
      catalogue.stepsOf(candidate).flatMap(({ module, alias }) => {
        const hook = hookOf(catalogue, policy, module)
        // Of what a configuration names and nobody has, kmod prints nothing.
        if (hook === undefined && catalogue.fileOf(module) === undefined) return []
        const params = showParams(policy.options({ module, alias }))
        return [normal(`${hook === undefined ? `insmod ${module}` : `install ${hook}`} ${params}`)]
      }),
    )
  return { found: found.length > 0, lines }
}

/** kmod runs no install command of a module whose softdeps lead to something; Outlive runs every hook. */
function hookOf(catalogue, policy, module) {
  const { pre = [], post = [] } = catalogue.softdeps(module) ?? {}
  return [...pre, ...post].some(name => catalogue.lookup(name).length > 0) ? undefined : policy.installHook(module)
}

let different = 0
for (let i = 0; i < Number(values.cases); i++) {
  const config = randomConfig()
  const lines = linesOf(config)
  const asked = pick(ASKED)
  const wanted = kmod(asked, lines)
  const got = ours(asked, config)
  if (JSON.stringify(wanted) === JSON.stringify(got)) continue
  different++
  if (different <= 10)
    console.log(
      [
        `case ${i}: modprobe --show-depends ${asked}`,
        ...lines,
        `kmod: ${JSON.stringify(wanted)}`,
        `here: ${JSON.stringify(got)}`,
        '',
      ].join('\n'),
    )
}
console.log(`${values.cases} cases, ${different} differ`)
process.exitCode = different > 0 ? 1 : 0
