/**
 * Proves that imports point one way, `cli -> control -> kernel -> images`, and that no files import each other in a circle. Imports of types
 * count: what a file must know of another is the same either way.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const SOURCES = fileURLToPath(new URL('../src', import.meta.url))

/** What each part may import from, besides itself. `modprobe` and `races` stand alone. */
const MAY_IMPORT = {
  'index.ts': ['control', 'kernel'],
  cli: ['control', 'kernel', 'images', 'races'],
  control: ['kernel', 'images'],
  kernel: ['images', 'modprobe'],
  images: [],
  modprobe: [],
  races: [],
}

/** @returns {Map<string, string[]>} the relative imports of every source file, both as paths below src */
function readImports() {
  const files = readdirSync(SOURCES, { recursive: true })
    .map(file => file.replaceAll('\\', '/'))
    .filter(file => file.endsWith('.ts'))
    .sort()
  return new Map(
    files.map(file => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(SOURCES, file), 'utf8'))
      const relative = importedFiles.map(({ fileName }) => fileName).filter(name => name.startsWith('.'))
      return [file, [...new Set(relative.map(name => posix.join(posix.dirname(file), name)))]]
    }),
  )
}

function layerFault(file, imported) {
  const [from] = file.split('/')
  const [to] = imported.split('/')
  if (from === to) return undefined
  const allowed = MAY_IMPORT[from]
  if (allowed?.includes(to)) return undefined
  const rule = allowed ? allowed.join(', ') || 'nothing outside itself' : 'nothing, since it is no known part'
  return `src/${file} imports src/${imported}: ${from} may import ${rule}`
}

/** Every circle that a walk into the depth closes, as the files on it. */
function findCircles(imports) {
  const circles = []
  const finished = new Set()
  const path = []
  const walk = file => {
    const at = path.indexOf(file)
    if (at !== -1) circles.push([...path.slice(at), file])
    if (at !== -1 || finished.has(file)) return
    path.push(file)
    for (const imported of imports.get(file) ?? []) walk(imported)
    path.pop()
    finished.add(file)
  }
  for (const file of imports.keys()) walk(file)
  return circles
}

const imports = readImports()
const faults = [...imports]
  .flatMap(([file, imported]) => imported.map(other => layerFault(file, other)))
  .filter(fault => fault !== undefined)
for (const circle of findCircles(imports))
  faults.push(
    `circle: ${circle.map(file => `src/${file}`).join(' imports ')}: no file may import itself through others`,
  )
for (const fault of faults) console.error(`layers: ${fault}`)
if (faults.length > 0) process.exitCode = 1
else console.log(`layers: ${imports.size} files, imports point one way, no circles`)
