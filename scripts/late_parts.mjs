/**
 * Parts of the bundle that are loaded late. Sources import what is in them as anything else; in what ships, whoever is loaded at once gets functions of the same names
 * instead, which load the part when the first of them is called. Nothing waits for that: `require` loads an ES module at once, in every Node that Outlive runs in.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseAst } from 'rollup/parseAst'

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
      const shipped = relative(dirname(lazy), fileOf(partOf.get(file))).replaceAll('\\', '/')
      return [
        `import { lazyRequire } from ${JSON.stringify(lazy)}`,
        `const part = lazyRequire(${JSON.stringify(shipped)})`,
        ...functionsOf(programOf(file)).map(name => `export const ${name} = (...given) => part().${name}(...given)`),
      ].join('\n')
    },
  }

  /** Where a file is shipped that is not there at once. */
  function chunkOf(id) {
    if (id.startsWith(PART)) return id.slice(PART.length)
    return Object.keys(parts).find(part => files.get(part).has(id))
  }

  return { plugin, chunkOf }
}
