import fc from 'fast-check'
import type { Files } from './image_harness.ts'
import {
  AFTER_LINKS,
  AFTER_STATEMENTS,
  type Item,
  LATE,
  ModuleText,
  NAMES,
  type RenderOptions,
  type Surroundings,
} from './module_text.ts'

interface FileModel {
  readonly kind: number
  readonly items: readonly Item[]
}

interface GraphModel {
  readonly files: readonly FileModel[]
  /** In which order the files are imported, each when all that came before is at rest. */
  readonly order: readonly number[]
}

const small = fc.nat({ max: 11 })
const item: fc.Arbitrary<Item> = fc.tuple(fc.nat({ max: 59 }), small, small, small, small)
const file: fc.Arbitrary<FileModel> = fc.record({
  kind: fc.nat({ max: 11 }),
  items: fc.array(item, { maxLength: 9 }),
})

export const graphs: fc.Arbitrary<GraphModel> = fc.record({
  files: fc.array(file, { minLength: 2, maxLength: 7 }),
  order: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 4 }),
})

type Kind = 'mjs' | 'cjs' | 'js' | 'json'

function kindsOf(graph: GraphModel, options: RenderOptions): Kind[] {
  return graph.files.map(({ kind }) => {
    if (!options.commonJs) return 'mjs'
    if (kind < 7) return 'mjs'
    if (kind < 10) return 'cjs'
    return kind < 11 ? 'js' : 'json'
  })
}

const PACKAGE = { name: 'self', exports: { './*': './*' }, imports: { '#*': './*' } }

/** The text of each file, and one that imports them in order. */
export function render(graph: GraphModel, options: RenderOptions): Files | undefined {
  const kinds = kindsOf(graph, options)
  const draft = new Rendering(graph, kinds, options, () => NAMES)
  for (const index of graph.files.keys()) draft.file(index)
  if (draft.hasNestedAmbiguity) return undefined
  const rendering = new Rendering(
    graph,
    kinds,
    options,
    index => draft.allNames(index),
    index => draft.ownNames(index),
  )
  const files: Record<string, string> = { 'package.json': JSON.stringify(PACKAGE) }
  for (const [index, kind] of kinds.entries())
    files[rendering.name(index)] = kind === 'json' ? `{"j":${index}}` : rendering.file(index)
  const order = graph.order.map(n => n % kinds.length)
  files['main.mjs'] = [...order, ...kinds.keys()]
    .map(
      n =>
        `await t.load('main import f${n}', () => import('./${rendering.name(n)}'${kinds[n] === 'json' ? ", { with: { type: 'json' } }" : ''})).then(ns => t.dump('main f${n}', () => ns))`,
    )
    .join('\n')
  return files
}

/** The texts of the files of one graph. It is made twice: which names a file can import is known when all have said what they export. */
class Rendering implements Surroundings {
  readonly #graph: GraphModel
  readonly #kinds: readonly Kind[]
  readonly options: RenderOptions
  readonly namesOf: (index: number) => readonly string[]
  readonly ownNamesOf: (index: number) => readonly string[]
  readonly #names: string[][] = []
  readonly #stars: number[][] = []
  readonly #reach: Set<number>[]
  /** Files that import dynamically: they wait for each other, so none may be reached by way of another. */
  readonly #late: Set<number>
  /** V8 ends the process where a cycle that awaits has failed and a part of it is imported. */
  readonly #mayThrow: readonly boolean[]

