import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Analysis, analyse } from '#dist/kernel/kmemleak/analyse.js'
import { HeapBuilder } from './heap_builder.ts'

/** A heap with a host's file, an image `hello#3` of one file with one function, and nothing that holds it. */
class Program {
  readonly heap = new HeapBuilder()
  readonly native = this.heap.node('hidden', 'system / NativeContext')
  readonly global = this.heap.node('object', 'global')
  readonly #host = this.#script('file:///app/host.mjs')
  readonly hostScope = this.#topLevel()
  readonly image = this.heap.node('object', 'FileImage', 100)
  readonly handler: number
  readonly #imageScope: number
  readonly #imageScript = this.#script('file:///app/hello.ts')
  readonly #prototype: number

  constructor() {
    const { heap } = this
    heap.edge(heap.root, 'shortcut', '1', this.native)
    heap.edge(this.native, 'internal', 'extension', this.global)
    heap.edge(this.image, 'property', 'label', heap.node('string', 'hello#3'))
    const record = heap.node('object', 'SourceModule', 20)
    heap.edge(record, 'property', 'owner', this.image)
    this.#imageScope = heap.node('object', 'system / Context', 40)
    heap.edge(this.#imageScope, 'context', 'ìfile', record)
    this.handler = this.imageFunction('handler')
    this.#prototype = this.#class('Widget', this.#imageScope, this.#imageScript)
    // The image has its own functions too.
    heap.edge(record, 'property', '#values', this.handler)
    heap.edge(this.keep(this.hostFunction('main')), 'internal', 'context', this.hostScope)
  }

  imageFunction(name: string): number {
    return this.#function(name, this.#imageScope, this.#imageScript, 10)
  }

  hostFunction(name: string, scope = this.hostScope): number {
    return this.#function(name, scope, this.#host, 5)
  }

  #function(name: string, scope: number, script: number, line: number): number {
    const { heap } = this
    const closure = heap.node('closure', name, 64)
    const shared = heap.node('code', name)
    heap.edge(closure, 'internal', 'shared', shared)
    heap.edge(closure, 'internal', 'context', scope)
    heap.edge(shared, 'internal', 'script', script)
    heap.locate(closure, script, line - 1, 2)
    return closure
  }

