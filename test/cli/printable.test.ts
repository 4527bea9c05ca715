import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createKernel, type LogEntry, type ModuleRow } from 'outlive'
import { outlive, socketFolder, startHost } from '../support/command.ts'
import { Folder } from '../support/folder.ts'

const NAME = 'two\nlines\u001b]0;title\u0007'
const SHOWN = 'two\\nlines\\u001b]0;title\\u0007'

const ODD = `
export const info = { description: 'first\\nsecond\\u001b[8m', params: { p: { type: 'string', default: '', description: 'a\\u202eb' } } }
export function init(k) {
  k.log.warn('one\\nfaked#1 live\\u001b[8m')
  setInterval(() => {}, 60_000)
}
export function exit() { throw new Error('cannot\\u009b\\nsay') }
`

/** What would move a cursor or hide what is there. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const RAW = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]/

it('what names and texts of modules hold is shown to people in one line, and given to programs as it is', async t => {
  const host = await startHost(t, { [`${NAME}.ts`]: ODD, 'bad.ts': `let a = '\u001b[8m' +` }, { words: ['--no-load'] })
  const file = host.file(`${NAME}.ts`)
  const shownFile = file.replace(NAME, SHOWN)
  const lines = async (...words: string[]): Promise<string[]> => {
    const { stdout, stderr } = await host.run(...words)
    assert.doesNotMatch(stdout + stderr, RAW, words.join(' '))
    return [...stdout.split('\n').slice(0, -1), ...stderr.split('\n').slice(0, -1)]
  }
  assert.deepEqual(await lines('rmmod', NAME), [`rmmod: Module ${SHOWN} is not currently loaded`])
  assert.match((await lines('insmod', 'bad.ts')).join('\n'), /^insmod: .*\n> 1 \| let a = '\\u001b\[8m' \+\n/)
  assert.deepEqual(await lines('insmod', file), [])
  const [, row] = await lines('lsmod')
  assert.equal(row, `${SHOWN.padEnd(19)} ${String(ODD.length).padStart(8)}  0`)
  const modinfo = await lines('modinfo', file)
  assert.ok(modinfo.includes(`filename:       ${shownFile}`))
  assert.ok(modinfo.includes('description:    first\\nsecond\\u001b[8m'))
  assert.ok(modinfo.includes('parm:           p:a\\u202eb (string, default "")'))
  assert.ok((await lines('top')).some(line => line.startsWith(`${SHOWN}#1 `)))
  const [replaced, threw] = await lines('replace', NAME)
  assert.equal(replaced, `${SHOWN}#2 replaced ${SHOWN}#1`)
  assert.equal(threw, `${SHOWN}#1: exit threw: cannot\\u009b\\nsay`)
  const log = await lines('dmesg')
  assert.ok(log.some(line => line.includes(`] ${SHOWN}: one`)))
  assert.deepEqual(
    log.filter(line => !/^\[ *\d/.test(line) && !line.startsWith('  ')),
    [],
    'what an entry goes on with is indented',
  )

  const row2 = (JSON.parse((await host.run('lsmod', '--json')).stdout) as ModuleRow[])[0]!
  assert.deepEqual([row2.name, row2.file], [NAME, file])
  const entries = JSON.parse((await host.run('dmesg', '--json')).stdout) as LogEntry[]
  assert.ok(entries.some(({ module, text }) => module === NAME && text === 'one\nfaked#1 live\u001b[8m'))
  assert.equal((await host.run('modinfo', '-0', '-F', 'description', file)).stdout, 'first\nsecond\u001b[8m\0')

  await host.run('rmmod', NAME)
  await host.says(/ - .*#2 gone/)
  const said = host.out.join('\n')
  assert.doesNotMatch(said, RAW)
  assert.ok(host.out.some(line => line.endsWith(` + ${SHOWN}#1 live`)))
  assert.ok(host.out.some(line => line.endsWith(` ! ${SHOWN}: one`)))
  assert.ok(host.out.includes('  faked#1 live\\u001b[8m'))
})

it('what a module logs goes to the log of a program with its name in one line', async t => {
  const folder = new Folder({ [`${NAME}.ts`]: ODD })
  t.after(() => folder.remove())
  const told: string[] = []
  const note = (text: string) => void told.push(text)
  const kernel = createKernel({ log: { debug: note, info: note, warn: note, error: note } })
  await kernel.insmod(folder.file(`${NAME}.ts`))
  await kernel.close()
  assert.ok(told.some(line => line.includes(`] ${SHOWN}: one\nfaked`)))
})

it('a command says in one line what it cannot do with such a name', async t => {
  const { code, stderr } = await outlive(['modinfo', `./${NAME}`], socketFolder(t))
  assert.deepEqual([code, stderr.split('\n').length], [1, 2])
  assert.doesNotMatch(stderr, RAW)
})
