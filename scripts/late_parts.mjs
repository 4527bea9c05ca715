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

/**
 * @param folder of compiled files
 * @param parts names of files below it, without extension, by the name of the part that they are shipped in
 */
export function lateParts(folder, parts) {
  const fileOf = name => join(folder, `${name}.js`)
  const lazy = fileOf('images/lazy')
  /** Of the files that parts begin with. */
  const partOf = new Map(Object.entries(parts).flatMap(([part, names]) => names.map(name => [fileOf(name), part])))
  const programs = new Map()
  let filesAtOnce = new Set()
  const filesOfParts = new Map()

  function programOf(file) {
    if (!programs.has(file)) programs.set(file, parseAst(readFileSync(file, 'utf8')))
    return programs.get(file)
  }

  /** All that these files import, directly or not, as far as `isWanted`. */
  function closureOf(first, isWanted) {
    const closure = new Set(first)
    for (const file of closure)
      for (const { source } of programOf(file).body) {
        const imported = source?.value.startsWith('.') && join(dirname(file), source.value)
        if (imported && isWanted(imported)) closure.add(imported)
      }
    return closure
  }

  function findFiles() {
    programs.clear()
    filesAtOnce = closureOf([fileOf('index')], file => !partOf.has(file))
    for (const [part, names] of Object.entries(parts)) {
      const isOfPart = file => !filesAtOnce.has(file) && (partOf.get(file) ?? part) === part
      filesOfParts.set(part, closureOf(names.map(fileOf), isOfPart))
    }
  }

  /** Programs of the command line that need a part have it loaded with them. */
  function needsStandIn(importer, file) {
    const part = partOf.get(file)
    if (part === undefined || filesOfParts.get(part).has(importer)) return false
    return [filesAtOnce, ...filesOfParts.values()].some(files => files.has(importer))
  }

  function standInsFor(file) {
    const shipped = relative(dirname(lazy), fileOf(partOf.get(file)))
      .replace(/\.js$/, '.cjs')
      .replaceAll('\\', '/')
    return [
      `import { latePart } from ${JSON.stringify(lazy)}`,
      `const part = latePart(${JSON.stringify(shipped)}, () => [${REST.join(', ')}])`,
      ...functionsOf(programOf(file)).map(name => `export const ${name} = (...given) => part().${name}(...given)`),
    ].join('\n')
  }

  const plugin = {
    name: 'late parts',
    buildStart() {
      findFiles()
      for (const part of Object.keys(parts))
        this.emitFile({ type: 'chunk', id: PART + part, fileName: `${part}.js`, preserveSignature: 'allow-extension' })
    },
    resolveId(source, importer) {
      if (source.startsWith(PART)) return source
      if (!source.startsWith('.') || importer === undefined) return null
      const file = join(dirname(importer), source)
      return needsStandIn(importer, file) ? STAND_IN + file : null
    },
    load(id) {
      if (id.startsWith(STAND_IN)) return standInsFor(id.slice(STAND_IN.length))
      if (!id.startsWith(PART)) return null
      return parts[id.slice(PART.length)].map(name => `export * from ${JSON.stringify(fileOf(name))}`).join('\n')
    },
  }

  /** Comes last, when the chunks have their texts. What a program of the command line imports of a part is a module that loads the same part. */
  const functions = {
    name: 'late parts as functions',
    generateBundle(_, bundle) {
      bundle['core.js'].code += importsOfRest
      for (const part of Object.keys(parts)) {
        const chunk = bundle[`${part}.js`]
        const source = asFunction(chunk.code, this.parse(chunk.code))
        this.emitFile({ type: 'asset', fileName: `${part}.cjs`, source })
        const names = chunk.exports.join(', ')
        chunk.code = [
          `${importsOfRest}const { ${names} } = commonOfOutlive.latePart('../${part}.cjs', () => [${REST.join(', ')}])();`,
          `export { ${names} };\n`,
        ].join('\n')
        if (!Object.values(bundle).some(({ imports }) => imports?.includes(chunk.fileName)))
          delete bundle[chunk.fileName]
      }
    },
  }

  /** Where a file is shipped that is not there at once. */
  function chunkOf(id) {
    if (id.startsWith(PART)) return id.slice(PART.length)
    return Object.keys(parts).find(part => filesOfParts.get(part).has(id))
  }

  return { plugin, functions, chunkOf }
}
