import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { turns } from '../support/latch.ts'
import { stage } from '../support/stage.ts'
import { leaves, leftOf } from './leave.ts'

/** Answers with its path, keeps silent at /never, goes on for ever at /endless, and speaks WebSocket as far as saying hello. */
const server = http.createServer((request, response) => {
  if (request.url === '/never') return
  if (request.url === '/endless') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
    return
  }
  response.end(request.method === 'HEAD' ? undefined : request.url)
})
const sockets = new Set<Socket>()
server.on('upgrade', (request, socket: Socket) => {
  const accept = createHash('sha1').update(
    `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
  )
  const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`
  socket.write(head)
  sockets.add(socket)
  // Any frame is taken for the frame that closes.
  socket.on('error', () => {}).once('data', () => socket.end(Buffer.from([0x88, 0])))
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => {
  server.close().closeAllConnections()
  for (const socket of sockets) socket.destroy()
})

const unhandled: unknown[] = []
process.on('unhandledRejection', reason => unhandled.push(reason))
const quiet = async (): Promise<void> => {
  await turns(5)
  assert.deepEqual(unhandled, [])
}

const TOP = `const url = ${JSON.stringify(url)}
let held = new AbortController`

leaves('a fetch without an answer, which nobody awaits', {
  top: TOP,
  init: `const answer = /*!*/fetch(url + '/never', { signal: held.signal }); left.catch = () => answer.catch(() => {})`,
  exit: `left.catch(); held.abort()`,
  kind: 'fetch',
  what: /^fetch of http:.*\/never$/,
  closed: quiet,
})

leaves('a fetch by the global object', {
  top: TOP,
  init: `globalThis./*!*/fetch(new Request(url + '/never'), { signal: held.signal }).catch(() => {})`,
  exit: `held.abort()`,
  kind: 'fetch',
  what: /^fetch of http:.*\/never$/,
  closed: quiet,
})

leaves('an answer whose body nobody reads', {
  top: TOP,
  init: `left.response = held = await /*!*/fetch(url + '/endless')`,
  exit: `await held.body.cancel()`,
  kind: 'fetch',
  what: /^body of http:.*\/endless, not read to its end$/,
  closed: quiet,
})

leaves('an answer whose body goes on for ever', {
  top: TOP,
  init: `const response = await /*!*/fetch(url + '/endless', { signal: held.signal })
    const read = async () => { for await (const part of response.body) left.read = true }
    left.reading = read().catch(error => error.name)`,
  exit: `held.abort(); await left.reading`,
  kind: 'fetch',
  what: /^body of/,
  closed: async left => {
    assert.equal(await left.reading, 'AbortError')
    await quiet()
  },
})

const isOver = async (): Promise<void> => {
  const open = [...sockets].filter(socket => !socket.destroyed)
  await Promise.all(open.map(socket => once(socket, 'close')))
}

leaves('a WebSocket that would connect again', {
  top: TOP,
  init: `const connect = () => { held = /*!*/new WebSocket(url.replace('http', 'ws')); held.onclose = () => { left.again = true; connect() } }
    connect()
    await new Promise(done => held.addEventListener('open', done))`,
  exit: `const closed = new Promise(done => { held.onclose = done }); held.close(); await closed`,
  kind: 'socket',
  what: /^WebSocket to ws:/,
  closed: async left => {
    await isOver()
    assert.equal(left.again, undefined)
  },
  skip: typeof WebSocket === 'undefined' && 'not in this Node',
})

describe('fetch', () => {
  it('is forgotten when it ended, however often', async t => {
    const { kernel, file } = stage(t, {
      'busy.mjs': `${TOP}
        export async function init() {
          const shared = new AbortController
          for (let n = 0; n < 100; n++) {
            await (await fetch(url + '/x', { signal: shared.signal })).text()
            await (await fetch(url + '/y', { signal: AbortSignal.timeout(60_000) })).arrayBuffer()
            await fetch(url, { method: 'HEAD' })
            await fetch('http://127.0.0.1:1').catch(() => {})
          }
        }`,
    })
    await kernel.insmod(file('busy.mjs'))
    assert.deepEqual((await kernel.rmmod('busy')).leftovers, [])
  })

  it('behaves as the real one', async t => {
    const left = leftOf(t)
    left.url = url
    const script = `
      const { url } = left
      const fails = work => work.then(() => 'no', error => [error.name, error.message, error.cause?.message])
      const reason = new Error('why')
      const later = new AbortController
      const body = await fetch(url + '/endless', { signal: later.signal })
      const request = new Request(url + '/z', { method: 'POST', body: 'b', headers: { a: 'b' } })
      return [
        await (await fetch(url + '/path', { method: 'PUT', body: 'x' })).text(),
        await (await fetch(request)).text(), request.bodyUsed,
        await (await fetch(url + '/init', new Request(url + '/other', { method: 'PATCH' }))).text(),
        await fails(fetch(url, { signal: AbortSignal.abort(reason) })),
        await fails(fetch(new Request(url, { signal: AbortSignal.abort(reason) }))),
        await (await fetch(new Request(url + '/null', { signal: AbortSignal.abort(reason) }), { signal: null })).text(),
        (later.abort(reason), await fails(body.text())),
        await fails(fetch(url, { signal: 'no signal' })), await fails(fetch('no url')), await fails(fetch(url, 7)), await fails(fetch()),
        fetch.name, fetch.length, (await fetch('data:,x')) instanceof Response, (await (await fetch(new URL(url))).text()),
        await AbortSignal.timeout(1).constructor.name, AbortSignal.any([]) instanceof AbortSignal, AbortSignal.name,
      ]`
    const { kernel, file } = stage(t, { 'exact.mjs': `left.answer = await (async () => {${script}})()` })
    await kernel.insmod(file('exact.mjs'))
    const real = await (new Function(`return (async () => {${script}})()`)() as Promise<unknown>)
    assert.deepEqual(left.answer, real)
  })

  it('of what is in memory is nothing left behind, whether its body is read or not', async t => {
    const { kernel, file } = stage(t, {
      'memory.mjs': `export async function init() {
        await fetch('data:,x')
        await fetch(new Request(' data:text/plain,y'))
        await fetch(URL.createObjectURL(new Blob(['z'])))
      }`,
    })
    await kernel.insmod(file('memory.mjs'))
    assert.deepEqual((await kernel.rmmod('memory')).leftovers, [])
    await quiet()
  })

  it('of a call in flight is left to it', async t => {
    const { kernel, file } = stage(
      t,
      {
        'slow.mjs': `export const init = k => k.register('get', async path => (await fetch(${JSON.stringify(url)} + path)).text())`,
      },
      { grace: 0 },
    )
    await kernel.insmod(file('slow.mjs'))
    const [get] = kernel.point<(path: string) => Promise<string>>('get')
    const text = get!('/in-flight')
    assert.deepEqual((await kernel.rmmod('slow')).leftovers, [])
    assert.equal(await text, '/in-flight')
  })
})
