import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import { type Host, startHost } from '../support/command.ts'

const MODULE = `
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'

const once = new Response('only once')
const results = {
  text: () => 'plain text',
  empty: () => undefined,
  nothing: () => null,
  object: () => ({ a: [1, 'two'], b: null }),
  list: () => [1, 2],
  number: () => 7,
  bytes: () => new Uint8Array([1, 2, 255]),
  buffer: () => new Uint8Array([3, 4]).buffer,
  stream: () => Readable.from([Buffer.from('one '), Buffer.from('two')]),
  generator: async function* () { yield Buffer.from('1'); yield Buffer.from('2') },
  web: () => new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('web')); c.close() } }),
  response: () => new Response('teapot', { status: 418, headers: { 'x-kind': 'tea', 'content-type': 'text/x-tea' } }),
  bare: () => new Response(null, { status: 304 }),
  cookies: () => { const h = new Headers(); h.append('set-cookie', 'a=1'); h.append('set-cookie', 'b=2'); return new Response('', { headers: h }) },
  throws: () => { throw new Error('the secret reason') },
  rejects: async () => { throw Object.assign(new Error('not yours'), { status: 403 }) },
  odd: () => { throw Object.assign(new Error('odd'), { status: 200 }) },
  text_thrown: () => { throw 'just a text' },
  null_thrown: () => { throw null },
  nothing_thrown: async () => { throw undefined },
  bare_thrown: () => { throw Object.create(null) },
  trap_thrown: async () => { throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } }) },
  response_thrown: () => { throw new Response('no', { status: 409 }) },
  numbers: () => new Uint16Array([1, 2]),
  symbol: () => Symbol('s'),
  function: () => () => 1,
  circular: () => { const a = {}; a.a = a; return a },
  broken: () => Readable.from((async function* () { yield Buffer.from('half'); throw new Error('broke off') })()),
  of_objects: () => Readable.from([{ a: 1 }]),
  of_numbers: async function* () { yield 'text and then '; await new Promise(setImmediate); yield 7 },
  of_views: async function* () { yield new Uint16Array([65, 66]); yield new Uint8Array([67]).buffer; yield 'D' },
  file_missing: () => createReadStream('/nowhere/at/all'),
  file_missing_response: () => new Response(createReadStream('/nowhere/at/all'), { statusText: 'Fine', headers: { 'cache-control': 'max-age=9', 'content-encoding': 'gzip' } }),
  let_go: () => Readable.from(['a']).destroy(),
  silent: () => new Readable({ read() {} }),
  only_once: () => once,
  reason: () => new Response('', { statusText: 'Just fine' }),
}

let came, went, lateCame, letGo
const lateArrived = new Promise(resolve => { lateCame = resolve })
const lateLetGo = new Promise(resolve => { letGo = resolve })
const arrived = new Promise(resolve => { came = resolve })
const away = new Promise(resolve => { went = resolve })

export function init(k) {
  for (const [name, handler] of Object.entries(results))
    k.register('http.route', { method: 'GET', url: '/' + name, handler })
  k.register('http.route', { method: 'POST', url: '/echo/:id', handler: r => ({ ...r, headers: r.headers['x-test'], signal: r.signal.aborted, body: r.body instanceof Uint8Array ? { bytes: [...r.body] } : r.body, kind: typeof r.body }) })
  k.register('http.route', { method: 'GET', url: '/long/:part', handler: r => String(r.params.part.length) })
  k.register('http.route', { method: 'GET', url: '/late', handler: async r => { lateCame('it came'); await new Promise(resolve => r.signal.addEventListener('abort', resolve)); return new Readable({ read() {}, destroy(error, done) { letGo('let go'); done(error) } }) } })
  k.register('http.route', { method: 'GET', url: '/late-arrived', handler: () => lateArrived })
  k.register('http.route', { method: 'GET', url: '/late-let-go', handler: () => lateLetGo })
  k.register('http.route', { method: 'GET', url: '/files/*', handler: r => r.params['*'] })
  k.register('http.route', { method: 'GET', url: '/text', handler: () => 'the second one' })
  k.register('http.route', { method: 'nonsense', url: '/x', handler: () => 'never' })
  k.register('http.route', { method: 'GET', url: 'no-slash', handler: () => 'never' })
  k.register('http.route', { method: 'GET', url: { toString() { throw 1 } }, handler: () => 'never' })
  k.register('http.route', {})
  k.register('http.route', { method: 'GET', url: '/without' })
  k.register('http.route', { method: 'GET', url: '/gone', handler: r => new Promise((_, reject) => { r.signal.addEventListener('abort', () => { went('the client went away'); reject(r.signal.reason) }); came('it came') }) })
  k.register('http.route', { method: 'GET', url: '/arrived', handler: () => arrived })
  k.register('http.route', { method: 'GET', url: '/both', handler: () => 'got' })
  k.register('http.route', { method: 'put', url: '/both', handler: () => 'put' })
  k.register('http.route', { method: 'OPTIONS', url: '/own', handler: () => 'its own' })
  k.register('http.route', { method: 'HEAD', url: '/own', handler: () => undefined })
  k.register('http.route', { method: 'GET', url: '/away', handler: () => away })
}
`

