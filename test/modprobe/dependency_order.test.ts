import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { insertionOrder, type ProbeSource, removalOrder, type Softdeps } from '#dist/modprobe/dependency_order.js'
import { DependencyLoopError, needsOf, sortDependencies } from '#dist/modprobe/sort_dependencies.js'

type Graph = Readonly<Record<string, readonly string[]>>

function source(graph: Graph, softdeps: Readonly<Record<string, Partial<Softdeps>>> = {}): ProbeSource {
  const direct = new Map(Object.entries(graph))
  return {
    needs: module => needsOf(module, direct),
    softdeps: module => softdeps[module] && { pre: [], post: [], ...softdeps[module] },
    lookup: name => (name in graph ? [{ module: name, alias: undefined }] : []),
  }
}

function inserted(name: string, from: ProbeSource): string[] {
  return insertionOrder({ module: name, alias: undefined }, from).map(({ module }) => module)
}

const bridge: Graph = { llc: [], stp: ['llc'], bridge: ['stp', 'llc'], mrp: [], garp: ['stp', 'llc'] }

/** Graphs without loops: a module imports only such as have a smaller number. */
const acyclic = fc
  .array(fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), { minLength: 1, maxLength: 30 })
  .map(
    (rows): Graph =>
      Object.fromEntries(rows.map((row, i) => [`m${i}`, row.filter(needed => needed < i).map(needed => `m${needed}`)])),
  )

describe('the order of insertion', () => {
  it('is dependencies first', () => {
    deepEqual(inserted('bridge', source(bridge)), ['llc', 'stp', 'bridge'])
  })

  it('has a softdep before or after the module, with what it needs itself', () => {
    const from = source({ ...bridge, loop: [], dummy: [] }, { loop: { pre: ['garp', 'nosuch'], post: ['dummy'] } })
    deepEqual(inserted('loop', from), ['llc', 'stp', 'garp', 'loop', 'dummy'])
  })

  it('marks as required what the module cannot do without', () => {
    const from = source({ ...bridge, loop: ['mrp'] }, { loop: { pre: ['stp'] } })
    deepEqual(
      insertionOrder({ module: 'loop', alias: undefined }, from).map(({ module, required }) => [module, required]),
      [
        ['mrp', true],
        ['llc', false],
        ['stp', false],
        ['loop', true],
      ],
    )
  })

  it('lets softdeps form a loop', () => {
    const from = source({ loop: [], dummy: [] }, { loop: { pre: ['dummy'] }, dummy: { pre: ['loop'] } })
    deepEqual(inserted('loop', from), ['dummy', 'loop'])
    deepEqual(inserted('dummy', from), ['loop', 'dummy'])
  })

  it('has each module after all that it needs, whatever the graph and the softdeps', () => {
    const soft = fc.dictionary(
      fc.constantFrom(...Array.from({ length: 30 }, (_, i) => `m${i}`)),
      fc.record({
        pre: fc.array(
          fc.nat({ max: 29 }).map(i => `m${i}`),
          { maxLength: 2 },
        ),
        post: fc.array(
          fc.nat({ max: 29 }).map(i => `m${i}`),
          { maxLength: 2 },
        ),
      }),
    )
    fc.assert(
      fc.property(acyclic, soft, (graph, softdeps) => {
        const order = inserted(Object.keys(graph).at(-1)!, source(graph, softdeps))
        equal(new Set(order).size, order.length)
        for (const [place, module] of order.entries()) {
          for (const needed of graph[module]!) equal(order.indexOf(needed) < place && order.includes(needed), true)
        }
      }),
    )
  })
})

describe('loops', () => {
  const looped: Graph = { a: ['b'], b: ['c'], c: ['a', 'low'], d: ['a'], low: [], e: ['low'] }

  it('are found with their path, and leave the other modules alone', () => {
    const { needs, loops } = sortDependencies(new Map(Object.entries(looped)))
    deepEqual(loops, [['a', 'b', 'c', 'a']])
    deepEqual(Object.fromEntries(needs), { low: [], e: ['low'] })
  })

  it('are an error for a module that needs one', () => {
    const loop = (error: unknown): boolean =>
      error instanceof DependencyLoopError &&
      error.message === 'circular dependency: a -> b -> c -> a' &&
      error.path.length === 4
    throws(() => inserted('d', source(looped)), loop)
    deepEqual(inserted('e', source(looped)), ['low', 'e'])
  })

  it('may be of one module', () => {
    deepEqual(sortDependencies(new Map([['self', ['self']]])).loops, [['self', 'self']])
  })

  it('are found if and only if the graph has some', () => {
    const graph = fc.array(fc.array(fc.nat({ max: 11 }), { maxLength: 2 }), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(graph, rows => {
        const direct = new Map(rows.map((row, i) => [`m${i}`, row.map(needed => `m${needed}`)]))
        const { needs, loops } = sortDependencies(direct)
        for (const loop of loops) {
          equal(loop[0], loop.at(-1))
          for (const [i, module] of loop.slice(1).entries()) equal(direct.get(loop[i]!)!.includes(module), true)
        }
        const inLoop = (module: string): boolean => {
          const seen = new Set(direct.get(module))
          for (const needed of seen) for (const further of direct.get(needed)!) seen.add(further)
          return seen.has(module)
        }
        const members = [...direct.keys()].filter(inLoop)
        equal(loops.length > 0, members.length > 0)
        for (const member of members) equal(needs.has(member), false)
      }),
    )
  })
})

describe('the order of removal', () => {
  const holders: Graph = { llc: ['stp', 'bridge'], stp: ['bridge'], bridge: [] }
  const loaded = { has: (module: string) => module in holders, holders: (module: string) => holders[module]! }
  const remove = (name: string): string[] => removalOrder({ module: name, alias: undefined }, source(bridge), loaded)

  it('takes out dependents first, and all that nobody else holds', () => {
    deepEqual(remove('bridge'), ['bridge', 'stp', 'llc'])
  })

  it('is empty for a module that others hold', () => {
    deepEqual(remove('stp'), [])
  })

  it('keeps what another module needs', () => {
    const shared: Graph = { ...holders, stp: ['bridge', 'garp'], llc: ['stp', 'bridge', 'garp'], garp: [] }
    const loaded = { has: (module: string) => module in shared, holders: (module: string) => shared[module]! }
    deepEqual(removalOrder({ module: 'bridge', alias: undefined }, source(bridge), loaded), ['bridge'])
  })
})
