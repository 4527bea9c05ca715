/**
 * Makes what ships: `dist/` from the JavaScript that the compiler put into `build/src`, a few files instead of two hundred. Node takes longer to find, read and link
 * a file than to run it, so that importing Outlive costs a third of what it would.
 *
 *   node scripts/bundle.mjs
 *
 * Each entry, and whatever is loaded by `import()`, keeps its path, and `import.meta.url` stays what it was in each file. Declarations are the compiler's.
 */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'acorn'
import { rollup } from 'rollup'
import { lateParts } from './late_parts.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const COMPILED = join(ROOT, 'build', 'src')
const SHIPPED = join(ROOT, 'dist')
/** What is imported from outside, and files that run on their own: programs, threads, child processes, and a module that is inserted. */
const ENTRIES = [
  'index',
  'races/index',
  'cli/main',
  'cli/host/http_host',
  'kernel/kmemleak/worker',
  'races/threads/worker',
  'cli/check/child',
  'cli/check/outlive_check_warm_up',
]

/** What most hosts need later than at their start, or never: functions that are loaded when the first of them is called. */
const late = lateParts(COMPILED, {
  // Of the folders of modules: what is in them, by which name, and in which order.
  folders: [
    'kernel/coldplug',
    'kernel/config_file',
    'kernel/depmod/catalogue',
    'kernel/depmod/depmod',
    'kernel/modinfo',
    'kernel/modprobe',
    'kernel/modprobe_remove',
    'kernel/probe_source',
    'kernel/show_depends',
  ],
  // Of texts that the reader is not enough for.
  parser: [
    'images/decorators',
    'images/direct_eval',
    'images/jsx',
    'images/parse',
    'images/realign',
    'images/shared_emitters',
  ],
  // Of the texts of files that are no ES modules, which no load before has read.
  commonjs: ['images/commonjs_text'],
  // Of what modules see in place of globals and builtins by which something can be left behind.
  views: ['kernel/leftovers/image_views'],
})

const nameOf = file => relative(COMPILED, file).replaceAll('\\', '/').replace(/\.js$/, '')
const scripts = folder =>
  readdirSync(folder, { recursive: true })
    .filter(file => file.endsWith('.js'))
    .map(file => join(folder, file))

/** All that `entry` imports, directly or not, other than by `import()`. */
function closureOf(entry, getModuleInfo) {
  const closure = new Set()
  const add = id => {
    if (closure.has(id)) return
    closure.add(id)
    for (const imported of getModuleInfo(id)?.importedIds ?? []) add(imported)
  }
  add(join(COMPILED, `${entry}.js`))
  return closure
}

/** Two files for all that a host needs at once: what it has in common with a command that talks to one, and the rest. What comes late has files of its own. */
function chunkOf(id, { getModuleInfo }) {
  const part = late.chunkOf(id)
  if (part) return part
  if (!closureOf('index', getModuleInfo).has(id)) return null
  return closureOf('control/client', getModuleInfo).has(id) ? 'common' : 'core'
}

/** Other files are found relative to `import.meta.url`: in every part of a larger file it is what it would be in the part's own. */
const ownUrls = {
  name: 'own urls',
  resolveImportMeta(property, { moduleId, chunkId }) {
    if (property !== 'url') return null
    const own = posix.relative(posix.dirname(chunkId), `${nameOf(moduleId)}.js`)
    return posix.dirname(own) === '.' ? null : `new URL(${JSON.stringify(own)}, import.meta.url).href`
  },
}

