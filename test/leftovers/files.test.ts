import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { stage } from '../support/stage.ts'
import { type Left, leaves, leftOf } from './leave.ts'

const TOP = `import fs, { watchFile } from 'node:fs'
import * as promises from 'node:fs/promises'
import { promisify } from 'node:util'
import { once } from 'node:events'
const promised = promisify(fs.open)
let held
const file = left.folder + '/data.txt'
fs.writeFileSync(file, 'text')
const seen = () => { left.seen = (left.seen ?? 0) + 1 }`

const isClosed = ({ fd }: Left): void => {
  assert.equal(typeof fd, 'number')
  assert.throws(() => fs.fstatSync(fd as number), { code: 'EBADF' })
}

for (const open of ["fs./*!*/openSync(file, 'r')", "await /*!*/promised(file, 'r')"])
  leaves(`a descriptor: ${open.replace('/*!*/', '')}`, {
    top: TOP,
    init: `held = left.fd = ${open}`,
    exit: 'fs.closeSync(held)',
    kind: 'file',
    what: /^file descriptor \d+ of .*data\.txt$/,
    closed: isClosed,
  })

leaves('a descriptor that is opened with a callback', {
  top: TOP,
  init: `held = left.fd = await new Promise(done => fs./*!*/open(file, (error, fd) => done(fd)))`,
  exit: 'await promisify(fs.close)(held)',
  kind: 'file',
  what: /^file descriptor \d+ of .*data\.txt$/,
  closed: isClosed,
})

leaves('a file handle', {
  top: TOP,
  init: `held = await fs.promises./*!*/open(file); left.fd = held.fd`,
  exit: 'await held.close()',
  kind: 'file',
  what: /^file handle of .*data\.txt$/,
  closed: isClosed,
})

leaves('a folder', {
  top: TOP,
  init: `held = await promises./*!*/opendir(left.folder)`,
  exit: 'await held.close()',
  kind: 'file',
  what: /^folder /,
})

leaves('a folder that is opened at once', {
  top: TOP,
  init: `held = fs./*!*/opendirSync(left.folder)`,
  exit: 'for await (const _ of held);',
  kind: 'file',
  what: /^folder /,
})

leaves('a stream that is read', {
  top: TOP,
  init: `held = fs./*!*/createReadStream(file); await once(held, 'open'); left.fd = held.fd; held.on('close', seen)`,
  exit: 'held.destroy()',
  kind: 'file',
  what: /^read stream of .*data\.txt$/,
  closed: left => {
    isClosed(left)
    assert.equal(left.seen, undefined)
  },
})

leaves('a stream that is written', {
  top: TOP,
  init: `held = /*!*/new fs.WriteStream(file); await once(held, 'open'); left.fd = held.fd`,
  exit: 'held.end()',
  kind: 'file',
  what: /^write stream of .*data\.txt$/,
  closed: isClosed,
})

leaves('a stream on a descriptor', {
  top: TOP,
  init: `left.fd = fs.openSync(file, 'r'); held = fs./*!*/createReadStream('', { fd: left.fd })`,
  exit: 'held.destroy()',
  kind: 'file',
  what: /^read stream/,
  closed: isClosed,
})

const unchanged = async (left: Left): Promise<void> => {
  const before = left.seen
  fs.writeFileSync(`${left.folder}/data.txt`, 'changed')
  await sleep(100)
  assert.equal(left.seen, before)
}

leaves('a watcher', {
  top: TOP,
  init: `held = fs./*!*/watch(file, seen)`,
  exit: 'held.close()',
  kind: 'watcher',
  what: /^watcher of .*data\.txt$/,
  closed: unchanged,
})

leaves('a watcher of a whole tree', {
  top: TOP,
  init: `held = fs./*!*/watch(left.folder, { recursive: true }, seen)`,
  exit: 'held.close()',
  kind: 'watcher',
  what: /^watcher of /,
  closed: unchanged,
})

leaves('a file that is polled', {
  top: TOP,
  init: `/*!*/watchFile(file, { interval: 5 }, seen)`,
  exit: 'fs.unwatchFile(file)',
  kind: 'watcher',
  what: /^watcher of .*data\.txt$/,
  closed: unchanged,
})

