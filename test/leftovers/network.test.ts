import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import tls from 'node:tls'
import { stage } from '../support/stage.ts'
import { certificate } from './certificate.ts'
import { type Left, leaves, leftOf } from './leave.ts'

/** Servers of the host, which modules connect to: one that answers, one that keeps silent, one that only listens. */
const answering = http.createServer((request, response) => response.end(request.url))
const silent = http.createServer(() => {})
const listening = net.createServer(socket => socket.on('error', () => {}))
const encrypted = tls.createServer(certificate, socket => socket.on('error', () => {}))
for (const server of [answering, silent, listening, encrypted]) await once(server.listen(0, '127.0.0.1'), 'listening')
after(() => {
  for (const server of [answering, silent]) server.close().closeAllConnections()
  listening.close()
  encrypted.close()
})
const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port

const TOP = `import net from 'node:net'
import http, { get } from 'node:http'
import https from 'node:https'
import http2 from 'node:http2'
import tls from 'node:tls'
import dgram from 'node:dgram'
import { once } from 'node:events'
const { answering, silent, listening, encrypted, secure } = ${JSON.stringify({
  answering: portOf(answering),
  silent: portOf(silent),
  listening: portOf(listening),
  encrypted: portOf(encrypted),
  secure: certificate,
})}
const host = '127.0.0.1'
const listen = async server => { await once(server.listen(0, host), 'listening'); left.port = server.address().port; return server }
let held`

const refuses = async ({ port }: Left): Promise<void> => {
  const socket = net.connect(port as number, '127.0.0.1')
  const error = await once(socket, 'connect').then(
    () => undefined,
    (reason: NodeJS.ErrnoException) => reason,
  )
  socket.destroy()
  assert.equal(error?.code, 'ECONNREFUSED')
}

for (const [protocol, make] of [
  ['net', 'net./*!*/createServer()'],
  ['net', '/*!*/new net.Server()'],
  ['http', 'http./*!*/createServer((request, response) => response.end())'],
  ['https', 'https./*!*/createServer(secure)'],
  ['tls', 'tls./*!*/createServer(secure)'],
  ['http2', 'http2./*!*/createServer()'],
  ['http2', 'http2./*!*/createSecureServer(secure)'],
] as const)
  leaves(`a server: ${make.replace('/*!*/', '')}`, {
    top: TOP,
    init: `held = await listen(${make})`,
    exit: 'held.close()',
    kind: 'server',
    what: new RegExp(`^${protocol} server, 127\\.0\\.0\\.1:\\d+$`),
    closed: refuses,
  })

leaves('a server of a subclass', {
  top: `${TOP}\nclass Own extends net.Server { constructor() { /*!*/super() } }`,
  init: `held = await listen(new Own)`,
  exit: 'held.close()',
  kind: 'server',
  what: /^net server, 127\.0\.0\.1:\d+$/,
  closed: refuses,
})

leaves('connections of a server that is closed', {
  top: TOP,
  init: `held = await listen(net./*!*/createServer()); held.once('connection', () => left.connected()); held.once('connection', () => held.close())`,
  exit: 'held.close()',
  kind: 'server',
  what: /^net server, closed, 1 connection still open$/,
  open: async left => {
    const connected = new Promise<void>(resolve => {
      left.connected = resolve
    })
    left.client = net.connect(left.port as number, '127.0.0.1')
    await connected
  },
  closed: async left => {
    const client = left.client as net.Socket
    client.resume()
    if (!client.closed) await once(client, 'close')
  },
})

leaves('a socket', {
  top: TOP,
  init: `held = net./*!*/connect(listening, host); await once(held, 'connect'); left.socket = held; held.on('close', () => { left.again = net.connect(listening, host) })`,
  exit: `held.removeAllListeners('close').destroy()`,
  kind: 'socket',
  what: /^net socket, to 127\.0\.0\.1:\d+$/,
  closed: left => assert.deepEqual([(left.socket as net.Socket).destroyed, left.again], [true, undefined]),
})

leaves('a socket that is still connecting', {
  top: TOP,
  init: `held = /*!*/new net.Socket(); held.connect(listening, host)`,
  exit: `held.destroy()`,
  kind: 'socket',
  what: /^net socket/,
})

leaves('a socket of TLS', {
  top: TOP,
  init: `held = tls./*!*/connect({ port: encrypted, host, rejectUnauthorized: false }); await once(held, 'secureConnect')`,
  exit: `held.destroy()`,
  kind: 'socket',
  what: /^tls socket, to 127\.0\.0\.1:\d+$/,
})

