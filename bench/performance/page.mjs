/** Makes docs/performance.md and its pictures, and the measured parts of docs/comparison.md, of what the benches found. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { barChart } from '../support/bar_chart.mjs'
import { digits } from '../support/report.mjs'

const path = name => fileURLToPath(new URL(name, import.meta.url))
const PAGE = path('../../docs/performance.md')
const COMPARISON = path('../../docs/comparison.md')
const IMAGES = path('../../docs/images/')
const NOTES = path('notes.md')

/** In the order in which somebody would ask. Benches that are not named come after. */
const ORDER = [
  'reload',
  'sizes',
  'packages',
  'peers',
  'cold',
  'calls',
  'rmmod',
  'many',
  'churn',
  'replace',
  'day',
  'install',
  'alias',
  'depmod',
  'installer',
  'schemes',
  'why',
]

const place = bench => (ORDER.includes(bench) ? ORDER.indexOf(bench) : ORDER.length)
const bySense = (a, b) => place(a.bench) - place(b.bench) || (a.bench < b.bench ? -1 : 1)
const newestOf = (results, bench) => results.filter(result => result.bench === bench).at(-1)

export function drawPictures(results) {
  const peers = newestOf(results, 'peers')?.peers
  if (peers === undefined) return
  const bars = field =>
    peers
      .map(peer => ({ name: peer.peer, value: Math.max(0, peer[field]), strong: peer.peer === 'outlive' }))
      .sort((a, b) => a.value - b.value)
  writeFileSync(
    `${IMAGES}peers-time.svg`,
    barChart({ title: `Time of a reload; import('?v=') is 1`, bars: bars('ratio'), unit: 'times', reference: 1 }),
  )
  writeFileSync(
    `${IMAGES}peers-memory.svg`,
    barChart({
      title: 'Heap that a reload leaves behind after gc()',
      bars: bars('keptKB').map(bar => ({ ...bar, value: Math.max(bar.value, 0.1) })),
      unit: 'KB, 0.1 or less at the left',
    }),
  )
}