leaves('an iteration over changes', {
  top: TOP,
  init: `held = new AbortController
    const loop = async () => { for await (const _ of promises./*!*/watch(file, { signal: held.signal })) seen() }
    loop().catch(() => {})`,
  exit: 'held.abort()',
  kind: 'watcher',
  what: /^watcher of .*data\.txt$/,
  closed: unchanged,
})

leaves('a database', {
  top: `const { DatabaseSync } = process.getBuiltinModule?.('node:sqlite') ?? {}; let held`,
  init: `held = left.database = /*!*/new DatabaseSync(':memory:')`,
  exit: 'held.close()',
  kind: 'database',
  what: /^database :memory:$/,
  closed: left => assert.throws(() => (left.database as { exec(sql: string): void }).exec('select 1'), /not open/),
  skip:
    !process.versions.node.startsWith('2') || Number(process.versions.node.split('.')[0]) < 24
      ? 'not in this Node'
      : false,
})

describe('files', () => {
  it('that were closed are forgotten, however many', async t => {
    const left = leftOf(t)
    const scene = stage(t, {
      'busy.mjs': `${TOP}
        export async function init() {
          for (let n = 0; n < 100; n++) {
            fs.closeSync(fs.openSync(file))
            const handle = await promises.open(file)
            await handle.close()
            for await (const _ of fs.createReadStream(file));
            fs.createWriteStream(file).end()
            for await (const _ of await promises.opendir(left.folder));
            fs.watch(file).close()
            fs.watchFile(file, seen)
            fs.unwatchFile(file, seen)
          }
        }`,
    })
    left.folder = scene.folder.path
    await scene.kernel.insmod(scene.file('busy.mjs'))
    assert.deepEqual((await scene.kernel.rmmod('busy')).leftovers, [])
  })

  it('of the host keep their descriptors when a number is given again', async t => {
    const left = leftOf(t)
    const scene = stage(t, {
      'data.txt': 'text',
      'other.txt': 'text',
      'risky.mjs': `import fs from 'node:fs'; left.fd = fs.openSync(left.folder + '/data.txt')`,
    })
    left.folder = scene.folder.path
    await scene.kernel.insmod(scene.file('risky.mjs'))
    // Closed in a way that the module's view cannot see.
    fs.closeSync(left.fd as number)
    const fd = fs.openSync(scene.file('other.txt'), 'r')
    assert.equal(fd, left.fd)
    assert.deepEqual((await scene.kernel.rmmod('risky')).leftovers, [])
    assert.equal(fs.fstatSync(fd).isFile(), true)
    fs.closeSync(fd)
  })

  it('of the host are still watched when a module stops watching the same', async t => {
    const left = leftOf(t)
    const scene = stage(t, {
      'data.txt': 'text',
      'same.mjs': `import fs from 'node:fs'; fs.watchFile(left.file, { interval: 5 }, () => {}); fs.unwatchFile(left.file)`,
    })
    left.file = scene.file('data.txt')
    const changed = new Promise(resolve => fs.watchFile(scene.file('data.txt'), { interval: 5 }, resolve))
    t.after(() => fs.unwatchFile(scene.file('data.txt')))
    await scene.kernel.insmod(scene.file('same.mjs'))
    // The first look at the file may come after the first change.
    const changing = setInterval(() => fs.appendFileSync(scene.file('data.txt'), 'more'), 5)
    t.after(() => clearInterval(changing))
    await changed
  })

  it('are seen by one view, however it is named', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'exact.mjs': `import fs, { promises, ReadStream, constants } from 'node:fs'
        import more from 'fs/promises'
        import * as names from 'fs'
        left.answer = [promises === more, fs.promises === promises, fs.ReadStream === ReadStream, names.default === fs,
          fs.openSync.name, fs.open.length, Object.keys({ ...fs }).join(), constants === fs.constants,
          fs.createReadStream('/dev/null').destroy() instanceof ReadStream, ReadStream('/dev/null').destroy() instanceof fs.ReadStream]`,
    })
    await kernel.insmod(file('exact.mjs'))
    const keys = Object.keys(fs).join()
    assert.deepEqual(left.answer, [true, true, true, true, 'openSync', fs.open.length, keys, true, true, true])
  })
})