leaves('a datagram socket', {
  top: TOP,
  init: `held = dgram./*!*/createSocket('udp4'); await new Promise(done => held.bind(0, host, done)); left.port = held.address().port`,
  exit: `held.close()`,
  kind: 'socket',
  what: /^datagram socket, 127\.0\.0\.1:\d+$/,
})

leaves('a request without an answer', {
  top: TOP,
  init: `held = http./*!*/request({ port: silent, host, path: '/never' }); held.end(); await once(held, 'finish')
    held.on('error', () => { left.error = true }).on('close', () => { left.error = true })`,
  exit: `held.removeAllListeners('close').destroy()`,
  kind: 'request',
  what: /^GET http:\/\/127\.0\.0\.1\/never$/,
  closed: left => assert.equal(left.error, undefined),
})

leaves('a request whose answer nobody reads', {
  top: TOP,
  init: `held = /*!*/get({ port: answering, host, path: '/unread' }); await once(held, 'response')`,
  exit: `held.destroy()`,
  kind: 'request',
  what: /\/unread$/,
})

leaves('an agent that keeps connections', {
  top: TOP,
  init: `held = /*!*/new http.Agent({ keepAlive: true })
    const [response] = await once(get({ port: answering, host, agent: held }), 'response')
    response.resume(); await once(response, 'close'); await new Promise(setImmediate)`,
  exit: `held.destroy()`,
  kind: 'agent',
  what: /^http agent, 0 busy and 1 idle sockets$/,
})

leaves('a session of HTTP/2', {
  top: TOP,
  init: `held = http2./*!*/connect('http://127.0.0.1:' + listening); held.on('error', () => {}); await once(held, 'connect')`,
  exit: `held.destroy()`,
  kind: 'session',
  what: /^http2 session/,
})

describe('network', () => {
  it('things that ended are forgotten, however many', async t => {
    const { kernel, file } = stage(t, {
      'busy.mjs': `${TOP}
        export async function init() {
          for (let n = 0; n < 100; n++) {
            const [response] = await once(get({ port: answering, host }), 'response')
            for await (const _ of response);
            const socket = net.connect(listening, host)
            await once(socket, 'connect')
            socket.destroy()
            new net.Socket()
            net.createServer()
          }
        }`,
    })
    await kernel.insmod(file('busy.mjs'))
    assert.deepEqual((await kernel.rmmod('busy')).leftovers, [])
  })

  it('what is opened because something was closed is closed too, also when its module takes a moment to hear of it', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'again.mjs': `${TOP}
        const again = async () => {
          for (let job = 0; job < 100; job++) await null
          setTimeout(again, 60_000).unref()
        }
        export async function init() {
          await listen(net.createServer(peer => { left.arrived(); peer.on('close', again).on('error', () => {}) }))
        }`,
    })
    const arrived = new Promise<void>(resolve => (left.arrived = resolve))
    await kernel.insmod(file('again.mjs'))
    const client = net.connect(left.port as number, '127.0.0.1').on('error', () => {})
    await arrived
    const { leftovers } = await kernel.rmmod('again')
    assert.deepEqual(
      leftovers.map(({ kind, closed }) => [kind, closed]),
      [
        ['server', true],
        ['timeout', true],
      ],
    )
    client.destroy()
  })

  it('views are the real classes to whoever asks', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'exact.cjs': `const net = require('net'), http = require('node:http'), { inherits } = require('util')
        function Old() { net.Socket.call(this) }
        inherits(Old, net.Socket)
        class New extends http.Agent {}
        left.answer = [
          new Old instanceof net.Socket, new New instanceof http.Agent, new net.Socket instanceof net.Socket,
          left.socket instanceof net.Socket, net.Socket.name, net.createServer.name, net.connect.length,
          net.Socket() instanceof net.Socket, net.Stream === net.Socket, Object.getPrototypeOf(new net.Socket) === net.Socket.prototype,
          http.globalAgent === left.agent, Object.keys(net).join(), new net.Socket().listenerCount('close'),
        ]`,
    })
    left.socket = new net.Socket()
    left.agent = http.globalAgent
    await kernel.insmod(file('exact.cjs'))
    assert.deepEqual(left.answer, [
      true,
      true,
      true,
      true,
      'Socket',
      'createServer',
      net.connect.length,
      true,
      true,
      true,
      true,
      Object.keys(net).join(),
      0,
    ])
    assert.deepEqual((await kernel.rmmod('exact')).leftovers, [])
  })
})
