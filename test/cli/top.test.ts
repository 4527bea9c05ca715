import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fitted } from '#dist/cli/fitted.js'
import { startHost } from '../support/command.ts'

it('a terminal is shown as many lines of as many characters as it has room for, and how many there are besides', () => {
  const lines = ['3 modules', '', 'Image State', 'a#1 LIVE', 'b#1 LIVE', 'c#1 LIVE']
  const size = (columns: number, rows: number) => ({ columns, rows })
  assert.deepEqual(fitted(lines, size(80, 7)), lines)
  assert.deepEqual(fitted(lines, size(80, 6)), [...lines.slice(0, 4), 'and 2 more'])
  assert.deepEqual(fitted(lines, size(3, 7)), ['3 m', '', 'Ima', 'a#1', 'b#1', 'c#1'])
  assert.deepEqual(fitted(lines, size(80, 1)), [...lines.slice(0, 3), 'and 3 more'])
  assert.deepEqual(fitted(lines, size(0, 0)), lines)
})

it('top without a terminal looks once, at modules and at what lingers', async t => {
  const name = 'a_name_that_is_longer_than_most'
  const host = await startHost(t, { 'short.ts': '', [`${name}.ts`]: '' })
  const { code, stdout } = await host.run('top')
  assert.equal(code, 0)
  const [counted, empty, ...rows] = stdout.split('\n')
  assert.match(counted!, /^2 modules, 0 lingering, heap [\d.]+ MB of [\d.]+ MB$/)
  assert.equal(empty, '')
  assert.deepEqual(
    rows.filter(row => row !== '').map(row => row.split(/ +/, 3)),
    [
      ['Image', 'State', 'Size'],
      [`${name}#1`, 'LIVE', '0'],
      ['short#1', 'LIVE', '0'],
    ],
  )
  assert.equal(new Set(rows.filter(row => row !== '').map(row => row.length)).size, 1)
  const refused = await host.run('top', '-n', '1.5')
  assert.deepEqual([refused.code, refused.stderr.trimEnd()], [2, "top: --looks takes a whole number from 1, got '1.5'"])
})
