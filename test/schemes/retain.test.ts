import { describe, it } from 'node:test'
import { runProgram } from './child.ts'

const HELLO = `export function init(k) { k.register('greeter', name => 'Hello ' + name) }`

describe('retain', () => {
  it('holds every removed image for ever, and counts what they leave behind', async t => {
    await runProgram(
      t,
      { 'hello.ts': HELLO },
      `
      const kernel = started({ scheme: 'retain' })
      let size
      for (let round = 0; round < 5; round++) {
        size = (await kernel.insmod(file('hello.ts'))).size
        const report = await kernel.rmmod('hello')
        assert.deepEqual([report.scheme, report.bytes], ['retain', size])
      }
      for (let round = 0; round < 5; round++) await collect()
      assert.deepEqual(collected, [])
      assert.deepEqual(
        kernel.lingering().map(({ image, size, scheme, reclaimed }) => ({ image, size, scheme, reclaimed })),
        [1, 2, 3, 4, 5].map(n => ({ image: 'hello#' + n, size, scheme: 'retain', reclaimed: false })),
      )
      const { live, lingering } = kernel.memory()
      assert.deepEqual([live.images, live.source, lingering.images, lingering.source], [0, 0, 5, 5 * size])
      assert.ok(lingering.estimated > lingering.source)
      `,
    )
  })

  it('runs the old code, with its own data, for whoever kept a pointer', async t => {
    await runProgram(
      t,
      { 'count.ts': `let n = 0\nexport const init = k => k.register('next', async () => ++n)` },
      `
      const kernel = started({ scheme: 'retain' })
      await kernel.insmod(file('count.ts'))
      const [next] = kernel.point('next')
      assert.equal(await next(), 1)
      await kernel.rmmod('count')
      await collect()
      assert.equal(await next(), 2)
      assert.equal(kernel.lingering()[0].lateCalls, 1)
      `,
    )
  })

  it('lets go of an image when it is reclaimed', async t => {
    await runProgram(
      t,
      { 'hello.ts': HELLO },
      `
      const kernel = started({ scheme: 'retain' })
      for (let round = 0; round < 3; round++) {
        await kernel.insmod(file('hello.ts'))
        await kernel.rmmod('hello')
      }
      const { lingering } = kernel.memory()
      const report = await kernel.reclaim('hello#2')
      assert.deepEqual(report.images.map(({ image, freed }) => [image, freed]), [['hello#2', true]])
      assert.equal(report.bytes, lingering.source / 3)
      await collect()
      assert.deepEqual(collected.map(event => event.generation), [2])
      assert.deepEqual(kernel.lingering().map(({ image }) => image), ['hello#1', 'hello#3'])
      assert.equal((await kernel.reclaim()).images.length, 2)
      await collect()
      assert.deepEqual([kernel.lingering(), kernel.memory().lingering.images], [[], 0])
      `,
    )
  })
})
