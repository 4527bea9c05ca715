/**
 * Parts of the bundle that are loaded late. Sources import what is in them as anything else; in what ships, whoever is loaded at once gets functions of the same names
 * instead, which load the part when the first of them is called. Nothing waits for that: a part is a CommonJS file, and `require` loads it at once. It is a function of what is
 * there already, so that there is one of that whatever the program's own loader does.
 *
 * So for a part `folders` with `kernel/modprobe` in it:
 *
 * 1. It consists of that file and of all that this imports, but for what is there at once and what other parts begin with.
 * 2. A file outside of it that imports `kernel/modprobe` is given a module of stand-ins in its place: `export const modprobe = (...given) => part().modprobe(...given)`.
 * 3. The bundler makes a chunk `folders.js` of it, which becomes `folders.cjs`, a function of the other chunks.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseAst } from 'rollup/parseAst'
import { asFunction, importsOfRest, REST } from './chunk_as_function.mjs'

// How the bundler tells apart what is no file: a module of stand-ins, and what a part begins with.
const STAND_IN = '\0late:'
const PART = '\0part:'

const isFunction = node => node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression'

/** Names of the functions that a program exports. A class cannot be stood in for, nor a value. */
const functionsOf = program =>
  program.body.flatMap(({ type, declaration }) => {
    if (type !== 'ExportNamedDeclaration' || !declaration) return []
    if (declaration.type === 'FunctionDeclaration') return [declaration.id.name]
    return (declaration.declarations ?? []).flatMap(({ id, init }) => (isFunction(init) ? [id.name] : []))
  })

/** Of compiled files: which belong to which part. */
class Parts {
  #folder
  #names
  /** Of the files that parts begin with. */
  #partOf
  #programs = new Map()
  #filesAtOnce = new Set()
  #filesOfParts = new Map()

  constructor(folder, names) {
    this.#folder = folder
    this.#names = names
    this.#partOf = new Map(
      Object.entries(names).flatMap(([part, files]) => files.map(name => [this.fileOf(name), part])),
    )
  }

  get names() {
    return Object.keys(this.#names)
  }

  fileOf(name) {
    return join(this.#folder, `${name}.js`)
  }

  /** The files that a part begins with. */
  beginningOf(part) {
    return this.#names[part].map(name => this.fileOf(name))
  }

  partOf(file) {
    return this.#partOf.get(file)
  }

  programOf(file) {
    if (!this.#programs.has(file)) this.#programs.set(file, parseAst(readFileSync(file, 'utf8')))
    return this.#programs.get(file)
  }

  /** All that these files import, directly or not, as far as `isWanted`. */
  #closureOf(first, isWanted) {
    const closure = new Set(first)
    for (const file of closure)
      for (const { source } of this.programOf(file).body) {
        const imported = source?.value.startsWith('.') && join(dirname(file), source.value)
        if (imported && isWanted(imported)) closure.add(imported)
      }
    return closure
  }

  /** Reads all files anew. */
  find() {
    this.#programs.clear()
    this.#filesAtOnce = this.#closureOf([this.fileOf('index')], file => !this.#partOf.has(file))
    for (const part of this.names) {
      const isOfPart = file => !this.#filesAtOnce.has(file) && (this.#partOf.get(file) ?? part) === part
      this.#filesOfParts.set(part, this.#closureOf(this.beginningOf(part), isOfPart))
    }
  }

  /** Programs of the command line that need a part have it loaded with them. */
  needsStandIn(importer, file) {
    const part = this.#partOf.get(file)
    if (part === undefined || this.#filesOfParts.get(part).has(importer)) return false
    return [this.#filesAtOnce, ...this.#filesOfParts.values()].some(files => files.has(importer))
  }

  /** The part that a file is shipped in which is not there at once. */
  holding(file) {
    return this.names.find(part => this.#filesOfParts.get(part).has(file))
  }
}

/** The text of a module of stand-ins for what `file` exports. */
function standInsFor(file, parts) {
  const lazy = parts.fileOf('images/lazy')
  const shipped = relative(dirname(lazy), parts.fileOf(parts.partOf(file)))
    .replace(/\.js$/, '.cjs')
    .replaceAll('\\', '/')
  return [
    `import { latePart } from ${JSON.stringify(lazy)}`,
    `const part = latePart(${JSON.stringify(shipped)}, () => [${REST.join(', ')}])`,
    ...functionsOf(parts.programOf(file)).map(name => `export const ${name} = (...given) => part().${name}(...given)`),
  ].join('\n')
}

const standingIn = parts => ({
  name: 'late parts',
  buildStart() {
    parts.find()
    for (const part of parts.names)
      this.emitFile({ type: 'chunk', id: PART + part, fileName: `${part}.js`, preserveSignature: 'allow-extension' })
  },
  resolveId(source, importer) {
    if (source.startsWith(PART)) return source
    if (!source.startsWith('.') || importer === undefined) return null
    const file = join(dirname(importer), source)
    return parts.needsStandIn(importer, file) ? STAND_IN + file : null
  },
  load(id) {
    if (id.startsWith(STAND_IN)) return standInsFor(id.slice(STAND_IN.length), parts)
    if (!id.startsWith(PART)) return null
    const files = parts.beginningOf(id.slice(PART.length))
    return files.map(file => `export * from ${JSON.stringify(file)}`).join('\n')
  },
})

/** Comes last, when the chunks have their texts. What a program of the command line imports of a part is a module that loads the same part. */
const asFunctions = parts => ({
  name: 'late parts as functions',
  generateBundle(_, bundle) {
    bundle['core.js'].code += importsOfRest
    for (const part of parts.names) {
      const chunk = bundle[`${part}.js`]
      const source = asFunction(chunk.code, this.parse(chunk.code))
      this.emitFile({ type: 'asset', fileName: `${part}.cjs`, source })
      const names = chunk.exports.join(', ')
      chunk.code = [
        `${importsOfRest}const { ${names} } = commonOfOutlive.latePart('../${part}.cjs', () => [${REST.join(', ')}])();`,
        `export { ${names} };\n`,
      ].join('\n')
      if (!Object.values(bundle).some(({ imports }) => imports?.includes(chunk.fileName))) delete bundle[chunk.fileName]
    }
  },
})

/**
 * @param folder of compiled files
 * @param names of files below it, without extension, by the part that they are shipped in
 */
export function lateParts(folder, names) {
  const parts = new Parts(folder, names)
  return {
    plugin: standingIn(parts),
    functions: asFunctions(parts),
    chunkOf: id => (id.startsWith(PART) ? id.slice(PART.length) : parts.holding(id)),
  }
}
