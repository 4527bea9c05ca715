import fc from 'fast-check'
import type { Files } from './image_harness.ts'

/** What a file does at one place: what kind of thing, and numbers that say which. */
type Item = readonly [op: number, a: number, b: number, c: number, d: number]

interface FileModel {
  readonly kind: number
  readonly items: readonly Item[]
}

interface GraphModel {
  readonly files: readonly FileModel[]
  /** In which order the files are imported, each when all that came before is at rest. */
  readonly order: readonly number[]
}

export interface RenderOptions {
  /** Top-level await. */
  readonly awaits: boolean
  /** CommonJS and JSON besides. */
  readonly commonJs: boolean
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

const NAMES = ['x', 'y', 'z', 'default', 's t', 'w', 'x', 'y']

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

interface Local {
  readonly name: string
  readonly assignable: boolean
}

/** The texts of the files of one graph. It is made twice: which names a file can import is known when all have said what they export. */
class Rendering {
  readonly #graph: GraphModel
  readonly #kinds: readonly Kind[]
  readonly #options: RenderOptions
  readonly #namesOf: (index: number) => readonly string[]
  readonly #ownNamesOf: (index: number) => readonly string[]
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
    this.#ownNamesOf = ownNamesOf
    this.#kinds = kinds
    this.#options = options
    this.#namesOf = namesOf
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
            if (op < 26 || op >= 57 || !isModule(kinds[at]!)) reached.add(a % count)
      return reached
    })
    const cyclic = (index: number): boolean =>
      graph.files[index]!.items.some(([op, a]) => (op < 26 || op >= LATE) && this.#reach[a % count]!.has(index))
    const isImported = (index: number): boolean =>
      graph.files.some((_file, other) => isModule(kinds[other]!) && this.#reach[other]!.has(index))
    this.#mayThrow = graph.files.map((_file, index) =>
      !isModule(kinds[index]!)
        ? !isImported(index)
        : !options.awaits || ![...this.#reach.keys()].some(other => cyclic(other) && this.#reach[other]!.has(index)),
    )
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

  #specifier(index: number, style: number): string {
    const name = this.name(index)
    return [`./${name}`, `./${name}`, `./${name}`, `self/${name}`, `#${name}`, `././${name}`, `./%66${name.slice(1)}`][
      style % 7
    ]!
  }

  #module(index: number): string {
    const { items } = this.#graph.files[index]!
    const count = this.#kinds.length
    const me = `f${index}`
    const exported = new Set<string>()
    const stars: number[] = []
    const locals: Local[] = []
    const imports: string[] = []
    const lines: (string | (() => string))[] = [`t.log('${me} begins')`]
    const pick = (list: readonly string[], n: number): string | undefined => list[n % list.length]
    const quoted = (name: string): string => (/^\w+$/.test(name) ? name : `'${name}'`)
    /** Nothing, where the file has it already. */
    const claim = (n: number, name = NAMES[n % NAMES.length]!): string | undefined => {
      if (exported.has(name)) return undefined
      exported.add(name)
      return name
    }
    const body = (n: number, m: number): string => {
      const actions: string[] = []
      const changing = locals.filter(local => local.assignable)
      if (n % 3 !== 0 && changing.length > 0)
        actions.push(`${assignment(changing[m % changing.length]!.name, n + m, `'${me} call'`)}`)
      if (n % 2 === 0 && imports.length > 0)
        actions.push(`t.get('${me} fn ${pick(imports, m)}', () => ${pick(imports, m)})`)
      if (n % 4 === 1 && imports.length > 0)
        actions.push(`t.call('${me} fn ${pick(imports, n)}()', () => ${pick(imports, n)})`)
      if (n % 5 === 2 && locals.length > 0)
        actions.push(
          `return ${pick(
            locals.map(({ name }) => name),
            m,
          )}`,
        )
      return `{ ${actions.join('; ')} }`
    }
    for (const [at, [op, a, b, c, d]] of items.entries()) {
      const to = a % count
      const from = `'${this.#specifier(to, d)}'${this.#kinds[to] === 'json' ? " with { type: 'json' }" : ''}`
      const local = `${'lmnopqrst'[at]}${index}`
      // V8 takes a re-export for a circle that comes back to its file by one star and is answered by another.
      // Nor does it get over what could not be linked, where CommonJS is about.
      if (this.#options.commonJs && op >= 20 && op < 25 && this.#reach[to]!.has(index)) continue
      const imported = pick(op < 20 ? this.#namesOf(to) : this.#ownNamesOf(to), b)
      const read = (name: string): void => void lines.push(`t.get('${me} ${name}', () => ${name})`)
      if (op < 4) lines.push(`import ${from}`)
      else if (op < 9) {
        if (imported === undefined) continue
        const second = c % 3 === 0 ? pick(this.#namesOf(to), c) : undefined
        const list = [
          `${quoted(imported)} as ${local}`,
          ...(second === undefined ? [] : [`${quoted(second)} as ${local}b`]),
        ]
        lines.push(`import { ${list.join(', ')} } from ${from}`)
        imports.push(local)
        if (second !== undefined) imports.push(`${local}b`)
        read(local)
      } else if (op < 12) {
        imports.push(local)
        lines.push(`import * as ${local} from ${from}`)
        if (c % 2 === 0) lines.push(`t.dump('${me} ${local}', () => ${local})`)
      } else if (op < 14) {
        if (!this.#namesOf(to).includes('default')) continue
        imports.push(local)
        lines.push(b % 2 === 0 ? `import ${local} from ${from}` : `import ${local}, * as ${local}s from ${from}`)
        read(local)
      } else if (op < 18) {
        stars.push(to)
        lines.push(`export * from ${from}`)
      } else if (op < 20) {
        // V8 errs where a namespace is ambiguous by way of a cycle.
        const name = claim(c, `ns${index}`)
        if (name !== undefined) lines.push(`export * as ${quoted(name)} from ${from}`)
      } else if (op < 23) {
        const name = claim(c)
        if (name !== undefined && imported !== undefined)
          lines.push(`export { ${quoted(imported)} as ${quoted(name)} } from ${from}`)
      } else if (op < 25) {
        const name = claim(c)
        if (name === undefined || imported === undefined) continue
        imports.push(local)
        lines.push(`import { ${quoted(imported)} as ${local} } from ${from}; export { ${local} as ${quoted(name)} }`)
      } else if (op < 26) {
        const name = claim(c, `ns${index}`)
        if (name === undefined) continue
        imports.push(local)
        lines.push(`import * as ${local} from ${from}; export { ${local} as ${quoted(name)} }`)
      } else if (op < 32) {
        const name = claim(c)
        if (name === undefined) continue
        const value = `'${me} ${local}'`
        const keyword = ['const', 'let', 'var', 'let', 'var'][b % 5]!
        locals.push({ name: local, assignable: keyword !== 'const' })
        const declare = [
          `${keyword} ${local} = ${value}`,
          `${keyword} { ${local} } = { ${local}: ${value} }`,
          `${keyword} [${local} = ${value}] = []`,
          `${keyword} ${local} = ${value}`,
        ][a % 4]!
        lines.push(
          name === 'default' || d % 2 === 0
            ? `${declare}; export { ${local} as ${quoted(name)} }`
            : `export ${declare}; export { ${local} as ${quoted(name)} }`,
        )
        if (!(name === 'default' || d % 2 === 0)) exported.add(local)
      } else if (op < 37) {
        const name = claim(c)
        if (name === undefined) continue
        const keyword = ['function', 'function', 'function', 'async function', 'function*', 'async function*'][b % 6]!
        locals.push({ name: local, assignable: true })
        const inline = d % 2 === 0 && name !== 'default'
        if (inline) exported.add(local)
        lines.push(
          () =>
            `${inline ? 'export ' : ''}${keyword} ${local}(a) ${body(a, d)}; export { ${local} as ${quoted(name)} }`,
        )
      } else if (op < 39) {
        const name = claim(c)
        if (name === undefined) continue
        locals.push({ name: local, assignable: true })
        lines.push(
          () =>
            `class ${local} { static s = t.get('${me} static', () => ${pick([local, ...imports], a)}); m() {} }; export { ${local} as ${quoted(name)} }`,
        )
      } else if (op < 43) {
        if (exported.has('default')) continue
        exported.add('default')
        const kind = b % 9 === 7 && !this.#mayThrow[index] ? 8 : b % 9
        if (kind === 0) lines.push(() => `export default function () ${body(a, d)}`)
        else if (kind === 1) {
          locals.push({ name: local, assignable: true })
          lines.push(() => `export default function ${local}() ${body(a, d)}`)
        } else if (kind === 2) lines.push('export default class { }')
        else if (kind === 3) {
          locals.push({ name: local, assignable: true })
          lines.push(`export default class ${local} { }`)
        } else if (kind === 4) lines.push(() => `export default () => ${body(a, d)}`)
        else if (kind === 5) lines.push(() => `export default async function () ${body(a, d)}`)
        else if (kind === 6) lines.push('export default (class { })')
        else if (kind === 7)
          lines.push(
            () => `export default ${pick([...locals.map(({ name }) => name), ...imports, `'${me} default'`], a)}`,
          )
        else lines.push('export default { }')
      } else if (op < 47) {
        lines.push(() => {
          const changing = locals.filter(({ assignable }) => assignable)
          return changing.length === 0
            ? ''
            : `t.get('${me} assigns', () => { ${assignment(changing[b % changing.length]!.name, c, `'${me} at ${at}'`)} })`
        })
      } else if (op < 49) {
        lines.push(() => {
          const name = pick([...imports, ...locals.map(local => local.name)], b)
          return name === undefined
            ? ''
            : c % 3 === 0
              ? `t.get('${me} eval ${name}', () => eval('${name}'))`
              : c % 3 === 1
                ? `t.get('${me} typeof ${name}', () => typeof ${name})`
                : `t.get('${me} late ${name}', () => ${name})`
        })
      } else if (op < 52) {
        lines.push(() => {
          const name = pick(imports, b)
          return name === undefined ? '' : `t.call('${me} ${name}()', () => ${name})`
        })
      } else if (op < 53) {
        lines.push(() => {
          const name = pick(imports, b)
          return name === undefined ? '' : `t.get('${me} assigns ${name}', () => { ${assignment(name, c % 2, '1')} })`
        })
      } else if (op < 55) {
        if (!this.#options.awaits) continue
        lines.push(
          b % 4 === 0
            ? `for await (const a of [${a}, 2]) t.log('${me} for await ' + a)`
            : `for (let i = 0; i < ${a % 7}; i++) await null; t.log('${me} went on')`,
        )
      } else if (op < 56) {
        if (b % 3 === 0 && this.#mayThrow[index]) lines.push(`if (t) throw new Error('own ${me}')`)
      } else if (op < 57) {
        lines.push(
          [
            `t.get('${me} this', () => this)`,
            `t.get('${me} typeof', () => typeof undeclared + typeof require + typeof module + typeof exports + typeof __filename)`,
            `t.get('${me} undeclared', () => undeclared)`,
            `t.get('${me} meta', () => import.meta.url + import.meta.filename + import.meta.dirname + import.meta.resolve('./x.js') + import.meta.resolve(${from.split(' with')[0]}))`,
          ][b % 4]!,
        )
      } else if (op < LATE) {
        if (this.#options.commonJs && !this.#reach[to]!.has(index))
          lines.push(
            `import { createRequire as ${local}c } from 'node:module'; t.dump('${me} createRequire f${to}', () => ${local}c(import.meta.url)('./${this.name(to)}'))`,
          )
      } else if (this.#late.has(index) && ![...this.#reach[to]!].some(reached => this.#late.has(reached)))
        lines.push(
          `await t.dyn('${me} import f${to}', () => import(${from.replace(' with ', ', { with: ')}${from.includes(' with ') ? ' }' : ''}))`,
        )
    }
    lines.push(`t.log('${me} ends')`)
    this.#names[index] = [...exported]
    this.#stars[index] = stars
    return lines.map(line => (typeof line === 'string' ? line : line())).join('\n')
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
        for (const one of this.#namesOf(to)) names.add(one)
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

const LATE = 58

const isModule = (kind: Kind): boolean => kind === 'mjs'

const assignment = (name: string, n: number, value: string): string =>
  [
    `${name} = ${value}`,
    `${name} -= 1`,
    `({ a: ${name} } = { a: ${value} })`,
    `for (${name} of [1, ${value}]) ;`,
    `[${name}] = [${value}]`,
    `${name}++`,
    `${name} ??= ${value}`,
    `(0, eval)('0'); ${name} &&= ${value}`,
    `for (${name} in { a: 1 }) { }`,
  ][n % 9]!