describe('the built-in HTTP host', () => {
  let host: Host
  const cleanups: (() => unknown)[] = []
  before(async () => {
    host = await startHost({ after: (fn: () => unknown) => cleanups.push(fn) } as unknown as TestContext, {
      'kinds.ts': MODULE,
    })
  })
  after(async () => {
    for (const cleanup of cleanups) await cleanup()
  })

  const get = async (path: string, init?: Parameters<typeof fetch>[1]) => {
    const response = await fetch(`${host.url}${path}`, { signal: AbortSignal.timeout(60_000), ...init })
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      bytes: Buffer.from(await response.arrayBuffer()),
      headers: response.headers,
    }
  }

  for (const [path, status, type, body] of [
    ['/text', 200, 'text/plain; charset=utf-8', 'plain text'],
    ['/object', 200, 'application/json; charset=utf-8', '{"a":[1,"two"],"b":null}'],
    ['/list', 200, 'application/json; charset=utf-8', '[1,2]'],
    ['/number', 200, 'application/json; charset=utf-8', '7'],
    ['/bytes', 200, 'application/octet-stream', '\u0001\u0002\u00ff'],
    ['/buffer', 200, 'application/octet-stream', '\u0003\u0004'],
    ['/stream', 200, 'application/octet-stream', 'one two'],
    ['/generator', 200, 'application/octet-stream', '12'],
    ['/web', 200, 'application/octet-stream', 'web'],
    ['/response', 418, 'text/x-tea', 'teapot'],
    ['/empty', 204, null, ''],
    ['/nothing', 204, null, ''],
    ['/bare', 304, null, ''],
    ['/files/a/b.txt', 200, 'text/plain; charset=utf-8', 'a/b.txt'],
    ['/text/', 200, 'text/plain; charset=utf-8', 'plain text'],
    ['/rejects', 403, 'application/json; charset=utf-8', '{"error":"not yours"}'],
    ['/throws', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/odd', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/text_thrown', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/circular', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/null_thrown', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/nothing_thrown', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/trap_thrown', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/bare_thrown', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/symbol', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/function', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/response_thrown', 409, 'application/json; charset=utf-8', '{"error":"Conflict"}'],
    ['/numbers', 200, 'application/octet-stream', '\u0001\u0000\u0002\u0000'],
    ['/of_views', 200, 'application/octet-stream', 'A\u0000B\u0000CD'],
    ['/of_objects', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/file_missing', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    ['/let_go', 500, 'application/json; charset=utf-8', '{"error":"Internal Server Error"}'],
    [`/long/${'x'.repeat(5000)}`, 200, 'text/plain; charset=utf-8', '5000'],
  ] as const)
    it(`answers GET ${path.slice(0, 30)} with ${status} ${type}`, async () => {
      const answer = await get(path)
      assert.deepEqual([answer.status, answer.type, answer.bytes.toString('latin1')], [status, type, body])
    })

  it('sends headers and cookies of a web Response as they are', async () => {
    assert.equal((await get('/response')).headers.get('x-kind'), 'tea')
    assert.deepEqual((await get('/cookies')).headers.getSetCookie(), ['a=1', 'b=2'])
  })

  it('sends the words of a status, and of an answer that could not be sent nothing', async () => {
    assert.equal((await fetch(`${host.url}/reason`)).statusText, 'Just fine')
    const { status, statusText, headers } = await fetch(`${host.url}/file_missing_response`)
    assert.deepEqual(
      [status, statusText, headers.get('cache-control'), headers.get('content-encoding')],
      [500, 'Internal Server Error', null, null],
    )
  })

  it('sends the body of a web Response once, and never an empty one in its place', async () => {
    assert.equal((await get('/only_once')).bytes.toString(), 'only once')
    assert.equal((await get('/only_once')).status, 500)
    assert.match(
      (await host.run('dmesg')).stdout,
      /GET \/only_once: TypeError: .* a Response whose body was read already/,
    )
  })

  it('answers 404 in JSON where nothing is, and for a path that is none', async () => {
    for (const path of ['/nowhere?x=1', '/text/more', '/%zz', '/files%2']) {
      const answer = await get(path)
      assert.equal(answer.status, 404, path)
      assert.deepEqual(JSON.parse(answer.bytes.toString()), { error: 'Not Found', method: 'GET', url: path })
    }
  })

  it('answers 405 where a path has routes for other methods alone, and OPTIONS with those', async () => {
    const asked = async (method: string, path: string) => {
      const { status, bytes, headers } = await get(path, { method })
      return [status, headers.get('allow'), bytes.toString()]
    }
    const error = (method: string, url: string) => JSON.stringify({ error: 'Method Not Allowed', method, url })
    assert.deepEqual(await asked('DELETE', '/text?a=1'), [405, 'GET, HEAD, OPTIONS', error('DELETE', '/text?a=1')])
    assert.deepEqual(await asked('GET', '/echo/1'), [405, 'OPTIONS, POST', error('GET', '/echo/1')])
    assert.deepEqual(await asked('HEAD', '/echo/1'), [405, 'OPTIONS, POST', ''])
    assert.deepEqual(await asked('POST', '/both'), [405, 'GET, HEAD, OPTIONS, PUT', error('POST', '/both')])
    assert.deepEqual(await asked('OPTIONS', '/both'), [204, 'GET, HEAD, OPTIONS, PUT', ''])
    assert.deepEqual(await asked('OPTIONS', '/own'), [200, null, 'its own'])
    assert.deepEqual(await asked('HEAD', '/own'), [204, null, ''])
    assert.deepEqual(await asked('GET', '/own'), [405, 'HEAD, OPTIONS', error('GET', '/own')])
    assert.equal((await get('/nowhere', { method: 'OPTIONS' })).status, 404)
  })

  it('answers HEAD as GET, without the body', async () => {
    for (const [path, status, length] of [
      ['/text', 200, '10'],
      ['/object', 200, '24'],
      ['/bytes', 200, '3'],
      ['/stream', 200, null],
      ['/response', 418, null],
      ['/nowhere', 404, null],
      ['/silent', 200, null],
      ['/file_missing', 500, null],
      ['/of_objects', 500, null],
    ] as const) {
      const answer = await get(path, { method: 'HEAD' })
      assert.deepEqual([answer.status, answer.bytes.length], [status, 0], path)
      if (length !== null) assert.equal(answer.headers.get('content-length'), length)
    }
  })

  it('logs why a handler failed, and tells the client nothing of it', async () => {
    await get('/throws')
    const { stdout } = await host.run('dmesg')
    assert.match(stdout, /GET \/throws: Error: the secret reason\n +at .*kinds\.ts:21:/)
    assert.match(stdout, /GET \/symbol: TypeError: the handler returned a symbol, which cannot be sent/)
    assert.match(stdout, /GET \/text_thrown: just a text/)
    await host.complains(/x GET \/throws: Error: the secret reason at .*kinds\.ts:21:/)
  })

  it('answers 503 where the module that offers a route cannot be loaded, and says why in one line', async () => {
    host.folder.write({
      'unloadable.ts': "export const info = { aliases: ['http:GET:/unloadable'] }\nthrow new Error('not today')\n",
    })
    const answer = await get('/unloadable')
    assert.deepEqual([answer.status, answer.bytes.toString()], [503, '{"error":"Service Unavailable"}'])
    await host.complains(/x request for http:GET:\/unloadable: .*not today at .*unloadable\.ts:2:7$/)
  })

  it('gives a handler method, url, params, query, headers, body and signal', async () => {
    const post = async (body: string | Uint8Array | undefined, type?: string) => {
      const headers = { 'x-test': 'yes', ...(type && { 'content-type': type }) }
      const { status, bytes } = await get('/echo/a%20b?x=1&y=%26&x=2', {
        method: 'POST',
        headers,
        ...(body !== undefined && { body }),
      })
      return { status, value: JSON.parse(bytes.toString()) as Record<string, unknown> }
    }
    const { value } = await post('{ "a": 1 }', 'application/json')
    assert.deepEqual(value, {
      method: 'POST',
      url: '/echo/a%20b?x=1&y=%26&x=2',
      params: { id: 'a b' },
      query: { x: ['1', '2'], y: '&' },
      headers: 'yes',
      body: { a: 1 },
      signal: false,
      kind: 'object',
    })
    assert.deepEqual((await post('[1]', 'application/problem+json; charset=utf-8')).value.body, [1])
    assert.deepEqual((await post('[2]', 'Application/JSON')).value.body, [2])
    assert.equal((await post('text', 'text/plain')).value.body, 'text')
    assert.equal((await post('text', 'Text/Plain')).value.body, 'text')
    assert.equal((await post('a=1', 'application/x-www-form-urlencoded')).value.body, 'a=1')
    assert.deepEqual((await post(new Uint8Array([1, 2]), 'image/png')).value.body, { bytes: [1, 2] })
    assert.equal((await post('', 'application/json')).value.kind, 'undefined')
    assert.equal((await post(undefined)).value.kind, 'undefined')
  })

  it('answers 400 to JSON that is none and 413 to more than a megabyte', async () => {
    const json = { 'content-type': 'application/json' }
    const bad = await get('/echo/1', { method: 'POST', headers: json, body: '{ "a": ' })
    assert.deepEqual([bad.status, bad.bytes.toString()], [400, '{"error":"the body is not valid JSON"}'])
    const large = await get('/echo/1', { method: 'POST', headers: json, body: `"${'x'.repeat(1 << 20)}"` })
    assert.deepEqual([large.status, large.bytes.toString()], [413, '{"error":"the body is larger than 1048576 bytes"}'])
    const endless = await new Promise<number | undefined>(resolve => {
      const sent = httpRequest(`${host.url}/echo/1`, { method: 'POST' }, response => {
        resolve(response.statusCode)
        sent.destroy()
      })
      sent.on('error', () => {})
      const more = () => {
        if (!sent.destroyed) sent.write(Buffer.alloc(1 << 16), more)
      }
      more()
    })
    assert.equal(endless, 413)
  })

  it('reads a body that is too large to its end, for a client that reads nothing before, and keeps the connection', async () => {
    const { hostname, port } = new URL(host.url)
    const socket = connect(Number(port), hostname).setEncoding('latin1')
    const length = 16 << 20
    socket.write(`POST /echo/1 HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`)
    await new Promise(sent => socket.write(Buffer.alloc(length), sent))
    socket.end('GET /text HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const answers = (await socket.toArray()).join('')
    assert.deepEqual(answers.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413', 'HTTP/1.1 200'])
  })

  it('breaks off an answer whose stream breaks, and serves on', async () => {
    await assert.rejects(get('/broken'))
    await assert.rejects(get('/of_numbers'))
    assert.equal((await get('/text')).status, 200)
  })

  it('tells a handler that its client went away, and nobody else', async () => {
    const { hostname, port } = new URL(host.url)
    const socket = connect(Number(port), hostname)
    socket.write('GET /gone HTTP/1.1\r\nHost: x\r\n\r\n')
    assert.equal((await get('/arrived')).bytes.toString(), 'it came')
    socket.destroy()
    assert.equal((await get('/away')).bytes.toString(), 'the client went away')
    const half = connect(Number(port), hostname)
    half.write('POST /echo/half HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf')
    half.end()
    await once(half.resume(), 'close')
    const { stdout } = await host.run('dmesg')
    assert.doesNotMatch(stdout, /\/gone|\/echo\/half/)
  })

  it('lets go of a stream that a handler returns when its client has gone already', async () => {
    const { hostname, port } = new URL(host.url)
    const socket = connect(Number(port), hostname)
    socket.write('GET /late HTTP/1.1\r\nHost: x\r\n\r\n')
    assert.equal((await get('/late-arrived')).bytes.toString(), 'it came')
    socket.destroy()
    assert.equal((await get('/late-let-go')).bytes.toString(), 'let go')
  })

  it('takes what stands behind the first question mark as the query', async () => {
    const answer = await get('/echo/1?back=/a?b=c&d', { method: 'POST' })
    assert.deepEqual(JSON.parse(answer.bytes.toString()).query, { back: '/a?b=c', d: '' })
  })

  it('answers 400 to what is no HTTP, and serves on', async () => {
    const { hostname, port } = new URL(host.url)
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write('garbage\r\n\r\n'))
      let text = ''
      socket.on('data', chunk => {
        text += chunk
      })
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
    })
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.equal((await get('/text')).status, 200)
  })

  it('keeps the first of two routes of one path, and says which it ignores', async () => {
    assert.equal((await get('/text')).bytes.toString(), 'plain text')
    const { stdout } = await host.run('dmesg')
    assert.match(stdout, /kinds: route GET \/text ignored: module kinds has it already$/m)
    assert.match(stdout, /kinds: route nonsense \/x ignored: /)
    assert.match(stdout, /kinds: route GET no-slash ignored: /)
    assert.match(stdout, /kinds: route GET something that cannot be printed ignored: url must be a text$/m)
    assert.match(stdout, /kinds: route undefined undefined ignored: url must be a text$/m)
    assert.match(stdout, /kinds: route GET \/without ignored: handler must be a function$/m)
    host.folder.write({
      'more.ts': `export const init = k => k.register('http.route', { method: 'GET', url: '/more', handler: () => 'more' })`,
    })
    await host.run('insmod', host.folder.file('more.ts'))
    assert.equal((await get('/more')).status, 200)
    const ignored = (text: string) => text.match(/kinds: route .* ignored/g)?.length
    assert.equal(ignored((await host.run('dmesg')).stdout), ignored(stdout))
  })
})