/** The notes have a part on what was missed, which stands beside what was promised, and a part on the rest. */
function readNotes(results) {
  if (!existsSync(NOTES)) return { missed: [], tried: [] }
  const [missed = '', ...tried] = readFileSync(NOTES, 'utf8')
    .trim()
    .split(/\n\n(?=## )/)
  return { missed: [fillIn(missed, results)], tried }
}

/** Puts the rows that miss their goal below the words that say why; one that nobody has explained yet is seen, too. */
function fillIn(notes, results) {
  const rest = new Set(results.map(({ bench }) => bench))
  const sections = notes.split(/\n\n(?=### )/).map(section =>
    section.replace(/<!-- missed: (.*) -->/, (_, names) => {
      const benches = names === '*' ? [...rest] : names.split(' ')
      for (const bench of benches) rest.delete(bench)
      const missed = row => row.met === false
      const own = results.filter(({ bench, rows }) => benches.includes(bench) && rows.some(missed))
      if (own.length > 0) return tableOf(own, missed)
      return names === '*' ? '' : 'All of these figures reach their goal now.'
    }),
  )
  return sections.filter(section => !/^### .*\n\n$/.test(`${section.trim()}\n\n`)).join('\n\n')
}

/** As GitHub makes the anchor of a heading. */
const anchorOf = heading =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')

const contentsOf = parts =>
  parts
    .flatMap(part => [...part.matchAll(/^(###?) (.*)$/gm)])
    .map(([, marks, heading]) => `${marks === '##' ? '' : '  '}- [${heading}](#${anchorOf(heading)})`)
    .join('\n')

/** `v24.21.0` is of line 24. */
const lineOf = version => version.replace(/^v(\d+).*/, '$1')

/** One line a row, one column a line of Node. */
function tableOf(results, keep) {
  const columns = [...new Set(results.flatMap(({ node, rows }) => rows.map(row => lineOf(row.node ?? node))))].sort()
  const lines = new Map()
  for (const { bench, node, rows } of results)
    for (const row of rows) {
      if (!keep(row)) continue
      const key = `${bench}\0${row.what}`
      if (!lines.has(key)) lines.set(key, { bench, what: row.what, unit: row.unit, goal: row.goal, of: {} })
      lines.get(key).of[lineOf(row.node ?? node)] = row
    }
  const cells = [...lines.values()].map(({ bench, what, unit, goal = '', of }) => [
    bench,
    what,
    unit,
    goal,
    ...columns.map(column => {
      const row = of[column]
      if (row === undefined) return ''
      return row.met === false ? `**${digits(row.figure)}**` : digits(row.figure)
    }),
  ])
  const head = ['bench', 'what', 'unit', 'goal', ...columns.map(column => `Node ${column}`)]
  return markdown(head, cells, 4)
}

/** @param words how many columns, from the left, are no figures */
const markdown = (head, rows, words) =>
  [
    `| ${head.join(' | ')} |`,
    `| ${head.map((_, column) => (column < words ? '---' : '---:')).join(' | ')} |`,
    ...rows.map(cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`),
  ].join('\n')

/** What a reader has to know of how a peer was measured. */
const REMARKS = {
  dynohot: 'it waits 100 ms for more changes',
  'hot-hook': 'told of the change, not watching',
  cordis: 'with `?v=`',
}
/** In a heap of its own a version goes with the heap; dynohot drops instances, not code. */
const FREED = { dynohot: 'instances, not code', 'a Worker each': 'all', 'isolated-vm': 'all' }

function peersTable({ peers }) {
  const rows = peers.map(({ peer, version, ratio, keptKB, lastResortKB, freed, stale }) => [
    `${version === undefined ? `\`${peer}\`` : `${peer} ${version}`}${REMARKS[peer] ? ` (${REMARKS[peer]})` : ''}`,
    ratio.toFixed(2),
    keptKB.toFixed(1),
    lastResortKB.toFixed(1),
    FREED[peer] ?? `${Math.round(freed * 100)} %`,
    String(stale),
  ])
  return markdown(['peer', 'time', 'KB kept', 'after a last resort', 'freed', 'stale'], rows, 1)
}

/** The same table beside what the peers do to calls in flight, which is written by hand. */
export function writeComparison(results) {
  const peers = newestOf(results, 'peers')
  if (peers === undefined) return
  const outlive = peers.peers.find(({ peer }) => peer === 'outlive')
  const native = peers.peers.find(({ peer }) => peer === "import('?v=')")
  const parts = {
    short: `A reload by Outlive takes ${outlive.ratio.toFixed(2)} of native import's time in the table below, and leaves ${Math.max(0, outlive.keptKB).toFixed(1)} KB behind, where \`import('?v=')\` leaves ${native.keptKB.toFixed(1)}.`,
    table: `\`npm run bench -- peers\`, Node ${peers.node.replace(/^v/, '')}, ${peers.date}:\n\n${peersTable(peers)}`,
  }
  const fill = (text, [name, part]) =>
    text.replace(
      new RegExp(`(<!-- measured: ${name} -->\\n)[^]*?(\\n<!-- end -->)`),
      (_, head, foot) => `${head}${part}${foot}`,
    )
  writeFileSync(COMPARISON, Object.entries(parts).reduce(fill, readFileSync(COMPARISON, 'utf8')))
}

export function writePage(all, { quick }) {
  const results = all.toSorted(bySense)
  const goals = results.flatMap(({ rows }) => rows.filter(row => row.goal !== undefined))
  const dates = results.map(({ date }) => date).sort()
  const versions = [...new Set(results.map(({ node }) => node.slice(1)))].sort()
  const machines = [...new Set(results.map(({ machine }) => machine))]
  const peers = newestOf(results, 'peers')
  const { missed, tried } = readNotes(results)
  const days = dates[0] === dates.at(-1) ? dates[0] : `${dates[0]} to ${dates.at(-1)}`
  const parts = [
    '## What was promised',
    `${goals.filter(({ met }) => met).length} of ${goals.length} figures reach their goal. Those that do not are in bold, and [explained below](#what-does-not-reach-its-goal-and-why).`,
    'The rows of `reload` begin with the line of Node that was measured; their two columns are two runs of the same.',
    tableOf(results, row => row.goal !== undefined),
    ...missed,
    ...(peers === undefined
      ? []
      : [
          '## Beside what people use today',
          `One reload: write a changed file of 200 functions, load it, call one, drop it. Node ${peers.node.replace(/^v/, '')}.`,
          [
            "- *time* is against native `import('?v=')`.",
            '- *KB kept* is the heap that a reload leaves behind after plain `gc()`, and after a last-resort collection, which V8 makes before it gives up.',
            '- *freed* is how many dropped versions the collector took; in a `Worker` and in isolated-vm nothing of a module is in this heap.',
            '- *stale* is how often the old code answered.',
          ].join('\n'),
          '[comparison.md](comparison.md) says what each does to calls in flight and to what is left behind.',
          '![Time of a reload, by peer](images/peers-time.svg)',
          '![Heap left behind by a reload, by peer](images/peers-memory.svg)',
          peersTable(peers),
        ]),
    ...tried,
    '## All figures',
    tableOf(results, () => true),
  ]
  const head = [
    '# Performance',
    `Written by \`npm run bench -- performance${quick ? ' --quick' : ''}\`, on ${machines.join(' and on ')}, under Node ${versions.join(', ')}; ${days}.`,
    [
      '- A ratio (`x`) is of things that took turns in one run, and is what counts. Times by themselves are those of this machine.',
      '- [bench/README.md](../bench/README.md) says what each bench does; each can be run by itself, `npm run bench -- NAME`.',
      '- The tables are generated, the explanations are written by hand.',
    ].join('\n'),
    contentsOf(parts),
  ]
  writeFileSync(PAGE, `${[...head, ...parts].join('\n\n')}\n`)
}