  constructor(
    graph: GraphModel,
    kinds: readonly Kind[],
    options: RenderOptions,
    namesOf: (index: number) => readonly string[],
    ownNamesOf = namesOf,
  ) {
    this.#graph = graph
    this.ownNamesOf = ownNamesOf
    this.#kinds = kinds
    this.options = options
    this.namesOf = namesOf
    const count = kinds.length
    this.#late = new Set(
      graph.files.flatMap(({ items }, index) =>
        options.awaits && isModule(kinds[index]!) && items.some(([op]) => op === LATE) ? [index] : [],
      ),
    )
    this.#reach = graph.files.map((_file, index) => {
      const reached = new Set([index])
      for (const at of reached)
        if (kinds[at] !== 'json')
          for (const [op, a] of graph.files[at]!.items)
            if (op < AFTER_LINKS || op >= AFTER_STATEMENTS || !isModule(kinds[at]!)) reached.add(a % count)
      return reached
    })
    const cyclic = (index: number): boolean =>
      graph.files[index]!.items.some(
        ([op, a]) => (op < AFTER_LINKS || op >= LATE) && this.#reach[a % count]!.has(index),
      )
    const isImported = (index: number): boolean =>
      graph.files.some((_file, other) => isModule(kinds[other]!) && this.#reach[other]!.has(index))
    this.#mayThrow = graph.files.map((_file, index) =>
      !isModule(kinds[index]!)
        ? !isImported(index)
        : !options.awaits || ![...this.#reach.keys()].some(other => cyclic(other) && this.#reach[other]!.has(index)),
    )
  }

  get count(): number {
    return this.#kinds.length
  }

  isJson(index: number): boolean {
    return this.#kinds[index] === 'json'
  }

  reaches(from: number, to: number): boolean {
    return this.#reach[from]!.has(to)
  }

  mayThrow(index: number): boolean {
    return this.#mayThrow[index]!
  }

  mayImportLate(index: number, to: number): boolean {
    return this.#late.has(index) && ![...this.#reach[to]!].some(reached => this.#late.has(reached))
  }

  name(index: number): string {
    return `f${index}.${this.#kinds[index]!}`
  }

  ownNames(index: number): readonly string[] {
    return this.#kinds[index] === 'json' ? ['default'] : this.#names[index]!
  }

  /** Also by way of stars. */
  allNames(index: number): readonly string[] {
    const names = new Set(this.#names[index])
    const seen = new Set([index])
    for (const at of seen)
      for (const star of this.#stars[at] ?? []) {
        seen.add(star)
        for (const name of this.#names[star] ?? []) if (name !== 'default') names.add(name)
      }
    if (this.#kinds[index] === 'json') return ['default']
    return [...names]
  }

  /** V8 forgets that a name is ambiguous where it is looked for by one star more. */
  get hasNestedAmbiguity(): boolean {
    const conflicts = (index: number): boolean => {
      const all = [...new Set(this.#stars[index])].flatMap(star =>
        this.allNames(star).filter(name => name !== 'default' && !this.#names[index]!.includes(name)),
      )
      return new Set(all).size < all.length
    }
    return this.#stars.some(stars => stars?.some(conflicts))
  }

  file(index: number): string {
    return isModule(this.#kinds[index]!) ? this.#module(index) : this.#common(index)
  }

  specifier(index: number, style: number): string {
    const name = this.name(index)
    return [`./${name}`, `./${name}`, `./${name}`, `self/${name}`, `#${name}`, `././${name}`, `./%66${name.slice(1)}`][
      style % 7
    ]!
  }

  #module(index: number): string {
    const text = new ModuleText(index, this)
    const written = text.write(this.#graph.files[index]!.items)
    this.#names[index] = [...text.exported]
    this.#stars[index] = text.stars
    return written
  }

  #common(index: number): string {
    const { items } = this.#graph.files[index]!
    const count = this.#kinds.length
    const me = `f${index}`
    const names = new Set(['default'])
    const lines = [`t.log('${me} begins')`]
    for (const [at, [op, a, b, c, d]] of items.entries()) {
      const to = a % count
      // What was refused for a cycle, Node's loader cannot import any more.
      if (isModule(this.#kinds[to]!) && this.#reach[to]!.has(index)) continue
      const name = NAMES[c % NAMES.length]!.replace(' ', '_')
      const local = `${'lmnopqrst'[at]}${index}`
      const value = [
        `'${me} ${local}'`,
        `() => ({})`,
        'undefined',
        `function () { exports.${name} = 'called'; module.exports.w = '${me} called' }`,
      ][b % 4]!
      const target = [
        `./${this.name(to)}`,
        `./${this.name(to)}`,
        `self/${this.name(to)}`,
        `#${this.name(to)}`,
        this.name(to).endsWith('js') && !/mjs$|cjs$/.test(this.name(to)) ? `./f${to}` : `./${this.name(to)}`,
      ][d % 5]!
      if (op < 18)
        lines.push(
          c % 3 === 0
            ? `t.dump('${me} require f${to}', () => require('${target}'))`
            : `const ${local} = t.get('${me} require f${to}', () => require('${target}'))`,
        )
      else if (op < 20 && this.#mayThrow[index])
        lines.push(`const ${local} = require('${target}'); t.get('${me} f${to}', () => ${local})`)
      else if (op < 20) lines.push(`t.get('${me} resolve', () => require.resolve('${target}'))`)
      else if (op < 28) {
        names.add(name)
        lines.push(`${['exports', 'module.exports', 'exports', 'this'][a % 4]}.${name} = ${value}`)
      } else if (op < 30) {
        names.add('x').add('y')
        lines.push(`module.exports = { x: '${me} x', y: ${value} }`)
      } else if (op < 32)
        lines.push(
          `module.exports = ${[value === 'undefined' ? '{ }' : value, 'function () { }', 'true', '5', `Object.create({ x: 1 })`][a % 5]}`,
        )
      else if (op < 34)
        lines.push(`Object.defineProperty(exports, '__esModule', { value: true }); exports.default = ${value}`)
      else if (op < 35) lines.push(`exports.__esModule = ${b % 2 === 0}`)
      else if (op < 37 && !isModule(this.#kinds[to]!)) {
        names.add(`${local}g`)
        lines.push(
          `Object.defineProperty(exports, '${local}g', { enumerable: true, get: function () { return ${local}r.x } }); var ${local}r = require('${target}')`,
        )
      } else if (op >= 37 && op < 40 && !isModule(this.#kinds[to]!)) {
        for (const one of this.namesOf(to)) names.add(one)
        lines.push(`module.exports = require('${target}')`)
      } else if (op >= 40 && op < 41) lines.push(`exports = { lost: true }`)
      else if (op < 43)
        lines.push(
          `t.get('${me} this', () => [this === module.exports, this === exports, arguments.length, arguments[1] === require, typeof module, typeof undeclared, typeof __filename].join())`,
        )
      else if (op < 45)
        lines.push(
          `t.get('${me} module', () => [module.loaded, module.children.length, module.id === __filename, module.filename === __filename, Object.keys(module), require.main === module].join())`,
        )
      else if (op < 46) lines.push(`t.get('${me} resolve', () => require.resolve('${target}'))`)
      else if (op < 49 && !this.#reach[to]!.has(index))
        lines.push(`t.get('${me} forgets', () => delete require.cache[require.resolve('${target}')])`)
      else if (op < 50) lines.push(`t.get('${me} arguments', () => arguments.length)`)
      else if (op < 51) {
        if (b % 3 === 0 && this.#mayThrow[index]) lines.push(`if (t) throw new Error('own ${me}')`)
      } else if (op < 54) lines.push(`t.call('${me} calls', () => module.exports.${name})`)
      else if (op < 56)
        lines.push(`t.get('${me} strict', () => { implicit${index} = 1; return delete globalThis.implicit${index} })`)
    }
    lines.push(`t.log('${me} ends')`)
    this.#names[index] = [...names]
    return lines.join('\n')
  }
}

const isModule = (kind: Kind): boolean => kind === 'mjs'