describe('a request whose body is still coming in', () => {
  it('is answered by the version that is in service when it is complete', async t => {
    const version = (n: number) =>
      `export const init = k => k.register('http.route', { method: 'POST', url: '/v', handler: r => '${n} ' + r.body })\n`
    const host = await startHost(t, { 'v.ts': version(1) })
    const send = () => {
      let answered!: (answer: { status: number | undefined; text: string }) => void
      const answer = new Promise<{ status: number | undefined; text: string }>(resolve => {
        answered = resolve
      })
      const sent = httpRequest(
        `${host.url}/v`,
        { method: 'POST', headers: { 'content-type': 'text/plain' } },
        response => {
          let text = ''
          response.setEncoding('utf8').on('data', chunk => {
            text += chunk
          })
          response.on('end', () => answered({ status: response.statusCode, text }))
        },
      )
      return { sent, answer }
    }
    const first = send()
    first.sent.write('half ')
    await fetch(`${host.url}/other`)
    host.folder.write({ 'v.ts': version(2) })
    assert.equal((await host.run('replace', 'v')).code, 0)
    first.sent.end('whole')
    assert.deepEqual(await first.answer, { status: 200, text: '2 half whole' })

    const second = send()
    second.sent.write('half ')
    await fetch(`${host.url}/other`)
    assert.equal((await host.run('rmmod', 'v')).code, 0)
    second.sent.end('whole')
    assert.equal((await second.answer).status, 404)
  })
})
