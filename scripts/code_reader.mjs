/**
 * Compiles assembly/, in which the text of a module is read, to the WebAssembly of src/images/code_reader_module.ts, where it stands in base64.
 *
 *   node scripts/code_reader.mjs [--check]
 *
 * It is written into the sources, so that whoever builds Outlive needs no compiler for it; `--check` says instead whether what stands there is what comes out.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SOURCES = fileURLToPath(new URL('../assembly/', import.meta.url))
const MODULE = fileURLToPath(new URL('../src/images/code_reader_module.ts', import.meta.url))
const COMPILER = join(SOURCES, 'node_modules', 'assemblyscript', 'bin', 'asc.js')
/** Where the compiler puts its constants, and the pages there are at first: see the map of the memory in assembly/tables.ts. */
const MEMORY = ['--memoryBase', '131072', '--initialMemory', '4']
const COLUMNS = 118

async function compile() {
  if (!existsSync(COMPILER)) await run('npm', ['ci'], { cwd: SOURCES })
  const folder = mkdtempSync(join(tmpdir(), 'outlive-reader-'))
  try {
    const file = join(folder, 'reader.wasm')
    const options = ['--runtime', 'stub', '--noAssert', '-O3', '--use', 'abort=', ...MEMORY, '--outFile', file]
    await run(process.execPath, [COMPILER, 'code_reader.ts', ...options], { cwd: SOURCES })
    return readFileSync(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function sourceOf(bytes) {
  const lines = bytes.toString('base64').match(new RegExp(`.{1,${COLUMNS}}`, 'g'))
  const list = lines.map(line => `  '${line}',\n`).join('')
  return `/** Written by scripts/code_reader.mjs from what stands in assembly/. */\nexport const MODULE = [\n${list}].join('')\n`
}

const made = sourceOf(await compile())
if (!process.argv.includes('--check')) writeFileSync(MODULE, made)
else if (made !== readFileSync(MODULE, 'utf8')) {
  console.error('src/images/code_reader_module.ts is not what assembly/ compiles to: run node scripts/code_reader.mjs')
  process.exit(1)
}
