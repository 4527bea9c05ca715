import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Owner } from 'outlive'
import { callAll, loaded, logOf, refusal, stage } from '../support/stage.ts'

type Say = () => unknown

const entry = (name: string): string =>
  `export const init = k => k.register('p', function ${name}() { return '${name}' })`
const ABC = { 'a.ts': entry('a'), 'b.ts': entry('b'), 'c.ts': entry('c') }

describe('an extension point', () => {
  it('is the same for all who ask for its name, and empty at first', t => {
    const { kernel } = stage(t)
    const point = kernel.point('p')
    assert.equal(kernel.point('p'), point)
    assert.notEqual(kernel.point('q'), point)
    assert.deepEqual([point.name, point.size, [...point], point.get('x')], ['p', 0, [], undefined])
  })

  it('yields operations in order of registration, and knows their owners', async t => {
    const { kernel, file } = stage(t, ABC)
    const point = kernel.point<Say>('p')
    for (const name of ['c.ts', 'a.ts', 'b.ts']) await kernel.insmod(file(name))
    assert.equal(point.size, 3)
    assert.deepEqual(
      [...point].map(say => say()),
      ['c', 'a', 'b'],
    )
    const [first] = [...point]
    assert.deepEqual(point.owner(first!), { module: 'c', generation: 1, file: file('c.ts') })
    assert.equal(
      point.owner(() => 1),
      undefined,
    )
    await kernel.rmmod('c')
    assert.equal(point.owner(first!)?.module, 'c', 'also after it was withdrawn')
  })

  it('finds an entry by its key, name or id, by the name of a function, or by its module', async t => {
    const { kernel, file } = stage(t, {
      'tools.ts': `export function init(k) {
        k.register('p', { key: 'by-key', run: () => 1 })
        k.register('p', { name: 'by-name', run: () => 2 })
        k.register('p', { id: 'by-id', run: () => 3 })
      }`,
      'other.ts': `export const init = k => k.register('p', function named() { return 4 })`,
      'third.ts': `export const init = k => k.register('p', { run: () => 5 })`,
    })
    for (const name of ['tools.ts', 'other.ts', 'third.ts']) await kernel.insmod(file(name))
    const point = kernel.point<{ run(): number }>('p')
    assert.deepEqual(
      ['by-key', 'by-name', 'by-id', 'third', 'tools'].map(key => point.get(key)?.run()),
      [1, 2, 3, 5, 1],
    )
    assert.equal((point.get('named') as unknown as () => number)(), 4)
    assert.equal(point.get('nobody'), undefined)
  })

  it('shows what a function has for properties, until the image is cut off', async t => {
    const { kernel, file } = stage(t, {
      'tool.ts': `const run = Object.assign(x => x * run.factor, { factor: 2, description: 'multiplies', double() { return this.factor *= 2 } })
      export const init = k => k.register('p', run)`,
    })
    type Tool = ((x: number) => number) & { factor: number; description: string; double(): number }
    await kernel.insmod(file('tool.ts'))
    const [tool] = kernel.point<Tool>('p')
    assert.deepEqual([tool!.description, tool!.double(), tool!(3), tool!.factor], ['multiplies', 4, 12, 4])
    assert.deepEqual(Object.keys(tool!), ['factor', 'description', 'double'])
    await kernel.rmmod('tool', { reclaim: true })
    for (const late of [() => tool!.description, () => tool!.double(), () => tool!(1)])
      assert.throws(late, { code: 'ESTALE' })
  })

  it('calls a function that is frozen', async t => {
    const { kernel, file } = stage(t, {
      'frozen.ts': `export const init = k => k.register('p', Object.freeze(function say() { return 'frozen' }))`,
    })
    await kernel.insmod(file('frozen.ts'))
    assert.deepEqual(await callAll(kernel, 'p'), ['frozen'])
  })

  it('makes instances of a class', async t => {
    const { kernel, file } = stage(t, {
      'widget.ts': `class Widget { static kind = 'box'; constructor(readonly size: number) {} area() { return this.size ** 2 } }
      export const init = k => { k.register('p', Widget); k.register('p', { Widget }) }`,
    })
    type WidgetClass = { new (size: number): { area(): number }; kind: string }
    await kernel.insmod(file('widget.ts'))
    const [Widget, all] = [...kernel.point<unknown>('p')] as [WidgetClass, { Widget: WidgetClass }]
    assert.deepEqual([Widget.name, Widget.length, Widget.kind], ['Widget', 1, 'box'])
    assert.deepEqual([new Widget(3).area(), new all.Widget(4).area()], [9, 16])
    await kernel.rmmod('widget', { reclaim: true })
    assert.throws(() => new Widget(3), { code: 'ESTALE' })
  })

  it('tells of what is added and removed, each with its owner, and lets no listener stop it', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `export function init(k) {
        k.register('p', () => 1)
        const second = k.register('p', () => 2)
        k.register('q', () => second.unregister())
        k.register('r', () => k.register('p', () => 3))
      }`,
    })
    const point = kernel.point<Say>('p')
    const seen: string[] = []
    const note = (what: string) => (say: Say, owner: Owner) =>
      seen.push(`${what} ${say()} of ${owner.module}#${owner.generation}, ${point.size} now`)
    const added = note('add')
    point.on('add', () => {
      throw new Error('a listener that throws')
    })
    point.on('add', added).on('remove', note('remove'))
    await kernel.insmod(file('a.ts'))
    assert.deepEqual(seen.splice(0), ['add 1 of a#1, 2 now', 'add 2 of a#1, 2 now'])
    await callAll(kernel, 'q')
    await callAll(kernel, 'q')
    assert.deepEqual(seen.splice(0), ['remove 2 of a#1, 1 now'])
    for (const register of kernel.point<Say>('r')) register()
    assert.deepEqual(seen.splice(0), ['add 3 of a#1, 2 now'])
    await kernel.replace('a')
    assert.deepEqual(seen.splice(0), [
      'remove 1 of a#1, 2 now',
      'remove 3 of a#1, 2 now',
      'add 1 of a#2, 2 now',
      'add 2 of a#2, 2 now',
    ])
    point.off('add', added)
    await kernel.rmmod('a')
    assert.deepEqual(seen.splice(0), ['remove 1 of a#2, 1 now', 'remove 2 of a#2, 0 now'])
    assert.ok(logOf(kernel).some(line => line.includes(`a listener of the point 'p' threw: a listener that throws`)))
  })

  it('tells of each entry in order, also when a listener unloads the module that is just replaced', async t => {
    const entries = `export const init = k => { for (const i of [0, 1]) k.register('p', () => i) }`
    for (const when of ['live', 'going', 'add', 'remove'] as const) {
      const { kernel, file } = stage(t, { 'a.ts': entries })
      await kernel.insmod(file('a.ts'))
      const point = kernel.point<Say>('p')
      const known = new Set(point)
      point.on('add', say => known.add(say)).on('remove', say => assert.ok(known.delete(say), when))
      const removing: Promise<unknown>[] = []
      const remove = (): void => {
        if (kernel.lsmod()[0]?.state === 'LIVE') removing.push(kernel.rmmod('a'))
      }
      if (when === 'live' || when === 'going') kernel.on(when, remove)
      else point.on(when, remove)
      await kernel.replace('a')
      assert.equal(removing.length, 1)
      await removing[0]
      assert.deepEqual([known.size, point.size, loaded(kernel)], [0, 0, []], when)
    }
  })

  it('takes away what is unregistered, or whose module is unloaded, while listeners are told of it', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `const all = []
      export const init = k => {
        for (let i = 0; i < 4; i++) all.push(k.register('p', () => { for (const one of all.splice(0, 2)) one.unregister() }))
        k.register('q', () => k.register('late', () => 1))
      }`,
    })
    const point = kernel.point<Say>('p')
    let told = 0
    point.on('add', say => told++ === 0 && say())
    await kernel.insmod(file('a.ts'))
    assert.deepEqual([told, point.size], [3, 2])
    let removing: Promise<unknown> | undefined
    kernel.point('late').on('add', () => {
      removing = kernel.rmmod('a')
    })
    point.on('remove', say => say())
    await callAll(kernel, 'q')
    await removing
    assert.deepEqual([[...point], [...kernel.point('late')]], [[], []])
  })

  it('skips what is removed while a loop runs', async t => {
    const { kernel, file } = stage(t, ABC)
    for (const name of Object.keys(ABC)) await kernel.insmod(file(name))
    const met: unknown[] = []
    const removals: Promise<unknown>[] = []
    for (const say of kernel.point<Say>('p')) {
      met.push(say())
      if (met.length === 1) removals.push(kernel.rmmod('b'))
    }
    assert.deepEqual(met, ['a', 'c'])
    await Promise.all(removals)
  })

  it('lets a loop remove the module whose entry it has in hand, and meet all the others', async t => {
    const { kernel, file } = stage(t, ABC)
    for (const name of Object.keys(ABC)) await kernel.insmod(file(name))
    const point = kernel.point<Say>('p')
    const met: unknown[] = []
    const removals: Promise<unknown>[] = []
    for (const say of point) {
      met.push(say())
      removals.push(kernel.rmmod(point.owner(say)!.module))
    }
    assert.deepEqual(met, ['a', 'b', 'c'])
    await Promise.all(removals)
    assert.equal(point.size, 0)
  })

  it('meets the new version of what is replaced while a loop runs, and nothing twice', async t => {
    const { kernel, file, folder } = stage(t, ABC)
    for (const name of Object.keys(ABC)) await kernel.insmod(file(name))
    folder.write({
      'a.ts': `export const init = k => { k.register('p', () => 'a2'); k.register('p', () => 'another a2') }`,
      'b.ts': entry('b2'),
    })
    const met: unknown[] = []
    for (const say of kernel.point<Say>('p')) {
      met.push(say())
      if (met.length === 1) {
        await kernel.replace('a')
        await kernel.replace('b')
      }
    }
    assert.deepEqual(met, ['a', 'b2', 'c'])
    assert.deepEqual(await callAll(kernel, 'p'), ['a2', 'another a2', 'b2', 'c'])
  })
})

