import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { adviceOn, adviceOnParams } from '#dist/cli/advice.js'
import { nearest } from '#dist/cli/similar.js'
import { ControlClient } from '#dist/control/client.js'
import { startHost } from '../support/command.ts'

it('the nearest name is one with few mistakes, and none of another word', () => {
  const names = ['hello', 'notes', 'http_host', 'db']
  for (const [word, meant] of [
    ['helo', 'hello'],
    ['hlelo', 'hello'],
    ['hellos', 'hello'],
    ['note', 'notes'],
    ['htp_hosts', 'http_host'],
    ['hello', undefined],
    ['world', undefined],
    ['da', undefined],
    ['', undefined],
  ] as const)
    assert.equal(nearest(word, names), meant, word)
})

it('whom a host refuses is told what was meant, and where the host loads from', async t => {
  const host = await startHost(
    t,
    { 'hello.ts': '', 'notes.ts': '', 'folder/package.json': '{}' },
    { words: ['--no-load'] },
  )
  await host.run('insmod', 'hello.ts')
  const client = new ControlClient(join(host.sockets, `${host.pid}.sock`))
  const unknown = (module: string) => ({ code: 'ENOENT', data: { module } })
  assert.equal(await adviceOn(unknown('helo'), 'rmmod', client), 'did you mean hello?')
  assert.equal(await adviceOn(unknown('note'), 'rmmod', client), undefined)
  assert.equal(await adviceOn(unknown('note'), 'modprobe', client), 'did you mean notes?')
  assert.equal(await adviceOn(unknown('foldr'), 'modinfo', client), 'did you mean folder?')
  assert.equal(
    await adviceOn({ code: 'EPERM', data: {} }, 'insmod', client),
    `this host loads from ${host.folder.path}`,
  )
  const taken = (code: string) => ({ code, data: { module: 'hello' } })
  assert.equal(
    await adviceOn(taken('EEXIST'), 'insmod', client),
    'outlive replace hello puts a new version into its place',
  )
  assert.equal(
    await adviceOn(taken('EHOLDERS'), 'rmmod', client),
    'outlive rmmod --recursive hello takes them out first',
  )
  assert.equal(await adviceOn(taken('EEXIST'), 'modprobe', client), undefined)
})

it('who gives a parameter that a module does not declare is told which one was meant', async t => {
  const info = `export const info = { params: { first_word: { type: 'string', default: '' } } }\n`
  const host = await startHost(t, { 'hello.ts': info })
  const client = new ControlClient(join(host.sockets, `${host.pid}.sock`))
  assert.deepEqual(await adviceOnParams({ 'first-word': 'a', frist_word: 'b', x: '' }, 'hello', client), [
    'hello has no parameter frist_word; did you mean first_word?',
    'hello has no parameter x',
  ])
  assert.deepEqual(await adviceOnParams({}, 'hello', client), [])
})
