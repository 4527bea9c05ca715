import { describe, it } from 'node:test'
import { runProgram } from './child.ts'

const HELLO = `
const text = 'Hello '
export function init(k) { k.register('greeter', async name => { await k.gate?.(); return text + name }) }`

describe('collect', () => {
  it('gives the image back by itself, and tells which and how many bytes', async t => {
    await runProgram(
      t,
      { 'hello.ts': HELLO },
      `
      const kernel = started({})
      const { size } = await kernel.insmod(file('hello.ts'))
      await kernel.rmmod('hello')
      assert.deepEqual(kernel.lingering().map(({ image }) => image), ['hello#1'])
      await collect()
      assert.deepEqual(kernel.lingering(), [])
      assert.deepEqual(collected, [{ module: 'hello', generation: 1, file: file('hello.ts'), bytes: size }])
      assert.equal(kernel.memory().lingering.source, 0)
      assert.ok(kernel.log.entries().some(({ text }) => text.includes('hello#1') && text.includes('collected')))
      `,
    )
  })

  it('tells the truth about what lingers within one collection: all that is held, nothing that is not', async t => {
    await runProgram(
      t,
      { 'hello.ts': HELLO },
      `
      const kernel = started({})
      const held = new Map()
      for (let n = 1; n <= 20; n++) {
        await kernel.insmod(file('hello.ts'))
        if (n % 2) held.set('hello#' + n, [...kernel.point('greeter')][0])
        await kernel.rmmod('hello')
      }
      await turn()
      gc()
      // Before the registry has had its turn.
      assert.deepEqual(kernel.lingering().map(({ image }) => image), [...held.keys()])
      await collect()
      assert.equal(collected.length, 10)
      assert.equal(await held.get('hello#7')('you'), 'Hello you')
      held.delete('hello#7')
      await collect()
      assert.deepEqual(kernel.lingering().map(({ image }) => image), [...held.keys()])
      held.clear()
      await collect()
      assert.deepEqual(kernel.lingering(), [])
      assert.deepEqual(collected.map(({ generation }) => generation).sort((a, b) => a - b), Array.from({ length: 20 }, (_, n) => n + 1))
      `,
    )
  })

  it('does not keep an image by listing it, also within one job', async t => {
    await runProgram(
      t,
      { 'hello.ts': HELLO },
      `
      const kernel = started({})
      await kernel.insmod(file('hello.ts'))
      await kernel.rmmod('hello')
      await turn()
      for (let n = 0; n < 3; n++) assert.equal(kernel.lingering().length, 1)
      gc()
      assert.deepEqual([kernel.lingering(), kernel.memory().lingering.images, collected], [[], 0, []])
      await turn()
      assert.deepEqual([kernel.lingering(), collected.length], [[], 1])
      `,
    )
  })

  it('counts a stream that the host has dropped no longer than until it is collected', async t => {
    await runProgram(
      t,
      { 'a.ts': `export const init = k => k.register('count', async function* () { yield 1; yield 2 })` },
      `
      const kernel = started({ grace: 0 })
      await kernel.insmod(file('a.ts'))
      const drop = () => [...kernel.point('count')][0]().next()
      await drop()
      await collect()
      await drop()
      assert.equal((await kernel.rmmod('a')).callsInFlight, 1)
      await collect()
      assert.deepEqual([kernel.lingering(), collected.length], [[], 1])
      `,
    )
  })

  it('keeps the code as long as a call is in it, and no longer', async t => {
    await runProgram(
      t,
      {
        'slow.ts': `export const init = k => k.register('p', async door => { await door; return own() })\nfunction own() { return 'mine' }`,
      },
      `
      const kernel = started({})
      await kernel.insmod(file('slow.ts'))
      let open
      let answer = [...kernel.point('p')][0](new Promise(resolve => { open = resolve }))
      await kernel.rmmod('slow')
      await collect()
      assert.deepEqual(kernel.lingering().map(({ image, callsInFlight }) => [image, callsInFlight]), [['slow#1', 1]])
      open()
      assert.equal(await answer, 'mine')
      open = answer = undefined
      await collect()
      assert.deepEqual([kernel.lingering(), collected.length], [[], 1])
      `,
    )
  })

  it('collects images that were replaced, however long the chain', async t => {
    await runProgram(
      t,
      { 'hello.ts': HELLO },
      `
      const kernel = started({})
      await kernel.insmod(file('hello.ts'))
      for (let n = 0; n < 30; n++) await kernel.replace('hello')
      await collect()
      assert.deepEqual([kernel.lingering(), collected.length], [[], 30])
      assert.equal(await [...kernel.point('greeter')][0]('you'), 'Hello you')
      `,
    )
  })

  it('collects an image whose init failed', async t => {
    await runProgram(
      t,
      { 'bad.ts': `setInterval(() => held, 1000)\nconst held = {}\nexport function init() { throw new Error('no') }` },
      `
      const kernel = started({})
      assert.equal(await codeOf(kernel.insmod(file('bad.ts'))), 'EINIT')
      await collect()
      assert.deepEqual(kernel.lingering(), [])
      `,
    )
  })
})
