/**
 * Parts of the bundle that are loaded late. Sources import what is in them as anything else; in what ships, whoever is loaded at once gets functions of the same names
 * instead, which load the part when the first of them is called. Nothing waits for that: a part is a CommonJS file, and `require` loads it at once. It is a function of what is
 * there already, so that there is one of that whatever the program's own loader does.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseAst } from 'rollup/parseAst'

const STAND_IN = '\0late:'
const PART = '\0part:'

/** The chunks that are there when a part is loaded, and what a part calls them. */
const REST = ['core', 'common'].map(name => `${name}OfOutlive`)
const restOf = source => `${source.replace(/^\.\/|\.js$/g, '')}OfOutlive`
const importsOfRest = REST.map(name => `import * as ${name} from './${name.replace('OfOutlive', '')}.js';\n`).join('')

/** A chunk that imports and exports, as a function of what it imports that returns what it exports. */
function asFunction(code, program) {
  let [text, end] = ['', 0]
  const put = (node, replacement) => {
    text += code.slice(end, node.start) + replacement
    end = node.end
  }
  const pairs = (specifiers, from, to) =>
    specifiers
      .map(node => (node[from].name === node[to].name ? node[to].name : `${node[from].name}: ${node[to].name}`))
      .join(', ')
  for (const node of program.body)
    if (node.type === 'ImportDeclaration') {
      if (!REST.includes(restOf(node.source.value)) && node.specifiers.length > 0)
        throw new Error(`a part that is loaded late cannot import '${node.source.value}'`)
      put(
        node,
        node.specifiers.length > 0
          ? `const { ${pairs(node.specifiers, 'imported', 'local')} } = ${restOf(node.source.value)};`
          : '',
      )
    } else if (node.type === 'ExportNamedDeclaration')
      put(node, `return { ${pairs(node.specifiers, 'exported', 'local')} };`)
  text += code.slice(end)
  const url = "process.getBuiltinModule('node:url').pathToFileURL(__filename).href"
  return `'use strict';\nmodule.exports = (${REST.join(', ')}) => {\n${text.replaceAll('import.meta.url', url)}};\n`
}

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
  const partOf = new Map(Object.entries(parts).flatMap(([part, names]) => names.map(name => [fileOf(name), part])))
  const programs = new Map()
  /** The files of each part, and under undefined those that are there at once. */
  const files = new Map()

  function programOf(file) {
    if (!programs.has(file)) programs.set(file, parseAst(readFileSync(file, 'utf8')))
    return programs.get(file)
  }

  /** All that these files import, directly or not, without what other parts begin with and what is there at once. */
  function closureOf(first, part) {
    const closure = new Set(first)
    for (const file of closure)
      for (const { source } of programOf(file).body) {
        if (!source?.value.startsWith('.')) continue
        const imported = join(dirname(file), source.value)
        if (!files.get(undefined)?.has(imported) && (partOf.get(imported) ?? part) === part) closure.add(imported)
      }
    return closure
  }

  function findFiles() {
    programs.clear()
    files.clear()
    files.set(undefined, closureOf([fileOf('index')], undefined))
    for (const [part, names] of Object.entries(parts)) files.set(part, closureOf(names.map(fileOf), part))
  }

  /** Programs of the command line that need a part have it loaded with them. */
  function needsStandIn(importer, file) {
    const part = partOf.get(file)
    if (part === undefined || files.get(part).has(importer)) return false
    return [...files.values()].some(found => found.has(importer))
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
      if (id.startsWith(PART))
        return parts[id.slice(PART.length)].map(name => `export * from ${JSON.stringify(fileOf(name))}`).join('\n')
      if (!id.startsWith(STAND_IN)) return null
      const file = id.slice(STAND_IN.length)
      const shipped = relative(dirname(lazy), fileOf(partOf.get(file)))
        .replace(/\.js$/, '.cjs')
        .replaceAll('\\', '/')
      return [
        `import { latePart } from ${JSON.stringify(lazy)}`,
        `const part = latePart(${JSON.stringify(shipped)}, () => [${REST.join(', ')}])`,
        ...functionsOf(programOf(file)).map(name => `export const ${name} = (...given) => part().${name}(...given)`),
      ].join('\n')
    },
  }

  /** Comes last, when the chunks have their texts. What a program of the command line imports of a part is a module that loads the same part. */
  const functions = {
    name: 'late parts as functions',
    generateBundle(_, bundle) {
      bundle['core.js'].code += importsOfRest
      for (const part of Object.keys(parts)) {
        const chunk = bundle[`${part}.js`]
        this.emitFile({
          type: 'asset',
          fileName: `${part}.cjs`,
          source: asFunction(chunk.code, this.parse(chunk.code)),
        })
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
    return Object.keys(parts).find(part => files.get(part).has(id))
  }

  return { plugin, functions, chunkOf }
}