  #script(url: string): number {
    const script = this.heap.node('code', url)
    this.heap.edge(script, 'internal', 'name', this.heap.node('string', url))
    return script
  }

  #topLevel(): number {
    const scope = this.heap.node('object', 'system / Context', 40)
    this.heap.edge(scope, 'internal', 'previous', this.native)
    this.heap.edge(scope, 'internal', 'extension', this.heap.node('hidden', 'system / SourceTextModule'))
    return scope
  }

  /** Keeps something for no reason that anybody looks for. */
  keep(node: number): number {
    const handles = this.heap.node('synthetic', '(Builtins)')
    this.heap.edge(this.heap.root, 'element', 9, handles)
    this.heap.edge(handles, 'internal', '1', node)
    return node
  }

  variable(name: string, value: number): void {
    this.heap.edge(this.hostScope, 'context', name, value)
  }

  object(className: string, ...properties: [string, number][]): number {
    const object = this.heap.node('object', className, 32)
    for (const [name, value] of properties) this.heap.edge(object, 'property', name, value)
    return object
  }

  instance(): number {
    return this.object('Widget', ['__proto__', this.#prototype])
  }

  /** Another image, with a class. */
  imageBeside(label: string): { readonly scope: number; readonly prototype: number; readonly image: number } {
    const { heap } = this
    const image = heap.node('object', 'FileImage')
    heap.edge(image, 'property', 'label', heap.node('string', label))
    const record = heap.node('object', 'SourceModule')
    heap.edge(record, 'property', 'owner', image)
    const scope = heap.node('object', 'system / Context', 40)
    heap.edge(scope, 'context', 'ìfile', record)
    return { scope, image, prototype: this.#class('Peer', scope, this.#script('file:///app/peer.ts')) }
  }

  #class(name: string, scope: number, script: number): number {
    const made = this.#function(name, scope, script, 20)
    const prototype = this.object(name, ['constructor', made])
    this.heap.edge(made, 'property', 'prototype', prototype)
    return prototype
  }

  array(...items: number[]): number {
    const array = this.heap.node('object', 'Array')
    for (const [index, item] of items.entries()) this.heap.edge(array, 'element', index, item)
    return array
  }

  analyse(): Analysis {
    return analyse(this.heap.snapshot(), { label: 'hello#3', ownFiles: 'file:///outlive/dist/' })
  }
}

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

const named = (index: number, node: number): [string, number] => [`p${index}`, node]

/** How often an analysis looks at an edge or puts something into a Set. */
function stepsOf(fill: (program: Program) => void): number {
  const program = new Program()
  fill(program)
  const snapshot = program.heap.snapshot()
  let steps = 0
  for (const column of ['edgeName', 'edgeTo', 'edgeKind'] as const) {
    const counted = new Proxy(snapshot[column], {
      get(target, key) {
        steps++
        return Reflect.get(target, key) as unknown
      },
    })
    Object.defineProperty(snapshot, column, { value: counted })
  }
  const add = Set.prototype.add
  Set.prototype.add = function (value) {
    steps++
    return add.call(this, value)
  }
  try {
    analyse(snapshot, { label: 'hello#3', ownFiles: 'file:///outlive/dist/' })
  } finally {
    Set.prototype.add = add
  }
  return steps
}

const texts = ({ holders }: Analysis): string[] => holders.map(holder => holder.text)

describe('analyse', () => {
  it('finds no image that is not there', () => {
    const analysis = analyse(new Program().heap.snapshot(), { label: 'hello#4', ownFiles: 'file:///outlive/dist/' })
    assert.deepEqual(analysis, { found: false, retainedBytes: 0, holders: [], internal: [] })
  })

  it('names every holder, not only the nearest', () => {
    const program = new Program()
    program.variable('last', program.handler)
    program.variable('routes', program.object('Object', ['hello', program.handler]))
    program.heap.edge(program.global, 'property', 'hook', program.handler)
    assert.deepEqual(texts(program.analyse()), [
      'global hook -> closure handler, /app/hello.ts:10:3',
      'variable last in /app/host.mjs -> closure handler, /app/hello.ts:10:3',
      'variable routes.hello in /app/host.mjs -> closure handler, /app/hello.ts:10:3',
    ])
  })

  it('names what has a name, and once, however many ways lead to it', () => {
    const program = new Program()
    const registry = program.object('Registry', ['hello', program.handler])
    program.variable('registry', registry)
    program.variable('sessions', program.array(program.object('Session', ['registry', registry])))
    program.variable('again', registry)
    const [holder, ...others] = program.analyse().holders
    assert.equal(
      holder?.text,
      'variable registry (Registry).hello in /app/host.mjs -> closure handler, /app/hello.ts:10:3',
    )
    assert.deepEqual(holder.also, ['variable again in /app/host.mjs', 'variable sessions in /app/host.mjs'])
    assert.deepEqual(others, [])
  })

  it('counts what is alike in one collection, and keeps collections apart', () => {
    const program = new Program()
    const orders = Array.from({ length: 50 }, () => program.object('Order', ['total', program.imageFunction('total')]))
    program.variable('orders', program.array(...orders))
    program.variable('others', program.array(program.object('Order', ['total', program.imageFunction('total')])))
    const { holders } = program.analyse()
    assert.deepEqual(
      holders.map(({ count, text }) => `${count} ${text.split(' ')[1]}`),
      ['50 orders[0]', '1 others[0]'],
    )
  })

  it('goes on from a variable of a call to what keeps the call', () => {
    const program = new Program()
    const { heap } = program
    const scope = heap.node('object', 'system / Context', 40)
    heap.edge(scope, 'internal', 'previous', program.hostScope)
    heap.edge(scope, 'context', 'task', program.handler)
    program.variable('run', program.hostFunction('run', scope))
    assert.deepEqual(texts(program.analyse()), [
      'variable run in /app/host.mjs -> variable task in /app/host.mjs -> closure handler, /app/hello.ts:10:3',
    ])
  })

  it('stops at the variable of a call that many things keep', () => {
    const program = new Program()
    const { heap } = program
    const scope = heap.node('object', 'system / Context', 40)
    heap.edge(scope, 'internal', 'previous', program.hostScope)
    heap.edge(scope, 'context', 'task', program.handler)
    for (let index = 0; index < 9; index++) program.variable(`run${index}`, program.hostFunction('run', scope))
    assert.deepEqual(texts(program.analyse()), [
      'variable task in /app/host.mjs -> closure handler, /app/hello.ts:10:3',
    ])
  })

  it('ignores weak holders, and entries of WeakMaps whose key is the image or is dead', () => {
    const program = new Program()
    const { heap } = program
    program.variable('reference', program.object('WeakRef'))
    heap.edge(heap.root, 'weak', '5', program.handler)
    const table = heap.node('array', '')
    const weakMap = program.object('WeakMap')
    heap.edge(weakMap, 'internal', 'table', table)
    program.variable('cache', weakMap)
    heap.entry(table, program.object('Dead'), program.handler)
    heap.entry(table, program.handler, program.imageFunction('other'))
    assert.deepEqual(texts(program.analyse()), [])
    const session = program.object('Session')
    program.variable('session', session)
    heap.entry(table, session, program.handler)
    assert.deepEqual(texts(program.analyse()), [
      'variable cache (WeakMap) in /app/host.mjs -> value of key Session -> closure handler, /app/hello.ts:10:3',
    ])
  })

  it('does not go round in circles', () => {
    const program = new Program()
    const [a, b] = [program.object('A'), program.object('B', ['handler', program.handler])]
    program.heap.edge(a, 'property', 'next', b)
    program.heap.edge(b, 'property', 'next', a)
    assert.deepEqual(texts(program.analyse()), [])
    program.variable('ring', a)
    assert.deepEqual(texts(program.analyse()), [
      'variable ring (A).next (B).handler in /app/host.mjs -> closure handler, /app/hello.ts:10:3',
    ])
  })

  it('tells instances by their class, and what else they hold counts', () => {
    const program = new Program()
    const { heap } = program
    const widget = program.imageFunction('Widget')
    const prototype = program.object('Object', ['constructor', widget])
    heap.edge(widget, 'property', 'prototype', prototype)
    const instance = program.object('Widget', ['__proto__', prototype], ['picture', heap.node('array', 'data', 5000)])
    program.variable('shown', program.array(instance))
    const analysis = program.analyse()
    assert.deepEqual(texts(analysis), ['variable shown[0] in /app/host.mjs -> instance of Widget, /app/hello.ts:10:3'])
    assert.ok(analysis.retainedBytes > 5000 && analysis.retainedBytes < 6000, String(analysis.retainedBytes))
  })

  it('keeps apart what only V8 and the call stack hold', () => {
    const program = new Program()
    const { heap } = program
    const stack = heap.node('synthetic', '(Stack roots)')
    heap.edge(heap.root, 'element', 3, stack)
    heap.edge(stack, 'internal', '1', program.handler)
    const vector = heap.node('code', 'system / FeedbackVector')
    heap.edge(program.keep(program.hostFunction('busy')), 'internal', 'feedback', vector)
    heap.edge(vector, 'internal', '4', program.handler)
    const { holders, internal } = program.analyse()
    assert.deepEqual(holders, [])
    assert.deepEqual(internal.map(({ kind }) => kind).sort(), ['engine', 'stack'])
  })

  it('keeps apart what the kernel holds', () => {
    const program = new Program()
    const core = program.object('Object', ['modules', program.object('Map', ['hello', program.image])])
    program.variable('kernel', program.object('Kernel', ['#core', core]))
    const { holders, internal } = program.analyse()
    assert.deepEqual(holders, [])
    assert.match(internal.map(({ text }) => text).join(), /^Outlive: the module list, where it is loaded/)
  })

  it('tells two images of one label, and the state of another module', () => {
    const program = new Program()
    const { heap } = program
    const other = heap.node('object', 'FileImage')
    heap.edge(other, 'property', 'label', heap.node('string', 'api#1'))
    const record = heap.node('object', 'SourceModule')
    heap.edge(record, 'property', 'owner', other)
    const file = heap.node('object', 'system / Context', 40)
    heap.edge(file, 'context', 'ìfile', record)
    const scope = heap.node('object', 'system / Context', 40)
    heap.edge(scope, 'internal', 'previous', file)
    heap.edge(scope, 'context', 'cache', program.handler)
    heap.edge(program.global, 'property', 'api', program.hostFunction('api', scope))
    assert.deepEqual(texts(program.analyse()), ["api#1's variable cache -> closure handler, /app/hello.ts:10:3"])
  })

  it('tells of a removed image that holds another what keeps that one', () => {
    const program = new Program()
    const { heap } = program
    const first = program.imageBeside('hello#1')
    const state = program.object('Object', ['is', heap.node('string', 'GONE')])
    const environment = program.object('Object', ['#module', program.object('Module', ['#state', state])])
    heap.edge(first.image, 'property', '#environment', environment)
    const emitter = program.object('Emitter', ['__proto__', first.prototype])
    heap.edge(emitter, 'property', 'listeners', program.array(program.handler))
    heap.edge(program.global, 'property', '<symbol exits>', emitter)
    const [holder, ...others] = program.analyse().holders
    assert.equal(
      holder?.text,
      "global [Symbol(exits)] -> hello#1's Emitter.listeners[0] -> closure handler, /app/hello.ts:10:3",
    )
    assert.deepEqual(
      holder.path.map(({ edge }) => edge),
      ['[Symbol(exits)]', 'listeners', '[0]'],
    )
    assert.deepEqual(others, [])
  })

  it('takes steps in proportion to the holders, however they are gathered', () => {
    const heaps: Record<string, (program: Program, count: number) => void> = {
      'instances in an array': (program, count) =>
        program.variable('all', program.array(...many(count, () => program.instance()))),
      'instances in an object': (program, count) =>
        program.variable('all', program.object('Object', ...many(count, index => named(index, program.instance())))),
      'instances that instances of another image have': (program, count) => {
        const other = program.imageBeside('api#1')
        const peers = many(count, () => {
          const peer = program.object('Peer', ['__proto__', other.prototype])
          program.heap.edge(peer, 'property', 'item', program.instance())
          return peer
        })
        program.variable('peers', program.array(...peers))
      },
      'calls of a function': (program, count) => {
        const info = program.heap.node('code', 'system / ScopeInfo')
        for (let index = 0; index < count; index++) {
          const scope = program.heap.node('object', 'system / Context', 40)
          program.heap.edge(scope, 'internal', 'scope_info', info)
          program.heap.edge(scope, 'internal', 'previous', program.hostScope)
          program.heap.edge(scope, 'context', 'handler', program.handler)
          program.variable(`call${index}`, program.hostFunction('call', scope))
        }
      },
      'timers of one list': (program, count) => {
        const list = program.keep(program.object('TimersList'))
        let last = list
        for (let index = 0; index < count; index++) {
          const timer = program.object('Timeout', ['_idlePrev', last], ['_onTimeout', program.handler])
          program.heap.edge(last, 'property', '_idleNext', timer)
          last = timer
        }
      },
    }
    for (const [name, fill] of Object.entries(heaps)) {
      const steps = [500, 2000].map(count => stepsOf(program => fill(program, count)))
      assert.ok(steps[1]! / steps[0]! < 5, `${name}: ${steps.join(' steps, then ')}`)
    }
  })

  it('shows the bare path when nothing on it has a name', () => {
    const program = new Program()
    const { heap } = program
    heap.edge(program.keep(heap.node('object shape', 'system / Map')), 'internal', 'constructor', program.handler)
    const [holder] = program.analyse().holders
    assert.equal(holder?.kind, 'unknown')
    assert.deepEqual(
      holder.path.map(({ node }) => node),
      ['(Builtins)', 'Map', 'function handler'],
    )
  })
})
