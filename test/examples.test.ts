import assert from 'node:assert/strict'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Host, startHost } from './support/command.ts'
import { Folder } from './support/folder.ts'
import { root } from './support/paths.ts'

const EXAMPLES = join(root, 'examples', 'modules')

/** A host over a copy of the examples, with the packages of the project, and a database of its own. */
async function startExamples(t: TestContext, words: readonly string[] = []): Promise<Host> {
  const folder = new Folder()
  cpSync(EXAMPLES, folder.path, { recursive: true })
  const file = join(folder.path, 'db.ts')
  writeFileSync(file, readFileSync(file, 'utf8').replace("default: ''", `default: '${folder.file('notes.sqlite')}'`))
  // What the modules import from npm is found from where they are, as in a project.
  folder.write({ 'package.json': '{ "type": "module" }' })
  symlinkSync(join(root, 'node_modules'), folder.file('node_modules'))
  const host = await startHost(t, {}, { folder, words })
  assert.deepEqual(host.err, [])
  return host
}

const say = async (url: string): Promise<string> => (await fetch(url)).text()

const send = async (method: string, url: string, body?: unknown) => {
  const response = await fetch(url, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, value: text === '' ? undefined : (JSON.parse(text) as unknown) }
}

/** Reads server-sent events until there are `count`. */
async function readEvents(url: string, count: number): Promise<string[]> {
  const response = await fetch(url)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (text.split('\n\n').length <= count) {
    const { value, done } = await reader.read()
    if (done) break
    text += value
  }
  await reader.cancel()
  return text.split('\n\n').slice(0, count)
}

describe('the examples', () => {
  it('are inserted, dependencies first', async t => {
    const host = await startExamples(t)
    const { stdout } = await host.run('lsmod')
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .slice(1)
        .map(line =>
          line
            .split(/\s+/)
            .filter((_, column) => column !== 1)
            .join(' '),
        ),
      ['notes 0', 'hello 0', 'db 1 notes', 'clock 0'],
    )
  })

  it('hello: greets, with the word that it is given, and keeps counting through a replace', async t => {
    const host = await startExamples(t)
    assert.equal(await say(`${host.url}/hello/you`), 'Hello you, you are visitor 1 of hello#1\n')
    assert.equal(await say(`${host.url}/hello/them`), 'Hello them, you are visitor 2 of hello#1\n')
    assert.equal((await host.run('replace', 'hello', 'greeting=Hi')).stdout, 'hello#2 replaced hello#1\n')
    assert.equal(await say(`${host.url}/hello/you`), 'Hi you, you are visitor 3 of hello#2\n')
    const file = host.file('hello.ts')
    writeFileSync(file, readFileSync(file, 'utf8').replace('you are visitor', 'visitor'))
    await host.run('replace', 'hello')
    assert.equal(await say(`${host.url}/hello/you`), 'Hi you, visitor 4 of hello#3\n')
  })

  it('notes: a small REST resource, whose notes survive a replace of notes and of db', async t => {
    const host = await startExamples(t)
    const notes = `${host.url}/notes`
    assert.deepEqual(await send('GET', notes), { status: 200, value: [] })
    const first = await send('POST', notes, { text: 'first' })
    assert.equal(first.status, 201)
    assert.deepEqual({ ...(first.value as object), made: '' }, { id: 1, text: 'first', made: '' })
    assert.deepEqual(await send('GET', `${notes}/1`), { status: 200, value: first.value })
    assert.deepEqual(await send('POST', notes, { text: '' }), {
      status: 400,
      value: { error: 'a note is JSON: { "text": "..." }' },
    })
    assert.deepEqual(await send('GET', `${notes}/9`), { status: 404, value: { error: 'no note 9' } })

    for (const name of ['db', 'notes', 'db', 'db']) {
      const { code, stdout, stderr } = await host.run('replace', name)
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, /^\w+#\d replaced \w+#\d\n$/, 'nothing left behind')
    }
    assert.deepEqual(await send('GET', notes), { status: 200, value: [first.value] })
    assert.equal((await send('POST', notes, { text: 'second' })).status, 201)
    assert.equal((await send('DELETE', `${notes}/1`)).status, 204)
    assert.deepEqual(
      ((await send('GET', notes)).value as { text: string }[]).map(({ text }) => text),
      ['second'],
    )

    assert.deepEqual((await host.run('rmmod', 'db')).stderr, 'rmmod: Module db is in use by: notes\n')
    assert.equal((await host.run('rmmod', 'notes', 'db')).stdout, '', 'the database was closed')
    assert.equal((await host.run('modprobe', 'notes')).code, 0)
    assert.deepEqual(
      ((await send('GET', notes)).value as { text: string }[]).map(({ text }) => text),
      ['second'],
    )
  })

  it('clock: streams the time, ends its streams at a replace, and leaves nothing running', async t => {
    const host = await startExamples(t)
    assert.equal((await host.run('replace', 'clock', 'period=20')).code, 0)
    const events = await readEvents(`${host.url}/clock`, 3)
    assert.equal(events.length, 3)
    for (const event of events) assert.match(event, /^event: time\ndata: \d{4}-\d\d-\d\dT[\d:.]+Z$/)

    const response = await fetch(`${host.url}/clock`)
    const reader = response.body!.getReader()
    assert.equal((await reader.read()).done, false)
    const replacing = host.run('replace', 'clock')
    while (!(await reader.read()).done);
    assert.match((await replacing).stdout, /left behind: interval/)
    assert.equal((await readEvents(`${host.url}/clock`, 1)).length, 1)
  })

  it('end with their host, although a clock is still listened to', async t => {
    const host = await startExamples(t)
    const response = await fetch(`${host.url}/clock`)
    const reader = response.body!.getReader()
    assert.equal(await host.end(), 0)
    while (!(await reader.read()).done);
  })
})
