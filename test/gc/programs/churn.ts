import { createKernel } from 'outlive'
import { Folder } from '../../support/folder.ts'
import { collectUntil, settledHeap } from '../../support/gc.ts'

/** Inserts and removes, or replaces, one module again and again, calls it each time, and tells what stays. */
const [how, rounds] = [process.argv[2], Number(process.argv[3])]
const WARM_UP = 20

const functions = Array.from({ length: 100 }, (_, n) => `export const f${n} = (x: number): number => x + ${n}`).join(
  '\n',
)
const version = (n: number): string => `
import { base } from './base.ts'
const payload = new Array(1000).fill(${n})
${functions}
export function init(k) {
  k.register('p', async () => { await null; return base + payload.length + f1(${n}) })
  k.register('q', { ask: () => ${n}, name: 'q' })
  setInterval(() => payload, 1000)
  process.on('SIGUSR2', () => payload)
  k.signal.addEventListener('abort', () => payload)
  k.defer(() => payload)
}
export const exit = async () => { await null }
export const handoff = () => ({ n: ${n} })
`

const folder = new Folder({ 'base.ts': 'export const base = 1\n', 'm.ts': version(0) })
const kernel = createKernel({ modules: folder.path })
let collected = 0
kernel.on('collected', () => collected++)

async function round(n: number): Promise<void> {
  folder.write({ 'm.ts': version(n) })
  if (how === 'replace') await kernel.replace('m')
  else await kernel.modprobe('m')
  for (const call of kernel.point<() => Promise<number>>('p'))
    if ((await call()) !== 1001 + n + 1) throw new Error(`round ${n} met another version`)
  kernel.point<{ ask(): number }>('q').get('q')!.ask()
  if (how !== 'replace') await kernel.rmmod('m')
}

// The log keeps the latest lines, whatever becomes of the modules: it is full from the beginning.
for (let line = 0; line < 5000; line++)
  kernel.log.info(
    `${'m'}#${line} of ${folder.file('m.ts')}:${line}:3, a line like ${'those'} of the kernel, ${line} bytes`,
    'm',
  )
await kernel.modprobe(how === 'replace' ? 'm' : 'base')
for (let n = 1; n <= WARM_UP; n++) await round(n)
await collectUntil(() => kernel.lingering().length === 0)
const before = await settledHeap()
const collectedBefore = collected
for (let n = WARM_UP + 1; n <= WARM_UP + rounds; n++) await round(n)
await collectUntil(() => kernel.lingering().length === 0)
const lingering = kernel.lingering().map(({ image }) => image)
const after = await settledHeap()
const collectedNow = collected - collectedBefore
await kernel.close()
folder.remove()
console.log(JSON.stringify({ collected: collectedNow, lingering, bytesPerRound: (after - before) / rounds }))
