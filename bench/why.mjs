/**
 * Measures `why` on a large heap against `v8.writeHeapSnapshot` alone: time, time in which the event loop stands still, and peak memory.
 *
 *   node bench/why.mjs [--mb 200] [--shape small|mixed|strings] [--runs 3] [--quick] [--json]
 *
 * Each measurement is made in a process of its own with the same heap, the two kinds taking turns, and the fastest of each kind is
 * compared: whatever else the machine does can only slow them down. Processor time is that of all threads. Peak memory is that of the whole process, threads included.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getHeapStatistics, writeHeapSnapshot } from 'node:v8'
import { createKernel } from '../dist/index.js'
import { explainImage, formatReport } from '../dist/kernel/kmemleak/index.js'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'

const { values } = parseOptions({
  options: {
    mb: { type: 'string', default: '200' },
    shape: { type: 'string', default: 'mixed' },
    runs: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    child: { type: 'string' },
  },
})

const MODULE = `
const seen = new Map<string, number>()
export const handler = (name: string) => seen.set(name, (seen.get(name) ?? 0) + 1)
export const init = () => (globalThis as any).routes.set('/hello', handler)
`

class Order {
  constructor(id) {
    this.id = id
    this.customer = `customer ${id % 997}`
    this.tags = [`tag ${id % 100}`, `order ${id}`]
    this.items = new Map([[`item ${id}`, { price: id * 1.5, quantity: id % 7 }]])
    this.total = () => this.id
  }
}

/** What a heap is filled with, a little at a time. */
const SHAPES = {
  /** The dearest there is: nothing but small objects. */
  small: keep => {
    for (let i = 0; i < 100; i++) keep.push(new Order(keep.length))
  },
  /** As servers have it: half of it texts and buffers of some kilobytes, half of it objects. */
  mixed: keep => {
    for (let i = 0; i < 20; i++) keep.push(new Order(keep.length))
    for (let i = 0; i < 3; i++) keep.push(Buffer.alloc(2048, keep.length).toString('latin1'))
  },
  strings: keep => keep.push(Buffer.alloc(16_384, keep.length).toString('latin1')),
}

async function child(what) {
  const keep = []
  while (getHeapStatistics().used_heap_size < Number(values.mb) * 1e6) SHAPES[values.shape](keep)
  const folder = mkdtempSync(join(tmpdir(), 'outlive-why-'))
  try {
    globalThis.routes = new Map()
    writeFileSync(join(folder, 'hello.ts'), MODULE)
    const kernel = createKernel({ modules: folder })
    await kernel.insmod(join(folder, 'hello.ts'))
    await kernel.rmmod('hello')
    const heapBytes = getHeapStatistics().used_heap_size
    const before = process.resourceUsage().maxRSS * 1024
    const result = { heapBytes, before, objects: keep.length }
    const cpu = process.cpuUsage()
    if (what === 'write') {
      const started = performance.now()
      const file = writeHeapSnapshot(join(folder, 'out.heapsnapshot'))
      result.ms = performance.now() - started
      result.blockedMs = result.ms
      result.snapshotBytes = statSync(file).size
    } else {
      const report = await explainImage('hello#1', {
        thread: what === 'thread',
        estimateFrom: Number.POSITIVE_INFINITY,
      })
      result.ms = report.ms
      result.blockedMs = report.blockedMs
      result.snapshotBytes = report.snapshotBytes
      result.text = formatReport(report)
      if (report.holders.length !== 1 || !report.holders[0].text.startsWith('global routes (Map) -> '))
        throw new Error(`the wrong holder: ${result.text}`)
    }
    const { user, system } = process.cpuUsage(cpu)
    result.cpuMs = (user + system) / 1000
    result.peak = process.resourceUsage().maxRSS * 1024
    console.log(JSON.stringify(result))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const KINDS = { write: 'writeHeapSnapshot alone', thread: 'why', inline: 'why, without a thread' }

function measure() {
  const best = {}
  for (let run = 0; run < Number(values.runs); run++)
    for (const kind of Object.keys(KINDS)) {
      const args = [fileURLToPath(import.meta.url), '--child', kind, '--mb', values.mb, '--shape', values.shape]
      const result = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 }))
      best[kind] ??= result
      const known = best[kind]
      best[kind] = {
        ...known,
        ms: Math.min(known.ms, result.ms),
        blockedMs: Math.min(known.blockedMs, result.blockedMs),
        cpuMs: Math.min(known.cpuMs, result.cpuMs),
        peak: Math.min(known.peak, result.peak),
      }
    }
  return best
}

function print(best) {
  const { write } = best
  const mb = bytes => `${Math.round(bytes / 1e6)} MB`
  console.log(
    `node ${process.version}, ${mb(write.heapBytes)} of heap (${values.shape}), ${mb(write.snapshotBytes)} of snapshot, best of ${values.runs}`,
  )
  for (const [kind, name] of Object.entries(KINDS)) {
    const { ms, blockedMs, cpuMs, peak } = best[kind]
    console.log(
      `${name.padEnd(25)} ${Math.round(ms).toString().padStart(6)} ms  ${(ms / write.ms).toFixed(2)}x` +
        `   still for ${Math.round(blockedMs).toString().padStart(6)} ms  ${(blockedMs / write.blockedMs).toFixed(2)}x` +
        `   processor ${Math.round(cpuMs).toString().padStart(6)} ms  ${(cpuMs / write.cpuMs).toFixed(2)}x` +
        `   peak ${mb(peak).padStart(8)}  ${(peak / write.peak).toFixed(2)}x`,
    )
  }
  console.log(best.thread.text)
}

if (values.quick) Object.assign(values, { mb: '50', runs: '1' })
if (values.child) await child(values.child)
else {
  const best = measure()
  const { write, thread } = best
  const rows = [
    row('why: time beside writeHeapSnapshot alone', thread.ms / write.ms, 'x', { atMost: 2 }),
    row('why: time in which the event loop stands still', thread.blockedMs / write.blockedMs, 'x'),
    row('why: peak of memory', thread.peak / write.peak, 'x'),
  ]
  if (values.json) report({ bench: 'why', rows, best }, values)
  else print(best)
}