describe('registered operations', () => {
  it('that are an object keep their data, their methods and their own this', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `
        class Counter {
          #hits = 0
          label = 'counter'
          hit() { return ++this.#hits }
          get hits() { return this.#hits }
        }
        export const init = k => k.register('p', new Counter())`,
    })
    await kernel.insmod(file('a.ts'))
    const [counter] = [...kernel.point<{ hit(): number; readonly hits: number; readonly label: string }>('p')]
    counter!.hit()
    const { hit } = counter!
    assert.deepEqual([hit(), counter!.hits, counter!.label], [2, 2, 'counter'])
    assert.deepEqual(Object.keys(counter!), ['label'])
  })

  it('that are a function keep their name and length, pass this and arguments, and throw what they throw', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `export function init(k) {
        k.register('p', function add(a, b) { return [this?.base, a, b] })
        k.register('q', () => { throw new TypeError('as it is') })
      }`,
    })
    await kernel.insmod(file('a.ts'))
    const [add] = [...kernel.point<(...args: number[]) => unknown>('p')]
    assert.deepEqual([add!.name, add!.length], ['add', 2])
    assert.deepEqual(Reflect.apply(add!, { base: 1 }, [2, 3]), [1, 2, 3])
    const [throwing] = [...kernel.point<Say>('q')]
    assert.throws(() => throwing!(), { name: 'TypeError', message: 'as it is' })
  })

  it('that are functions get as many arguments as the host gives, whatever their length and name', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `
        const names = ['none', 'one', 'two', 'three', 'four', 'five', '', '__proto__', 'two words']
        const of = (name, length) => {
          const parameters = Array.from({ length }, (_, n) => 'p' + n).join()
          const body = 'return function (' + parameters + ') { return [this?.base, ...arguments] }'
          return Object.defineProperty(new Function(body)(), 'name', { value: name, configurable: true })
        }
        export function init(k) {
          for (const [length, name] of names.entries()) k.register('p', of(name, length))
          k.register('p', class { static name = 1 })
        }`,
    })
    await kernel.insmod(file('a.ts'))
    const all = [...kernel.point<(...args: unknown[]) => unknown>('p')]
    assert.deepEqual(
      all.map(({ name, length }) => [name, length]),
      [...['none', 'one', 'two', 'three', 'four', 'five', '', '__proto__', 'two words'].entries()]
        .map(([length, name]): [unknown, number] => [name, length])
        .concat([[1, 0]]),
    )
    for (const entry of all.slice(0, -1))
      for (const count of [0, 1, 3, 9]) {
        const args = Array.from({ length: count }, (_, n) => n)
        assert.deepEqual(Reflect.apply(entry, { base: 'this' }, args), ['this', ...args])
        assert.deepEqual(entry(...args), [undefined, ...args])
      }
  })

  it('must be operations, at a point that has a name', async t => {
    for (const [call, message] of [
      [`k.register('p')`, /register\('p'\) needs a function or an object of functions, got undefined/],
      [`k.register('p', null)`, /got null/],
      [`k.register('p', 'text')`, /got string/],
      [`k.register('', () => {})`, /needs the name of an extension point/],
      [`k.register(undefined, () => {})`, /needs the name of an extension point/],
      [`k.use({})`, /use\(\) needs something with Symbol\.dispose or Symbol\.asyncDispose/],
      [`k.use(null)`, /use\(\) needs something with Symbol\.dispose or Symbol\.asyncDispose/],
      [`k.defer('text')`, /defer\(\) needs a function, got string/],
    ] as const) {
      const { kernel, file } = stage(t, { 'a.ts': `export const init = k => { ${call} }` })
      await refusal(kernel.insmod(file('a.ts')), 'EINVAL', 'EINVAL', message)
      assert.deepEqual(kernel.lsmod(), [])
    }
  })

  it('cannot be added by a module that is being unloaded, or is gone', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `
        const late = k => { try { k.register('p', () => 1); probe.say('registered') } catch (error) { probe.say(error.code + ' ' + error.message.split(' at ')[0]) } }
        export const init = k => k.register('q', async () => { await probe.door('call'); late(k) })
        export const exit = late`,
    })
    await kernel.insmod(file('a.ts'))
    const call = [...kernel.point<() => Promise<void>>('q')][0]!()
    await kernel.rmmod('a', { grace: 0 })
    probe.open('call')
    await call
    const refused = `ESTALE a#1: register('p') is gone: the image was removed`
    assert.deepEqual(probe.said, [refused, refused])
    assert.equal(kernel.point('p').size, 0)
  })

  it('are withdrawn with using, as any disposable', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `export const init = k => {
        const registration = k.register('p', () => 1)
        k.register('q', () => { registration[Symbol.dispose](); return registration.point })
      }`,
    })
    await kernel.insmod(file('a.ts'))
    assert.deepEqual(await callAll(kernel, 'q'), ['p'])
    assert.equal(kernel.point('p').size, 0)
  })

  it('that were unregistered during init are never seen', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `export const init = k => { k.register('p', () => 1).unregister(); k.register('p', () => 2) }`,
    })
    const seen: unknown[] = []
    kernel.point<Say>('p').on('add', say => seen.push(say()))
    await kernel.insmod(file('a.ts'))
    assert.deepEqual(seen, [2])
  })
})
