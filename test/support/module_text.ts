/** What a file does at one place: what kind of thing, and numbers that say which. */
export type Item = readonly [op: number, a: number, b: number, c: number, d: number]

export interface RenderOptions {
  /** Top-level await. */
  readonly awaits: boolean
  /** CommonJS and JSON besides. */
  readonly commonJs: boolean
}

export const NAMES = ['x', 'y', 'z', 'default', 's t', 'w', 'x', 'y']

// The kinds of things that a file does, by their numbers: from one of these on, up to the next.
export const AFTER_LINKS = 26
export const AFTER_STATEMENTS = 57
/** A dynamic import. */
export const LATE = 58

/** What the text of a file depends on in the others. */
export interface Surroundings {
  readonly options: RenderOptions
  readonly count: number
  name(index: number): string
  isJson(index: number): boolean
  specifier(index: number, style: number): string
  /** Names that can be imported from a file. */
  namesOf(index: number): readonly string[]
  /** Of these, what it does not have by a star. */
  ownNamesOf(index: number): readonly string[]
  reaches(from: number, to: number): boolean
  mayThrow(index: number): boolean
  mayImportLate(index: number, to: number): boolean
}

interface Local {
  readonly name: string
  readonly assignable: boolean
}

/** One item, with the file that it is about and the name that it may give to something. */
interface Place {
  readonly at: number
  readonly item: Item
  readonly to: number
  /** The specifier of that file, quoted, and what stands behind it in an import. */
  readonly from: string
  readonly local: string
}

/** Writes the text of one ES module. Lines that use what is imported or declared anywhere in the file are written last. */
export class ModuleText {
  readonly exported = new Set<string>()
  readonly stars: number[] = []
  readonly #index: number
  readonly #others: Surroundings
  readonly #me: string
  readonly #locals: Local[] = []
  readonly #imports: string[] = []
  readonly #lines: (string | (() => string))[] = []

  constructor(index: number, others: Surroundings) {
    this.#index = index
    this.#others = others
    this.#me = `f${index}`
  }

  write(items: readonly Item[]): string {
    this.#lines.push(`t.log('${this.#me} begins')`)
    for (const [at, item] of items.entries()) this.#write(this.#place(at, item))
    this.#lines.push(`t.log('${this.#me} ends')`)
    return this.#lines.map(line => (typeof line === 'string' ? line : line())).join('\n')
  }

