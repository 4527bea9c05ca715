/** The measured host of the churn bench: the built-in HTTP host with one route, which the parent has replaced or left alone. Speaks over IPC. */
import { writeFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startHttpHost } from '../../dist/cli/host/http_host.js'
import { createKernel } from '../../dist/index.js'

const [folder, perSecond] = [process.argv[2], Number(process.argv[3])]
const file = join(folder, 'route.ts')

/** The handler says who it is and when it began, on the clock that the kernel's events are noted by. */
const version = number => `
export const version: number = ${number}
export function init(k: any) {
  k.register('http.route', { method: 'GET', url: '/', handler: async () => {
    const began = performance.now()
    globalThis.lookForLive()
    await new Promise(resolve => setTimeout(resolve, 20))
    return { version, generation: k.module.generation, began, wrote: ${number} }
  } })
}
`

const kernel = createKernel({ modules: folder })
/** When each generation was LIVE: the only one that requests beginning then may meet. */
const live = []
kernel.on('live', ({ generation }) => {
  const now = performance.now()
  const before = live.at(-1)
  if (before) before.until = now
  live.push({ generation, from: now, until: Number.POSITIVE_INFINITY })
})
let collected = 0
kernel.on('collected', () => collected++)

let number = 1
writeFileSync(file, version(number))
await kernel.insmod(file)
const host = await startHttpHost(kernel, { port: 0, address: '127.0.0.1' })
let timer
let failed = 0
const inProgress = new Set()

/** Written off the main thread, since what the disk takes is not the host's, and renamed into place, so that nobody reads half a file. */
function churn() {
  const mine = ++number
  const next = join(folder, `${mine}.tmp`)
  const replacing = writeFile(next, version(mine))
    .then(() => rename(next, file))
    .then(() => kernel.replace('route'))
    .catch(() => failed++)
  inProgress.add(replacing)
  replacing.finally(() => inProgress.delete(replacing))
}

/** Every millisecond, and every request by its handler, asks whether there is a LIVE version on the route. */
let looks = 0
let missed = 0
let looking = true
const routes = kernel.point('http.route')
function look() {
  looks++
  if (routes.size !== 1 || routes.get('route') === undefined || kernel.lsmod().every(({ state }) => state !== 'LIVE'))
    missed++
}
function lookEachTurn() {
  look()
  if (looking) setTimeout(lookEachTurn, 1)
}
lookEachTurn()
globalThis.lookForLive = look

process.on('message', async message => {
  if (message === 'churn') timer = setInterval(churn, 1000 / perSecond)
  if (message === 'rest') {
    clearInterval(timer)
    await Promise.all(inProgress)
  }
  if (message === 'report') {
    globalThis.gc?.()
    await new Promise(resolve => setTimeout(resolve, 50))
    process.send({
      live,
      replaced: live.length - 1,
      failed,
      collected,
      lingering: kernel.lingering().length,
      looks,
      missed,
    })
    return
  }
  if (message === 'stop') {
    looking = false
    await host.close()
    await kernel.close()
    process.disconnect()
    return
  }
  process.send('done')
})
process.send({ url: host.url })
