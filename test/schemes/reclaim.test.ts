import { describe, it } from 'node:test'
import { itInTurns } from '../support/share.ts'
import { runProgram } from './child.ts'

/** That an image goes is shown on every line of Node, the rest on one of them each. */
const itShared = itInTurns()

describe('reclaim', () => {
  it('frees an image that somebody holds, and the pointers that are left answer ESTALE', async t => {
    await runProgram(
      t,
      { 'a.ts': `export const init = k => k.register('p', { run: () => 1, later: async () => 2 })` },
      `
      const kernel = started({})
      const taints = []
      kernel.on('taint', taint => taints.push(taint.letter))
      const { size } = await kernel.insmod(file('a.ts'))
      const [p] = kernel.point('p')
      await kernel.rmmod('a')
      await collect()
      assert.equal(kernel.lingering().length, 1)
      const before = Date.now()
      const { images, bytes } = await kernel.reclaim('a#1')
      const [{ image, freed, leftovers }] = images
      assert.deepEqual([image, images[0].bytes, freed, leftovers, bytes], ['a#1', size, true, 0, size])
      await collect()
      assert.deepEqual([kernel.lingering(), collected.length], [[], 1])
      for (const name of ['run', 'later'])
        assert.throws(p[name], error => {
          const { image, export: called, time } = error.data
          const told = [error instanceof ModuleError, error.code, error.errno, image, called]
          assert.deepEqual(told, [true, 'ESTALE', 'ESTALE', 'a#1', 'p.' + name])
          assert.ok(Date.parse(time) >= before && Date.parse(time) <= Date.now())
          return true
        })
      assert.deepEqual(taints, ['R'])
      assert.match(kernel.taints[0].reason, /a#1 was reclaimed/)
      `,
    )
  })

  itShared('frees the operations, their class and their data, too', async t => {
    await runProgram(
      t,
      {
        'a.ts': `
          class Store { url = '/a'; #n = 1; get() { return this.#n } }
          export const init = k => k.register('p', new Store())`,
      },
      `
      const kernel = started({})
      await kernel.insmod(file('a.ts'))
      const [store] = kernel.point('p')
      assert.deepEqual([store.get(), store.url], [1, '/a'])
      await kernel.rmmod('a')
      assert.deepEqual([store.get(), store.url], [1, '/a'])
      assert.equal((await kernel.reclaim('a#1')).images[0].freed, true)
      for (const touch of [() => store.get(), () => store.url]) assert.throws(touch, { code: 'ESTALE' })
      `,
    )
  })

  itShared('says which image stays, because somebody outside holds what the module gave away', async t => {
    await runProgram(
      t,
      {
        'a.ts': `export const init = k => k.register('p', () => () => 'inner')`,
        'b.ts': `export const init = k => k.register('p', () => 1)`,
      },
      `
      const kernel = started({})
      await kernel.insmod(file('a.ts'))
      const inner = [...kernel.point('p')][0]()
      await kernel.insmod(file('b.ts'))
      const held = [...kernel.point('p')]
      await kernel.rmmod('a')
      const b = await kernel.rmmod('b')
      const report = await kernel.reclaim()
      assert.deepEqual(report.images.map(({ image, freed }) => [image, freed]), [['a#1', false], ['b#1', true]])
      assert.equal(report.bytes, b.bytes)
      assert.match(report.images[0].heldBy[0], /inner|local variable/)
      assert.deepEqual(kernel.lingering().map(({ image, reclaimed }) => [image, reclaimed]), [['a#1', true]])
      assert.equal(inner(), 'inner')
      assert.equal(held.length, 2)
      `,
    )
  })

  itShared('is an option of rmmod', async t => {
    await runProgram(
      t,
      { 'a.ts': `export function init(k) { setInterval(() => k, 1000); k.register('p', () => 1) }` },
      `
      const kernel = started({})
      const { size } = await kernel.insmod(file('a.ts'))
      const held = [...kernel.point('p')]
      const report = await kernel.rmmod('a', { reclaim: true })
      assert.deepEqual(report.leftovers.map(({ kind, closed }) => [kind, closed]), [['interval', true]])
      assert.deepEqual(report.reclaimed.images.map(({ image, freed }) => [image, freed]), [['a#1', true]])
      assert.equal(report.reclaimed.bytes, size)
      assert.throws(held[0], { code: 'ESTALE' })
      assert.deepEqual(kernel.taints.map(({ letter }) => letter), ['R'])
      `,
    )
  })

  itShared(
    'under load: 500 calls in flight settle or get ESTALE; nothing crashes, no rejection is unhandled',
    async t => {
      await runProgram(
        t,
        {
          'load.ts': `
          import { setTimeout as sleep } from 'node:timers/promises'
          import { readFile } from 'node:fs/promises'
          import { join } from 'node:path'
          let n = 0
          export function init(k) {
            k.register('work', async kind => {
              n++
              if (kind === 0) { await null; return n }
              if (kind === 1) { await sleep(kind); return join('a', 'b') }
              if (kind === 2) { await readFile(k.module.file); return join('a', 'b') }
              if (kind === 3) { await new Promise(resolve => setTimeout(resolve, 1)); throw new Error('own') }
              if (kind === 4) { await new Promise(() => {}) }
              for (let turn = 0; turn < 1000; turn++) await new Promise(resolve => setImmediate(resolve))
              return join('a', 'b')
            })
          }`,
        },
        `
      const unhandled = []
      const unhandle = error => { unhandled.push(error); console.error(error); process.exitCode = 1 }
      process.on('unhandledRejection', unhandle).on('uncaughtException', unhandle)
      for (const scheme of ['collect', 'retain', 'refcount']) {
        const kernel = started({ scheme })
        await kernel.insmod(file('load.ts'))
        const [work] = kernel.point('work')
        const calls = Array.from({ length: 500 }, (_, i) => work(i % 6))
        const settled = Promise.allSettled(calls)
        const report = await kernel.rmmod('load', { reclaim: true, force: true })
        assert.equal(report.callsInFlight, 500)
        const answers = await Promise.race([settled, delay(60_000, 'stuck', { ref: false })])
        assert.notEqual(answers, 'stuck')
        const count = {}
        for (const answer of answers) {
          const said = answer.status === 'fulfilled' ? 'answered' : (answer.reason.code ?? answer.reason.message)
          count[said] = (count[said] ?? 0) + 1
        }
        for (const said of Object.keys(count)) assert.ok(['answered', 'ESTALE', 'own'].includes(said), said)
        assert.ok(count.ESTALE >= 160, JSON.stringify(count))
        assert.throws(() => work(0), { code: 'ESTALE' })
        // Whatever still runs inside runs into what is gone now.
        for (let turns = 0; turns < 1100; turns++) await turn()
      }
      assert.deepEqual(unhandled, [])
      `,
      )
    },
  )
})
