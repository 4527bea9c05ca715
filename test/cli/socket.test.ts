import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { connect, createServer as createNetServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { createKernel } from 'outlive'
import { type Host, outlive, socketFolder, startHost } from '../support/command.ts'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

const FILES = { 'a.ts': 'export const a = 1\n' }
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly body: {
    readonly error?: { readonly code: string; readonly errno: string; readonly message: string }
  } & Record<string, unknown>
}

/** As `curl --unix-socket` asks. */
const ask = (socketPath: string, method: string, path: string, body?: string | Buffer): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          type: response.headers['content-type'],
          body: JSON.parse(text) as Answer['body'],
        }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })

/** Everything that comes back when these bytes are sent. */
const sendRaw = (path: string, bytes: string | Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.end(bytes))
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })

const socketOf = (host: Host): string => join(host.sockets, `${host.pid}.sock`)

describe('the control socket', () => {
  it('has mode 0600, in a folder of mode 0700, and is gone when its host has ended', async t => {
    const sockets = socketFolder(t)
    mkdirSync(sockets, { mode: 0o755, recursive: true })
    const host = await startHost(t, FILES, { sockets })
    assert.deepEqual([mode(sockets), mode(socketOf(host))], ['700', '600'])
    assert.equal(await host.end(), 0)
    assert.equal(existsSync(socketOf(host)), false)
  })

  it('speaks HTTP and JSON', async t => {
    const host = await startHost(t, FILES)
    const path = socketOf(host)
    const info = await ask(path, 'GET', '/')
    assert.deepEqual([info.status, info.type], [200, 'application/json'])
    assert.deepEqual(
      [info.body.pid, info.body.name, info.body.modules, info.body.socket],
      [host.pid, String(host.pid), [host.folder.path], path],
    )
    const rows = (await ask(path, 'GET', '/lsmod')).body as unknown as { name: string }[]
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['a'],
    )
    assert.equal((await ask(path, 'POST', '/replace', '{ "name": "a" }')).body.generation, 2)
    const refused = await ask(path, 'POST', '/rmmod', '{ "name": "b" }')
    assert.equal(refused.status, 404)
    assert.deepEqual(refused.body.error, {
      code: 'ENOENT',
      errno: 'ENOENT',
      message: 'Module b is not currently loaded',
      data: { module: 'b' },
    })
    const exists = await ask(path, 'POST', '/insmod', JSON.stringify({ file: host.file('a.ts') }))
    assert.deepEqual([exists.status, exists.body.error?.code], [409, 'EEXIST'])
  })

  it('refuses files outside the module folders, to run or to read', async t => {
    const host = await startHost(t, FILES)
    const outside = new Folder({ 'evil.ts': `console.log('evil ran')` })
    t.after(() => outside.remove())
    const file = outside.file('evil.ts')
    const inserted = await ask(socketOf(host), 'POST', '/insmod', JSON.stringify({ file }))
    assert.deepEqual([inserted.status, inserted.body.error?.code, inserted.body.error?.errno], [403, 'EPERM', 'EPERM'])
    const read = await ask(socketOf(host), 'GET', `/modinfo?name=${encodeURIComponent(file)}`)
    assert.deepEqual([read.status, read.body.error?.code], [403, 'EPERM'])
    for (const name of [file, `../${outside.path.split('/').at(-1)}/evil`])
      assert.equal((await ask(socketOf(host), 'POST', '/modprobe', JSON.stringify({ name }))).status, 404)
    assert.ok(!host.out.includes('evil ran'))
  })

  it('answers garbage with a 4xx error in JSON, and comes to no harm', async t => {
    const host = await startHost(t, FILES)
    const path = socketOf(host)
    const large = JSON.stringify({ name: 'x'.repeat(2 << 20) })
    for (const [method, target, body, status] of [
      ['GET', '/nowhere', undefined, 404],
      ['GET', '/..%2f..', undefined, 404],
      ['GET', 'http://[host', undefined, 400],
      ['GET', '/constructor', undefined, 404],
      ['GET', '/__proto__', undefined, 404],
      ['DELETE', '/lsmod', undefined, 405],
      ['GET', '/insmod', undefined, 405],
      ['GET', '/modinfo', undefined, 400],
      ['POST', '/insmod', undefined, 400],
      ['POST', '/insmod', '{ "file": ', 400],
      ['POST', '/insmod', '[]', 400],
      ['POST', '/insmod', 'null', 400],
      ['POST', '/insmod', '{ "file": 7 }', 400],
      ['POST', '/insmod', '{ "file": "" }', 400],
      ['POST', '/insmod', JSON.stringify({ file: host.file('a.ts'), params: 7 }), 400],
      ['POST', '/modprobe', '{ "name": {} }', 400],
      ['POST', '/modprobe', Buffer.from([0xff, 0xfe, 0x00, 0x01]), 400],
      ['POST', '/rmmod', '{ "name": "a", "options": [] }', 400],
      ['POST', '/rmmod', '{ "name": "a", "options": { "grace": "soon" } }', 400],
      ['POST', '/replace', '{ "name": "a", "params": "x" }', 400],
      ['POST', '/rmmod', '{ "name": "a", "wait": true }', 400],
      ['POST', '/modprobe', '{ "name": "a", "firstTime": "yes" }', 400],
      ['POST', '/reclaim', '{ "images": ["a#1"] }', 400],
      ['POST', '/coldplug', '{ "timeout": "soon" }', 400],
      ['POST', '/rmmod', large, 413],
    ] as const) {
      const answer = await ask(path, method, target, body)
      const what = `${method} ${target} ${String(body).slice(0, 60)}`
      assert.deepEqual([answer.status, answer.type], [status, 'application/json'], what)
      assert.equal(typeof answer.body.error?.message, 'string', what)
      assert.equal(typeof answer.body.error?.code, 'string', what)
    }
    for (const bytes of ['garbage\r\n\r\n', Buffer.alloc(100_000, 0xff), 'GET / HTTP/9.9\r\n\r\n', '\0'.repeat(64)]) {
      const answer = await sendRaw(path, bytes)
      assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
      const [, body] = answer.split('\r\n\r\n')
      assert.equal((JSON.parse(body!) as Answer['body']).error?.code, 'EREQUEST')
    }
    for (const bytes of ['', 'POST /rmmod HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"name":'])
      await sendRaw(path, bytes)
    assert.deepEqual(await host.run('lsmod'), {
      code: 0,
      stdout: 'Module                  Size  Used by\na                         19  0\n',
      stderr: '',
    })
    assert.equal(await host.end(), 0)
    assert.deepEqual(host.err, [])
  })

  it('says which methods a path takes, and which fields', async t => {
    const host = await startHost(t, FILES)
    const wrong = await ask(socketOf(host), 'POST', '/rmmod', '{ "name": "a", "force": true }')
    assert.equal(wrong.body.error?.message, "/rmmod takes name, options, not 'force'")
    for (const [method, path, message] of [
      ['GET', '/lsmod?name=a', "/lsmod takes nothing, not 'name'"],
      ['GET', '/modinfo?name=a&field=b', "/modinfo takes name, not 'field'"],
      ['POST', '/rmmod?name=a', '/rmmod takes what it needs in its body, not in a query'],
      ['GET', '//lsmod', 'no such path: //lsmod'],
    ] as const)
      assert.equal((await ask(socketOf(host), method, path)).body.error?.message, message)
    const answer = await sendRaw(socketOf(host), 'DELETE /depmod HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 405 Method Not Allowed\r\nallow: POST\r\n/)
  })

  it('shares its folder with what is no socket: that is left alone', async t => {
    const sockets = socketFolder(t)
    const host = await startHost(t, FILES, { sockets, words: ['--name', 'one'] })
    mkdirSync(join(sockets, 'folder.sock'))
    writeFileSync(join(sockets, 'file.sock'), 'text')
    const { code, stderr } = await host.run('lsmod')
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(readFileSync(join(sockets, 'file.sock'), 'utf8'), 'text')
  })

  it('tells two hosts apart by name, and asks when none is named', async t => {
    const sockets = socketFolder(t)
    const one = await startHost(t, { 'one.ts': 'export {}\n' }, { sockets, words: ['--name', 'one'] })
    const two = await startHost(t, { 'two.ts': 'export {}\n' }, { sockets, words: ['--name', 'two'] })
    const names = async (...words: string[]) =>
      (JSON.parse((await one.run('lsmod', '--json', ...words)).stdout) as { name: string }[]).map(({ name }) => name)
    assert.deepEqual(await names('--host', 'one'), ['one'])
    assert.deepEqual(await names('--host', 'two'), ['two'])
    assert.deepEqual(await names('--host', join(sockets, 'two.sock')), ['two'])
    assert.deepEqual(await one.run('lsmod'), {
      code: 1,
      stdout: '',
      stderr: 'lsmod: several hosts are running; name one with --host: one, two\n',
    })
    assert.equal(
      (await one.run('lsmod', '--host', 'three')).stderr,
      `lsmod: no host named 'three' is running (running: one, two)\n`,
    )
    const again = await outlive(['run', '--modules', one.folder.path, '--http', '0', '--name', 'one'], sockets)
    assert.deepEqual(again, {
      code: 1,
      stdout: '',
      stderr: `run: Invalid argument: a host is already listening on ${join(sockets, 'one.sock')}\n`,
    })
    await two.end()
    assert.deepEqual(await names(), ['one'])
  })

  it('of a host that was killed is cleaned up, by the next command or the next host', async t => {
    const sockets = socketFolder(t)
    const first = await startHost(t, FILES, { sockets, words: ['--name', 'same'] })
    await first.end('SIGKILL')
    const path = join(sockets, 'same.sock')
    assert.equal(existsSync(path), true)
    assert.equal(
      (await outlive(['lsmod'], sockets)).stderr,
      'lsmod: no host is running; start one with: outlive run --modules DIR\n',
    )
    assert.equal(existsSync(path), false)

    const second = await startHost(t, FILES, { sockets, words: ['--name', 'same'] })
    await second.end('SIGKILL')
    assert.equal(existsSync(path), true)
    const third = await startHost(t, FILES, { sockets, words: ['--name', 'same'] })
    assert.equal((await third.run('lsmod')).code, 0)
  })

  it('of a host that is too busy to answer is left alone', async t => {
    const sockets = socketFolder(t)
    mkdirSync(sockets, { mode: 0o700, recursive: true })
    const path = join(sockets, 'busy.sock')
    // One connection may wait, and nobody takes it.
    const script = `
      require('node:net').createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => {
        require('node:fs').writeSync(1, 'ready')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      })`
    const busy = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => busy.kill('SIGKILL'))
    await once(busy.stdout, 'data')
    // A few connections fill the queue; the next is refused with EAGAIN.
    const waiting = Array.from({ length: 4 }, () => connect(path).on('error', () => {}))
    t.after(() => waiting.forEach(socket => void socket.destroy()))
    const { code, stderr } = await outlive(['lsmod', '--host', 'nobody'], sockets)
    assert.deepEqual([code, stderr], [1, "lsmod: no host named 'nobody' is running (running: busy)\n"])
    const taken = await outlive(['run', '--no-load', '--modules', sockets, '--name', 'busy', '--http', '0'], sockets)
    assert.equal(taken.stderr, `run: Invalid argument: a host is already listening on ${path}\n`)
    assert.equal(existsSync(path), true)
  })

  it('is not taken from a file that is there, and no long path is cut', async t => {
    const sockets = socketFolder(t)
    const folder = new Folder(FILES)
    t.after(() => folder.remove())
    mkdirSync(sockets, { recursive: true })
    writeFileSync(join(sockets, 'x.sock'), 'precious')
    const run = (name: string, where = sockets) =>
      outlive(['run', '--modules', folder.path, '--http', '0', '--name', name], where)
    assert.equal(
      (await run('x')).stderr,
      `run: Invalid argument: ${join(sockets, 'x.sock')} exists and is not a socket\n`,
    )
    assert.equal(existsSync(join(sockets, 'x.sock')), true)
    assert.match(
      (await run('n'.repeat(120))).stderr,
      /^run: Invalid argument: control socket path is longer than 107 bytes: /,
    )
    const under = await run('y', join(sockets, 'x.sock', 'sub'))
    assert.equal(under.code, 1)
    assert.match(under.stderr, /^run: Invalid argument: control socket .*x\.sock\/sub\/y\.sock: .*\n$/)
  })

  it('that belongs to another program is no host: one line says so', async t => {
    const sockets = socketFolder(t)
    mkdirSync(sockets, { recursive: true })
    const web = createServer((_request, response) => response.end('<html>hello</html>'))
    const silent = createNetServer(socket => socket.on('data', () => socket.destroy()))
    const [a, b] = [join(sockets, 'web.sock'), join(sockets, 'silent.sock')]
    await Promise.all([
      new Promise<void>(done => web.listen(a, done)),
      new Promise<void>(done => silent.listen(b, done)),
    ])
    t.after(() => [web.close(), silent.close()])
    for (const path of [a, b]) {
      const { code, stderr } = await outlive(['lsmod', '--host', path], sockets)
      assert.equal(code, 1)
      assert.match(stderr, /^lsmod: (?:what answers on .* is no host, or went away|the host went away: .*)\n$/)
    }
  })

  /** Runs a command in a process in which `patch` has changed Node before. */
  const patched = (patch: string, words: readonly string[], env: NodeJS.ProcessEnv) => {
    const preload = `data:text/javascript,${encodeURIComponent(patch)}`
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--no-warnings', '--import', preload, join(root, 'dist/cli/main.js'), ...words],
      { env: { ...process.env, XDG_RUNTIME_DIR: '', OUTLIVE_SOCKETS: '', ...env }, encoding: 'utf8' },
    )
    return { code: status, stdout, stderr }
  }

  it('is found by a user of whom the system has no name, as in containers', t => {
    const folder = new Folder()
    t.after(() => folder.remove())
    const nameless = `import os from 'node:os'; os.userInfo = () => { throw new Error('uv_os_get_passwd returned ENOENT') }`
    assert.deepEqual(patched(nameless, ['lsmod'], { TMPDIR: folder.path }), {
      code: 1,
      stdout: '',
      stderr: 'lsmod: no host is running; start one with: outlive run --modules DIR\n',
    })
    const path = join(folder.path, `outlive-${process.getuid!()}`)
    writeFileSync(path, 'no folder')
    const { stderr } = patched(nameless, ['run', '--modules', folder.path, '--http', '0'], { TMPDIR: folder.path })
    assert.ok(stderr.startsWith(`run: Invalid argument: control socket ${path}/`), stderr)
    assert.ok(stderr.endsWith('; set OUTLIVE_SOCKETS to a folder of yours\n'), stderr)
  })

  it('of another user is told as such', t => {
    const denied = `Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', errno: -13, syscall: 'connect' })`
    const connect = `import net from 'node:net'; net.Socket.prototype.connect = function () { process.nextTick(() => this.destroy(${denied})); return this }`
    assert.deepEqual(patched(connect, ['lsmod', '--host', '/run/theirs.sock'], {}), {
      code: 1,
      stdout: '',
      stderr: 'lsmod: /run/theirs.sock is for the user of its host alone\n',
    })
    const read = `import fs from 'node:fs'; fs.readdirSync = () => { throw ${denied} }`
    assert.deepEqual(patched(read, ['lsmod'], { OUTLIVE_SOCKETS: socketFolder(t) }), {
      code: 1,
      stdout: '',
      stderr: 'lsmod: cannot look for hosts: EACCES: permission denied\n',
    })
  })

  it('of a host that was started without XDG_RUNTIME_DIR, as a service, is found by who has one', async t => {
    const folder = new Folder({
      'modules/served.js': 'export const a = 1',
      'runtime/.keep': '',
      'host.mjs': `
        import { execFile } from 'node:child_process'
        import { createKernel } from '${root}/dist/index.js'
        const kernel = createKernel({ modules: process.argv[2], control: true, log: console })
        await kernel.modprobe('served')
        const env = { ...process.env, XDG_RUNTIME_DIR: process.argv[3] }
        execFile(process.execPath, ['${root}/dist/cli/main.js', 'lsmod'], { env }, async (error, stdout, stderr) => {
          console.log(stdout + stderr)
          await kernel.close()
        })`,
    })
    t.after(() => folder.remove())
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [folder.file('host.mjs'), folder.file('modules'), folder.file('runtime')],
      { env: { ...process.env, OUTLIVE_SOCKETS: '', XDG_RUNTIME_DIR: '', TMPDIR: folder.path }, encoding: 'utf8' },
    )
    assert.match(stdout, /^served +18 {2}0$/m, stdout + stderr)
  })

  it('is one for each thread, and for each worker of a cluster, whose primary hears of no server', async t => {
    const folder = new Folder({
      'modules/a.js': 'export const a = 1',
      'host.mjs': `
        import cluster from 'node:cluster'
        import { readdirSync } from 'node:fs'
        import { isMainThread, Worker } from 'node:worker_threads'
        import { createKernel } from '${root}/dist/index.js'
        const file = new URL(import.meta.url)
        const ends = worker => new Promise(done => worker.once('exit', done))
        if (cluster.isPrimary && isMainThread) {
          cluster.on('listening', () => console.log('a worker listens'))
          await ends(cluster.fork())
        }
        const kernel = createKernel({ modules: new URL('modules', file).href, control: true, log: console })
        await kernel.modprobe('a')
        if (cluster.isPrimary && isMainThread) await ends(new Worker(file))
        else {
          const names = readdirSync(process.env.OUTLIVE_SOCKETS)
          console.log(names.map(name => name.replace(/^\\d+/, 'PID')).join(' '))
        }
        await kernel.close()
        if (cluster.isWorker) cluster.worker.disconnect()`,
    })
    t.after(() => folder.remove())
    const { stdout, stderr } = spawnSync(process.execPath, [folder.file('host.mjs')], {
      env: { ...process.env, OUTLIVE_SOCKETS: socketFolder(t) },
      encoding: 'utf8',
    })
    const told = stdout.split('\n').filter(line => /PID|listens|control/.test(line))
    assert.deepEqual(told, ['PID.sock', 'PID-thread1.sock PID.sock'], stdout + stderr)
  })

  it('is one for each kernel of a thread, also of two copies of Outlive; where both want one path, the log says what to do', async t => {
    const sockets = socketFolder(t)
    const copy = new Folder({ 'a.js': '', 'package.json': '{ "type": "module" }' })
    t.after(() => copy.remove())
    cpSync(join(root, 'dist'), copy.file('dist'), { recursive: true })
    symlinkSync(join(root, 'node_modules'), copy.file('node_modules'))
    copy.write({
      'host.mjs': `
        import { readdirSync } from 'node:fs'
        import { createKernel } from '${root}/dist/index.js'
        import { createKernel as another } from './dist/index.js'
        const kernels = []
        const path = process.env.OUTLIVE_SOCKETS + '/x.sock'
        for (const [make, control] of [[createKernel, true], [another, true], [another, true], [createKernel, true], [createKernel, { path }], [another, { path }]]) {
          const kernel = make({ control, log: console })
          kernels.push(kernel)
          await kernel.insmod('${copy.file('a.js')}')
        }
        console.log(readdirSync(process.env.OUTLIVE_SOCKETS).map(name => name.replace(/^\\d+/, 'PID')).join(' '))
        for (const kernel of kernels) await kernel.close()
        console.log('left: ' + readdirSync(process.env.OUTLIVE_SOCKETS).join(' '))`,
    })
    const { stdout, stderr } = spawnSync(process.execPath, [copy.file('host.mjs')], {
      env: { ...process.env, OUTLIVE_SOCKETS: sockets },
      encoding: 'utf8',
    })
    const told = stdout.split('\n').filter(line => /PID|left/.test(line))
    assert.deepEqual(told, ['PID-2.sock PID-3.sock PID-4.sock PID.sock x.sock', 'left: '], stdout + stderr)
    assert.match(
      stderr,
      /^\[.*\] control socket: Invalid argument: a host is already listening on .*x\.sock; each kernel needs a path of its own, or control: true, which finds one\n$/,
    )
  })

  it('serves a kernel of a program of its own as well', async t => {
    const folder = new Folder(FILES)
    const sockets = socketFolder(t)
    const path = join(sockets, 'of', 'mine.sock')
    const kernel = createKernel({ modules: folder.path, control: { path } })
    t.after(() => folder.remove())
    assert.equal(existsSync(sockets), false, 'nothing is touched before the first use')
    await kernel.modprobe('a')
    assert.equal(existsSync(path), true, 'whoever has loaded something can be reached')
    const listed = await outlive(['lsmod', '--host', path], sockets)
    assert.match(listed.stdout, /^a {25}19 {2}0$/m, listed.stderr)
    assert.deepEqual([mode(dirname(path)), mode(path)], ['700', '600'])
    await kernel.close()
    assert.equal(existsSync(path), false)
  })

  it('tells of a parameter that JSON cannot say, and goes on', async t => {
    const folder = new Folder({ 'a.ts': `export const info = { params: { n: { type: 'int' } } }` })
    const sockets = socketFolder(t)
    const path = join(sockets, 'mine.sock')
    mkdirSync(sockets, { recursive: true })
    const kernel = createKernel({ modules: folder.path, control: { path }, params: { a: { n: 10n } } })
    t.after(() => folder.remove())
    await kernel.request('nothing')
    const { status, body } = await ask(path, 'POST', '/insmod', JSON.stringify({ file: folder.file('a.ts') }))
    assert.deepEqual([status, body.error?.code], [400, 'EINVAL'])
    assert.match(body.error?.message ?? '', /'10' invalid for parameter 'n' \(int\)$/)
    await kernel.close()
  })

  it('that cannot be made leaves the program its kernel, and says so in the log', async t => {
    const folder = new Folder(FILES)
    t.after(() => folder.remove())
    const kernel = createKernel({ modules: folder.path, control: { path: '/proc/no/such/folder/x.sock' } })
    await kernel.modprobe('a')
    await kernel.close()
    const log = kernel.log.entries().map(({ text }) => text)
    assert.ok(
      log.some(text => /control socket/.test(text)),
      log.join('\n'),
    )
    assert.equal(kernel.lsmod().length, 0)
  })
})
