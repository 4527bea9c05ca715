import assert from 'node:assert/strict'
import { once } from 'node:events'
import type * as Fs from 'node:fs'
import type * as Http from 'node:http'
import { createServer as createHttpServer } from 'node:http'
import type * as Net from 'node:net'
import { type AddressInfo, createServer } from 'node:net'
import { after, describe, it } from 'node:test'
import { captureCallSite } from '#dist/kernel/leftovers/call_site.js'
import type { LeftoverKind } from '#dist/kernel/leftovers/kinds.js'
import { type Leftover, Leftovers, NOT_OPEN, type Resource } from '#dist/kernel/leftovers/leftovers.js'
import { Views } from '#dist/kernel/leftovers/views.js'
import { realTime } from '#dist/kernel/seam.js'
import { latch, turns } from '../support/latch.ts'

const server = createServer(socket => socket.on('error', () => {}).end())
await once(server.listen(0, '127.0.0.1'), 'listening')
after(() => server.close())
const { port } = server.address() as AddressInfo
const site = createHttpServer((_, response) => response.end('x'))
await once(site.listen(0, '127.0.0.1'), 'listening')
after(() => site.close().closeAllConnections())
const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`

/** More than the table holds of what is over, whatever has been open. */
const MANY = 250
const FEW = 130

type Opener = (views: Views, builtin: <T>(name: string) => T) => unknown

const SHORT_LIVED: Readonly<Record<string, Opener>> = {
  'timers that are disposed of': views => (views.of('setTimeout') as typeof setTimeout)(() => {}, 1000).close(),
  'listeners that the host takes away': views => {
    ;(views.of('process') as NodeJS.Process).on('SIGHUP', () => {})
    process.removeAllListeners('SIGHUP')
  },
  'answers that are read': async views => (await (views.of('fetch') as typeof fetch)(url)).text(),
  'answers that are dropped': views => (views.of('fetch') as typeof fetch)(url),
  'signals of a timeout': views => (views.of('AbortSignal') as typeof AbortSignal).timeout(1),
  'sockets that are closed': async (_, builtin) => {
    const socket = builtin<typeof Net>('net').connect(port, '127.0.0.1')
    await once(socket.resume(), 'close')
  },
  'requests that fail': (_, builtin) => {
    const request = builtin<typeof Http>('http').get('http://127.0.0.1:1')
    return once(request, 'close').catch(() => {})
  },
  'streams that are read': async (_, builtin) => {
    for await (const part of builtin<typeof Fs>('fs').createReadStream('/dev/null')) void part
  },
}

describe('the table of leftovers', () => {
  for (const [name, open] of Object.entries(SHORT_LIVED))
    it(`does not grow with ${name}`, async () => {
      const leftovers = new Leftovers()
      const views = new Views(leftovers, () => ({ module: 'table', generation: 1 }))
      for (let n = 0; n < MANY; n++) {
        await open(views, name => views.builtin(name) as never)
        if (n % 50 === 0) {
          await turns(1)
          globalThis.gc!()
        }
      }
      await turns()
      assert.ok(leftovers.held <= FEW, `${leftovers.held} held`)
    })

  const resource = (kind: Resource['kind'], rest: Partial<Resource> = {}): Resource => ({
    kind,
    site: captureCallSite(resource),
    what: () => kind,
    close: () => {},
    ...rest,
  })
  const closeAll = async (...resources: Resource[]): Promise<string[]> => {
    const leftovers = new Leftovers()
    for (const each of resources) leftovers.add(each)
    const report: Leftover[] = await leftovers.closeAll(realTime, () => true)
    assert.equal(leftovers.held, 0)
    return report.map(({ kind, closed, what }) => `${kind} ${closed} ${what}`)
  }

  it('reports what throws, rejects or takes too long, and goes on', async () => {
    const never = new Promise(() => {})
    const failing = (): never => {
      throw new Error('no')
    }
    const report = await closeAll(
      resource('server', { close: failing }),
      resource('child', { close: () => never }),
      resource('worker', { close: () => Promise.reject(new Error('no')) }),
      resource('file', { what: failing }),
      resource('timeout'),
    )
    assert.deepEqual(report, [
      'server false server',
      'child false child',
      'worker false worker',
      'file false ',
      'timeout true timeout',
    ])
  })

  it('does not report what turns out to be closed, or closes in time by itself', async () => {
    let open = true
    const closing = resource('worker', {
      isOpen: () => open,
      isClosing: () => true,
      close: () => assert.fail('closed twice'),
    })
    setImmediate(() => setImmediate(() => setImmediate(() => (open = false))))
    const report = await closeAll(
      resource('file', { close: () => NOT_OPEN }),
      resource('socket', { isOpen: () => false, close: () => assert.fail('closed twice') }),
      resource('timeout', { silent: true }),
      closing,
    )
    assert.deepEqual(report, [])
  })

  it('closes what is opened while it closes, and does not follow for ever', async () => {
    const leftovers = new Leftovers()
    let opened = 0
    const again = (): Resource =>
      resource('child', { close: () => leftovers.add(again()), what: () => String(++opened) })
    leftovers.add(again())
    const report = await leftovers.closeAll(realTime, () => true)
    assert.deepEqual(
      report.map(({ what }) => what),
      ['1', '2', '3', '4'],
    )
    assert.equal(leftovers.size, 1)
  })

  it('leaves the kinds that are spared', async () => {
    const leftovers = new Leftovers()
    const closed = latch()
    leftovers.add(resource('socket', { close: closed.open }))
    leftovers.add(resource('server'))
    const first = await leftovers.closeAll(
      realTime,
      () => true,
      () => new Set<LeftoverKind>(['socket']),
    )
    assert.deepEqual([first.map(({ kind }) => kind), leftovers.size], [['server'], 1])
    const second = await leftovers.closeAll(realTime, () => true)
    await closed.opened
    assert.deepEqual([second.map(({ kind }) => kind), leftovers.size], [['socket'], 0])
  })
})