  #place(at: number, item: Item): Place {
    const [, a, , , d] = item
    const to = a % this.#others.count
    const from = `'${this.#others.specifier(to, d)}'${this.#others.isJson(to) ? " with { type: 'json' }" : ''}`
    return { at, item, to, from, local: `${'lmnopqrst'[at]}${this.#index}` }
  }

  #write(place: Place): void {
    const [op] = place.item
    if (op < 4) this.#lines.push(`import ${place.from}`)
    else if (op < 9) this.#importNames(place)
    else if (op < 12) this.#importNamespace(place)
    else if (op < 14) this.#importDefault(place)
    else if (op < 18) this.#exportStar(place)
    else if (op < 20) this.#exportNamespace(place)
    else if (op < 25) this.#exportFrom(place)
    else if (op < AFTER_LINKS) this.#exportImportedNamespace(place)
    else if (op < 32) this.#exportVariable(place)
    else if (op < 37) this.#exportFunction(place)
    else if (op < 39) this.#exportClass(place)
    else if (op < 43) this.#exportDefault(place)
    else if (op < 47) this.#assignLocal(place)
    else if (op < 49) this.#look(place)
    else if (op < 53) this.#useImport(place)
    else if (op < 55) this.#await(place)
    else if (op < 56) this.#throw(place)
    else if (op < AFTER_STATEMENTS) this.#lookAround(place)
    else if (op < LATE) this.#createRequire(place)
    else this.#importLate(place)
  }

  #read(name: string): void {
    this.#lines.push(`t.get('${this.#me} ${name}', () => ${name})`)
  }

  /** A name to export by; nothing, where the file has it already. */
  #claim(n: number, name = NAMES[n % NAMES.length]!): string | undefined {
    if (this.exported.has(name)) return undefined
    this.exported.add(name)
    return name
  }

  #importNames({ item: [, , b, c], to, from, local }: Place): void {
    const imported = pick(this.#others.namesOf(to), b)
    if (imported === undefined) return
    const second = c % 3 === 0 ? pick(this.#others.namesOf(to), c) : undefined
    const list = [
      `${quoted(imported)} as ${local}`,
      ...(second === undefined ? [] : [`${quoted(second)} as ${local}b`]),
    ]
    this.#lines.push(`import { ${list.join(', ')} } from ${from}`)
    this.#imports.push(local)
    if (second !== undefined) this.#imports.push(`${local}b`)
    this.#read(local)
  }

  #importNamespace({ item: [, , , c], from, local }: Place): void {
    this.#imports.push(local)
    this.#lines.push(`import * as ${local} from ${from}`)
    if (c % 2 === 0) this.#lines.push(`t.dump('${this.#me} ${local}', () => ${local})`)
  }

  #importDefault({ item: [, , b], to, from, local }: Place): void {
    if (!this.#others.namesOf(to).includes('default')) return
    this.#imports.push(local)
    this.#lines.push(b % 2 === 0 ? `import ${local} from ${from}` : `import ${local}, * as ${local}s from ${from}`)
    this.#read(local)
  }

  #exportStar({ to, from }: Place): void {
    this.stars.push(to)
    this.#lines.push(`export * from ${from}`)
  }

  /** V8 errs where a namespace is ambiguous by way of a cycle. */
  #exportNamespace({ item: [, , , c], from }: Place): void {
    const name = this.#claim(c, `ns${this.#index}`)
    if (name !== undefined) this.#lines.push(`export * as ${quoted(name)} from ${from}`)
  }

  #exportFrom({ item: [op, , b, c], to, from, local }: Place): void {
    // V8 takes a re-export for a circle that comes back to its file by one star and is answered by another.
    // Nor does it get over what could not be linked, where CommonJS is about.
    if (this.#others.options.commonJs && this.#others.reaches(to, this.#index)) return
    const imported = pick(this.#others.ownNamesOf(to), b)
    const name = this.#claim(c)
    if (name === undefined || imported === undefined) return
    if (op < 23) {
      this.#lines.push(`export { ${quoted(imported)} as ${quoted(name)} } from ${from}`)
      return
    }
    this.#imports.push(local)
    this.#lines.push(`import { ${quoted(imported)} as ${local} } from ${from}; export { ${local} as ${quoted(name)} }`)
  }

  #exportImportedNamespace({ item: [, , , c], from, local }: Place): void {
    const name = this.#claim(c, `ns${this.#index}`)
    if (name === undefined) return
    this.#imports.push(local)
    this.#lines.push(`import * as ${local} from ${from}; export { ${local} as ${quoted(name)} }`)
  }

  #exportVariable({ item: [, a, b, c, d], local }: Place): void {
    const name = this.#claim(c)
    if (name === undefined) return
    const value = `'${this.#me} ${local}'`
    const keyword = ['const', 'let', 'var', 'let', 'var'][b % 5]!
    this.#locals.push({ name: local, assignable: keyword !== 'const' })
    const declare = [
      `${keyword} ${local} = ${value}`,
      `${keyword} { ${local} } = { ${local}: ${value} }`,
      `${keyword} [${local} = ${value}] = []`,
      `${keyword} ${local} = ${value}`,
    ][a % 4]!
    const isInline = name !== 'default' && d % 2 !== 0
    if (isInline) this.exported.add(local)
    this.#lines.push(`${isInline ? 'export ' : ''}${declare}; export { ${local} as ${quoted(name)} }`)
  }

  #exportFunction({ item: [, a, b, c, d], local }: Place): void {
    const name = this.#claim(c)
    if (name === undefined) return
    const keyword = ['function', 'function', 'function', 'async function', 'function*', 'async function*'][b % 6]!
    this.#locals.push({ name: local, assignable: true })
    const isInline = name !== 'default' && d % 2 === 0
    if (isInline) this.exported.add(local)
    const declare = `${isInline ? 'export ' : ''}${keyword} ${local}(a)`
    this.#lines.push(() => `${declare} ${this.#body(a, d)}; export { ${local} as ${quoted(name)} }`)
  }

  #exportClass({ item: [, a, , c], local }: Place): void {
    const name = this.#claim(c)
    if (name === undefined) return
    this.#locals.push({ name: local, assignable: true })
    this.#lines.push(() => {
      const field = `static s = t.get('${this.#me} static', () => ${pick([local, ...this.#imports], a)})`
      return `class ${local} { ${field}; m() {} }; export { ${local} as ${quoted(name)} }`
    })
  }

  #exportDefault({ item: [, a, b, , d], local }: Place): void {
    if (this.exported.has('default')) return
    this.exported.add('default')
    const kind = b % 9 === 7 && !this.#others.mayThrow(this.#index) ? 8 : b % 9
    if (kind === 1 || kind === 3) this.#locals.push({ name: local, assignable: true })
    this.#lines.push(() => `export default ${this.#defaultValue(kind, local, a, d)}`)
  }

  #defaultValue(kind: number, local: string, a: number, d: number): string {
    switch (kind) {
      case 0:
        return `function () ${this.#body(a, d)}`
      case 1:
        return `function ${local}() ${this.#body(a, d)}`
      case 2:
        return 'class { }'
      case 3:
        return `class ${local} { }`
      case 4:
        return `() => ${this.#body(a, d)}`
      case 5:
        return `async function () ${this.#body(a, d)}`
      case 6:
        return '(class { })'
      case 7:
        return pick([...this.#locals.map(({ name }) => name), ...this.#imports, `'${this.#me} default'`], a)!
      default:
        return '{ }'
    }
  }

  #body(n: number, m: number): string {
    const actions: string[] = []
    const [changing, imports] = [this.#assignable, this.#imports]
    if (n % 3 !== 0 && changing.length > 0) actions.push(assignment(pick(changing, m)!, n + m, `'${this.#me} call'`))
    if (n % 2 === 0 && imports.length > 0)
      actions.push(`t.get('${this.#me} fn ${pick(imports, m)}', () => ${pick(imports, m)})`)
    if (n % 4 === 1 && imports.length > 0)
      actions.push(`t.call('${this.#me} fn ${pick(imports, n)}()', () => ${pick(imports, n)})`)
    if (n % 5 === 2 && this.#locals.length > 0) actions.push(`return ${pick(this.#locals, m)!.name}`)
    return `{ ${actions.join('; ')} }`
  }

  get #assignable(): readonly string[] {
    return this.#locals.flatMap(({ name, assignable }) => (assignable ? [name] : []))
  }

  #assignLocal({ at, item: [, , b, c] }: Place): void {
    this.#lines.push(() => {
      const name = pick(this.#assignable, b)
      if (name === undefined) return ''
      return `t.get('${this.#me} assigns', () => { ${assignment(name, c, `'${this.#me} at ${at}'`)} })`
    })
  }

  #look({ item: [, , b, c] }: Place): void {
    this.#lines.push(() => {
      const name = pick([...this.#imports, ...this.#locals.map(local => local.name)], b)
      if (name === undefined) return ''
      return [
        `t.get('${this.#me} eval ${name}', () => eval('${name}'))`,
        `t.get('${this.#me} typeof ${name}', () => typeof ${name})`,
        `t.get('${this.#me} late ${name}', () => ${name})`,
      ][c % 3]!
    })
  }

  #useImport({ item: [op, , b, c] }: Place): void {
    this.#lines.push(() => {
      const name = pick(this.#imports, b)
      if (name === undefined) return ''
      return op < 52
        ? `t.call('${this.#me} ${name}()', () => ${name})`
        : `t.get('${this.#me} assigns ${name}', () => { ${assignment(name, c % 2, '1')} })`
    })
  }

  #await({ item: [, a, b] }: Place): void {
    if (!this.#others.options.awaits) return
    this.#lines.push(
      b % 4 === 0
        ? `for await (const a of [${a}, 2]) t.log('${this.#me} for await ' + a)`
        : `for (let i = 0; i < ${a % 7}; i++) await null; t.log('${this.#me} went on')`,
    )
  }

  #throw({ item: [, , b] }: Place): void {
    if (b % 3 === 0 && this.#others.mayThrow(this.#index)) this.#lines.push(`if (t) throw new Error('own ${this.#me}')`)
  }

  #lookAround({ item: [, , b], from }: Place): void {
    const me = this.#me
    this.#lines.push(
      [
        `t.get('${me} this', () => this)`,
        `t.get('${me} typeof', () => typeof undeclared + typeof require + typeof module + typeof exports + typeof __filename)`,
        `t.get('${me} undeclared', () => undeclared)`,
        `t.get('${me} meta', () => import.meta.url + import.meta.filename + import.meta.dirname + import.meta.resolve('./x.js') + import.meta.resolve(${from.split(' with')[0]}))`,
      ][b % 4]!,
    )
  }

  #createRequire({ to, local }: Place): void {
    if (!this.#others.options.commonJs || this.#others.reaches(to, this.#index)) return
    const required = `${local}c(import.meta.url)('./${this.#others.name(to)}')`
    this.#lines.push(
      `import { createRequire as ${local}c } from 'node:module'; t.dump('${this.#me} createRequire f${to}', () => ${required})`,
    )
  }

  #importLate({ to, from }: Place): void {
    if (!this.#others.mayImportLate(this.#index, to)) return
    const given = `${from.replace(' with ', ', { with: ')}${from.includes(' with ') ? ' }' : ''}`
    this.#lines.push(`await t.dyn('${this.#me} import f${to}', () => import(${given}))`)
  }
}

const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % list.length]

const quoted = (name: string): string => (/^\w+$/.test(name) ? name : `'${name}'`)

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
