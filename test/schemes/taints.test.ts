import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKernel, type KernelTaint } from 'outlive'
import { Folder } from '../support/folder.ts'
import { stage } from '../support/stage.ts'

describe('taints', () => {
  it('are none in a kernel that was only used as it should be', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export {}' })
    await kernel.insmod(file('a.ts'))
    await kernel.replace('a')
    await kernel.rmmod('a')
    assert.deepEqual(kernel.taints, [])
  })

  it('have letter, bit, meaning, reason, module, generation and time, are logged, and are told once', async t => {
    const { kernel, file, log } = stage(t, { 'a.ts': `export const info = { permanent: true }` })
    const told: KernelTaint[] = []
    kernel.on('taint', taint => told.push(taint))
    const before = Date.now()
    for (let round = 0; round < 2; round++) {
      await kernel.insmod(file('a.ts'))
      await kernel.rmmod('a', { force: true })
    }
    const [{ since, meaning, reason, ...rest }, ...others] = kernel.taints as [KernelTaint]
    assert.deepEqual([rest, others], [{ letter: 'R', bit: 3, module: 'a', generation: 1 }, []])
    assert.match(meaning, /unloaded by force/)
    assert.match(reason, /^a#1 .*permanent/)
    assert.ok(since >= before && since <= Date.now())
    assert.deepEqual(told, kernel.taints)
    assert.equal(log().filter(line => /kernel tainted: R \(a#1 /.test(line)).length, 1)
  })

  it('are never cleared, not even when the module is gone that caused them', async t => {
    const outside = new Folder({ 'stranger.ts': 'export {}' })
    t.after(() => outside.remove())
    const { kernel } = stage(t, {})
    await kernel.insmod(outside.file('stranger.ts'))
    assert.equal(kernel.lsmod()[0]!.taints, 'O')
    await kernel.rmmod('stranger')
    await kernel.reclaim()
    assert.deepEqual(
      kernel.taints.map(({ letter, bit }) => [letter, bit]),
      [
        ['R', 3],
        ['O', 12],
      ],
    )
    kernel.taints.length = 0
    assert.equal(kernel.taints.length, 2)
    await kernel.close()
    assert.equal(kernel.taints.length, 2)
  })

  it('belong to one kernel and to the modules that caused them', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export {}', 'b.ts': `export const info = { permanent: true }` })
    await using other = createKernel()
    await other.insmod(file('a.ts'))
    await kernel.insmod(file('a.ts'))
    await kernel.insmod(file('b.ts'))
    await kernel.rmmod('b', { force: true })
    await kernel.insmod(file('b.ts'))
    assert.deepEqual(
      kernel.lsmod().map(({ name, taints }) => [name, taints]),
      [
        ['a', ''],
        ['b', 'R'],
      ],
    )
    assert.deepEqual(other.taints, [])
  })

  it('name the module and the generation of an image whose file has a # in its name', async t => {
    const { kernel, file } = stage(t, { 'a#b.ts': 'export {}' })
    await kernel.insmod(file('a#b.ts'))
    await kernel.rmmod('a#b', { reclaim: true })
    assert.deepEqual(
      kernel.taints.map(({ module, generation }) => [module, generation]),
      [['a#b', 1]],
    )
  })

  it('are not set by what was refused', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export const info = { permanent: true }' })
    await kernel.insmod(file('a.ts'))
    await assert.rejects(kernel.rmmod('a'), { code: 'EPERMANENT' })
    await assert.rejects(kernel.reclaim('a#9'), { code: 'ENOENT' })
    assert.deepEqual((await kernel.reclaim()).images, [])
    assert.deepEqual(kernel.taints, [])
  })
})