/** V8 keeps a text of ASCII in half the room and reads it faster. Escapes mean the same in strings, names and regular expressions; nothing here asks for a raw template. */
const ascii = {
  name: 'ascii',
  renderChunk: code => ({
    code: code.replace(/[^\0-\x7f]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
    map: null,
  }),
}

/** As it is taken apart: `import all, { one as other } from 'node:x'`. */
const bindingsOf = ({ specifiers, source }) => {
  const names = []
  let whole
  for (const { type, imported, local } of specifiers) {
    if (type === 'ImportDefaultSpecifier') whole = local.name
    else if (type === 'ImportSpecifier')
      names.push(imported.name === local.name ? local.name : `${imported.name}: ${local.name}`)
    else throw new Error(`a namespace of '${source.value}' needs what an import of it makes: import its default`)
  }
  return { whole, names }
}

/**
 * An `import` of a part of Node makes a namespace for it, which reads every export there is: those of `node:fs` load all of Node's streams, a tenth of what importing Outlive
 * costs. Asking for the part itself makes none. The names stay what they were when the file began, whatever `syncBuiltinESMExports` says; nothing here needs it.
 */
const builtins = {
  name: 'builtins',
  renderChunk(code) {
    let [text, end] = ['', 0]
    for (const node of this.parse(code).body) {
      if (node.type !== 'ImportDeclaration' || !node.source.value.startsWith('node:')) continue
      const { whole, names } = bindingsOf(node)
      const part = `process.getBuiltinModule('${node.source.value}')`
      text += code.slice(end, node.start)
      if (whole) text += `const ${whole} = ${part};\n`
      if (names.length > 0) text += `const { ${names.join(', ')} } = ${whole ?? part};\n`
      end = code[node.end] === '\n' ? node.end + 1 : node.end
    }
    return { code: text + code.slice(end), map: null }
  },
}

/**
 * Comments and indentation are a third of the text: they are in the declarations and in the sources, and here whoever imports Outlive would read and decode them. Lines
 * and names stay.
 */
const lean = {
  name: 'lean',
  renderChunk(code) {
    const hashbang = /^#!.*\n/.exec(code)?.[0] ?? ''
    let [text, end] = [hashbang, hashbang.length]
    const onToken = token => {
      const between = code.slice(end, token.start)
      text += between.includes('\n') ? '\n' : between && ' '
      text += code.slice(token.start, token.end)
      end = token.end
    }
    parse(code, { ecmaVersion: 'latest', sourceType: 'module', onToken })
    return { code: text, map: null }
  },
}

/** Tells one build from another: asking the disk for it would take as long as loading a package. */
const buildMark = {
  name: 'build mark',
  load(id) {
    if (id !== join(COMPILED, 'images', 'build.js')) return null
    const digest = createHash('sha256').update(readFileSync(join(ROOT, 'package.json')))
    for (const file of scripts(COMPILED).sort()) digest.update(readFileSync(file))
    return `export const buildOfThis = () => '${digest.digest('hex').slice(0, 32)}'`
  },
}

/** The compiler's helper asks for `this` where there is none, and what `import()` is given elsewhere is known only when it runs. */
const EXPECTED = new Set(['THIS_IS_UNDEFINED', 'UNSUPPORTED_IMPORT_ATTRIBUTES', 'INVALID_IMPORT_ATTRIBUTE'])

export async function bundle() {
  const build = await rollup({
    input: Object.fromEntries(ENTRIES.map(entry => [entry, join(COMPILED, `${entry}.js`)])),
    external: id => !/^[./]/.test(id),
    plugins: [late.plugin, buildMark, ownUrls, builtins, lean, ascii, late.functions],
    onLog: (level, log, print) => EXPECTED.has(log.code) || print(level, log),
  })
  const { output } = await build.write({
    dir: SHIPPED,
    format: 'es',
    minifyInternalExports: false,
    manualChunks: chunkOf,
    entryFileNames: '[name].js',
    chunkFileNames: ({ facadeModuleId, name }) => (facadeModuleId ? `${nameOf(facadeModuleId)}.js` : `${name}.js`),
  })
  await build.close()
  const written = new Set(output.map(({ fileName }) => join(SHIPPED, fileName)))
  for (const file of scripts(SHIPPED)) if (!written.has(file)) rmSync(file)
  // npm does it where it installs the package, but not in the project itself.
  chmodSync(join(SHIPPED, 'cli', 'main.js'), 0o755)
  return output
}

/** Whether something was compiled since. */
export function isStale() {
  const shipped = join(SHIPPED, 'index.js')
  if (!existsSync(shipped)) return true
  const { mtimeMs } = statSync(shipped)
  return scripts(COMPILED).some(file => statSync(file).mtimeMs > mtimeMs)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle()
