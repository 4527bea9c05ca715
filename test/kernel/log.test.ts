import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LogEntry } from 'outlive'
import { logOf, stage } from '../support/stage.ts'

describe('the kernel log', () => {
  it('carries what modules say, with their names, levels and a time that only grows', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `export function init(k) {
        k.log.debug('one'); k.log.info('two'); k.log.warn('three'); k.log.error('four')
      }`,
    })
    await kernel.insmod(file('a.ts'))
    const entries = kernel.log.entries().slice(0, 4)
    assert.deepEqual(
      entries.map(({ level, module, text }) => `${level} ${module} ${text}`),
      ['debug a one', 'info a two', 'warn a three', 'error a four'],
    )
    for (const [index, { time }] of entries.entries()) assert.ok(time >= (entries[index - 1]?.time ?? 0))
  })

  it('keeps texts, as console would print what a module logs, and no objects of it', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `export function init({ log: { info, error } }) {
        info('%s has %d', 'it', 2, { x: 1 }); error(new RangeError('boom')); info()
      }`,
    })
    await kernel.insmod(file('a.ts'))
    const [first, second, third] = kernel.log.entries().map(({ text }) => text)
    assert.equal(first, 'it has 2 { x: 1 }')
    assert.match(second!, /^RangeError: boom\n +at init \(.*a\.ts:2:\d+\)/)
    assert.equal(third, '')
  })

  it('takes what console cannot print', async t => {
    const { kernel, file, log } = stage(t, {
      'a.ts': `export const init = k => k.log.warn('got', new Proxy({}, { get() { throw new Error('no') }, getPrototypeOf() { throw new Error('no') } }), { get [Symbol.toStringTag]() { throw new Error('no') } })`,
    })
    await kernel.insmod(file('a.ts'))
    assert.match(log()[0]!, /^a: got /)
  })

  it('is a ring: the oldest entries go', t => {
    const { kernel } = stage(t)
    for (let n = 0; n < 10_000; n++) kernel.log.info(`entry ${n}`)
    const entries = logOf(kernel)
    assert.equal(entries.at(-1), 'entry 9999')
    const first = Number(entries[0]!.split(' ')[1])
    assert.ok(first > 0)
    assert.deepEqual([...kernel.log], kernel.log.entries())
    assert.deepEqual(
      entries,
      Array.from({ length: 10_000 - first }, (_, index) => `entry ${first + index}`),
    )
  })

  it('can be followed', t => {
    const { kernel } = stage(t)
    const seen: LogEntry[] = []
    const stop = kernel.log.follow(entry => seen.push(entry))
    kernel.log.warn('seen')
    stop()
    kernel.log.warn('not seen')
    assert.deepEqual(
      seen.map(({ text }) => text),
      ['seen'],
    )
  })

  it('goes to a sink as well, which may fail without stopping anything, as on a full disk', async t => {
    const lines: string[] = []
    const full = () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    const keep = (line: string) => void lines.push(line)
    const { kernel, file } = stage(
      t,
      { 'a.ts': `export const init = k => k.log.warn('from init')` },
      { log: { debug: keep, info: full, warn: keep, error: full } },
    )
    await kernel.insmod(file('a.ts'))
    await kernel.rmmod('a')
    assert.equal(lines.length, 1)
    assert.match(lines[0]!, /^\[ *\d+\.\d{6}\] a: from init$/)
    assert.equal(kernel.log.entries().length, 3)
  })

  it('goes to a function, entry by entry', async t => {
    const seen: LogEntry[] = []
    const { kernel, file } = stage(
      t,
      { 'a.ts': `export const init = k => k.log.warn('from init')` },
      { log: entry => seen.push(entry) },
    )
    await kernel.insmod(file('a.ts'))
    assert.deepEqual(seen, kernel.log.entries())
    assert.deepEqual([seen[0]?.level, seen[0]?.module, seen[0]?.text], ['warn', 'a', 'from init'])
  })

  it('survives a follower that throws', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export {}' })
    kernel.log.follow(() => {
      throw new Error('follower')
    })
    await kernel.insmod(file('a.ts'))
    await kernel.rmmod('a')
    assert.equal(kernel.log.entries().length, 2)
  })
})
