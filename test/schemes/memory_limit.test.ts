import { describe } from 'node:test'
import { itInTurns } from '../support/share.ts'
import { runProgram } from './child.ts'

/** What is counted and refused is a matter of sums, on every line of Node the same. */
const itShared = itInTurns()

/** Modules of one size, about 2 KB of source each. */
const FILES: Readonly<Record<string, string>> = Object.fromEntries(
  ['a', 'b', 'c', 'd'].map(name => [
    `${name}.ts`,
    `export const init = k => k.register('p', () => '${name}')\n${'// padding of the source\n'.repeat(80)}`,
  ]),
)
/** What one of them counts for, asked of a kernel without a limit. */
const ONE = `
const free = started({})
await free.insmod(file('a.ts'))
const one = free.memory().live.estimated
await free.close()
await collect()
`

describe('memory.limit', () => {
  itShared('refuses what does not fit, with limit, used, lingering and needed, before any of it runs', async t => {
    await runProgram(
      t,
      { ...FILES, 'big.ts': `globalThis.ran = true\n${FILES['c.ts']}` },
      `${ONE}
      const limit = Math.floor(2.5 * one)
      const kernel = started({ memory: { limit } })
      await kernel.insmod(file('a.ts'))
      await kernel.insmod(file('b.ts'))
      await assert.rejects(kernel.insmod(file('big.ts')), error => {
        const { used, lingering, needed } = error.data
        assert.deepEqual([error.code, error.errno, error.data.limit], ['ENOMEM', 'ENOMEM', limit])
        assert.deepEqual([used, lingering], [2 * one, 0])
        assert.ok(needed > one)
        assert.match(error.message, /Cannot allocate memory/)
        for (const number of [limit, used, lingering, needed]) assert.ok(error.message.includes(String(number)))
        return true
      })
      assert.equal(globalThis.ran, undefined)
      assert.deepEqual([kernel.lsmod().map(({ name }) => name), kernel.lingering(), kernel.taints], [['a', 'b'], [], []])
      await kernel.rmmod('a')
      await kernel.insmod(file('d.ts'))
      `,
    )
  })

  itShared('counts what was replaced and is still on its way out', async t => {
    await runProgram(
      t,
      { ...FILES, 'e.ts': `${FILES['a.ts']}\nexport const exit = () => new Promise(end => { globalThis.end = end })` },
      `${ONE}
      const kernel = started({ memory: { limit: Math.floor(2.5 * one) } })
      await kernel.insmod(file('e.ts'))
      const replacing = kernel.replace('e')
      while (!globalThis.end) await turn()
      await assert.rejects(kernel.insmod(file('c.ts')), { code: 'ENOMEM' })
      globalThis.end()
      await replacing
      await kernel.insmod(file('c.ts'))
      `,
    )
  })

  itShared('counts what lingers because somebody holds it', async t => {
    await runProgram(
      t,
      FILES,
      `${ONE}
      const kernel = started({ memory: { limit: Math.floor(2.5 * one), onPressure: 'refuse' } })
      await kernel.insmod(file('a.ts'))
      await kernel.insmod(file('b.ts'))
      let held = [...kernel.point('p')]
      await kernel.rmmod('a')
      await assert.rejects(kernel.insmod(file('c.ts')), error => {
        assert.deepEqual([error.code, error.data.used, error.data.lingering], ['ENOMEM', one, one])
        return true
      })
      await assert.rejects(kernel.replace('b'), { code: 'ENOMEM' })
      assert.equal(held[0](), 'a')
      held = undefined
      await kernel.insmod(file('c.ts'))
      assert.deepEqual(kernel.taints, [])
      `,
    )
  })

  itShared('with reclaim takes back what lingers, the oldest first, no more than is needed, and taints', async t => {
    await runProgram(
      t,
      FILES,
      `${ONE}
      const kernel = started({ memory: { limit: Math.floor(3.5 * one), onPressure: 'reclaim' } })
      for (const name of ['a', 'b', 'c']) await kernel.insmod(file(name + '.ts'))
      const held = Object.fromEntries([...kernel.point('p')].map(fn => [fn(), fn]))
      for (const name of ['b', 'a', 'c']) await kernel.rmmod(name)
      await collect()
      assert.deepEqual(kernel.lingering().map(({ image }) => image), ['b#1', 'a#1', 'c#1'])
      await kernel.insmod(file('d.ts'))
      assert.throws(held.b, { code: 'ESTALE' })
      assert.deepEqual([held.a(), held.c()], ['a', 'c'])
      assert.deepEqual(kernel.taints.map(({ letter }) => letter), ['R'])
      assert.ok(kernel.log.entries().some(({ text }) => text.includes('b#1 reclaimed')))
      await kernel.insmod(file('b.ts'))
      assert.throws(held.a, { code: 'ESTALE' })
      `,
    )
  })

  itShared('with reclaim refuses in the end what does not fit beside the modules in service', async t => {
    await runProgram(
      t,
      FILES,
      `${ONE}
      const kernel = started({ memory: { limit: Math.floor(1.5 * one), onPressure: 'reclaim' } })
      await kernel.insmod(file('a.ts'))
      assert.equal(await codeOf(kernel.insmod(file('b.ts'))), 'ENOMEM')
      assert.deepEqual(kernel.lsmod().map(({ name }) => name), ['a'])
      `,
    )
  })

  itShared('holds for modules that are loaded at the same time', async t => {
    const slow = 'await new Promise(resolve => setTimeout(resolve, 5))\n'
    await runProgram(
      t,
      Object.fromEntries(Object.entries(FILES).map(([name, text]) => [name, slow + text])),
      `${ONE}
      const kernel = started({ memory: { limit: Math.floor(2.5 * one) } })
      const load = name => codeOf(kernel.insmod(file(name + '.ts')).then(() => 'in'))
      assert.deepEqual((await Promise.all(['a', 'b', 'c', 'd'].map(load))).sort(), ['ENOMEM', 'ENOMEM', 'in', 'in'])
      `,
    )
  })

  itShared('lets a module be replaced over and over beside its own old images', async t => {
    await runProgram(
      t,
      FILES,
      `${ONE}
      const kernel = started({ memory: { limit: Math.floor(2.5 * one) } })
      await kernel.insmod(file('a.ts'))
      for (let round = 0; round < 10; round++) await kernel.replace('a')
      assert.deepEqual(kernel.taints, [])
      `,
    )
  })

  itShared('refuses before V8 would run out of memory, whatever the limit', async t => {
    await runProgram(
      t,
      FILES,
      `
      const { writeFileSync } = await import('node:fs')
      const kernel = started({ memory: { limit: Number.MAX_SAFE_INTEGER } })
      writeFileSync(file('huge.js'), 'export const text = "' + 'x'.repeat(1 << 24) + '"')
      assert.equal(await codeOf(kernel.insmod(file('huge.js'))), 'ENOMEM')
      await kernel.insmod(file('a.ts'))
      `,
      ['--max-old-space-size=64'],
    )
  })

  itShared('is checked when the kernel is made', async t => {
    await runProgram(
      t,
      {},
      `
      const wrong = [{ limit: 0 }, { limit: -1 }, { limit: '64M' }, { limit: NaN }, {}, { limit: 1e6, onPressure: 'panic' }]
      for (const memory of wrong)
        assert.throws(() => createKernel({ memory }), { code: 'EINVAL', message: /memory\\.(limit|onPressure)/ })
      `,
    )
  })
})
