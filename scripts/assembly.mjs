/**
 * Compiles assembly/ to the WebAssembly in src/images/, where it stands in base64.
 *
 *   node scripts/assembly.mjs [--check]
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
const IMAGES = fileURLToPath(new URL('../src/images/', import.meta.url))
const COMPILER = join(SOURCES, 'node_modules', 'assemblyscript', 'bin', 'asc.js')
const OPTIONS = ['--runtime', 'stub', '--noAssert', '-O3', '--converge', '--use', 'abort=']
/** With options of each. Where the compiler puts the reader's constants, and the pages there are at first: see the map of the memory in assembly/tables.ts. */
const MODULES = {
  code_reader: ['--memoryBase', '131072', '--initialMemory', '4'],
  hash: ['--initialMemory', '1'],
}
const COLUMNS = 118

async function compile(name) {
  const folder = mkdtempSync(join(tmpdir(), 'outlive-assembly-'))
  try {
    const file = join(folder, `${name}.wasm`)
    const options = [...OPTIONS, ...MODULES[name], '--outFile', file]
    await run(process.execPath, [COMPILER, `${name}.ts`, ...options], { cwd: SOURCES })
    return readFileSync(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function sourceOf(name, bytes) {
  const lines = bytes.toString('base64').match(new RegExp(`.{1,${COLUMNS}}`, 'g'))
  const list = lines.map(line => `  '${line}',\n`).join('')
  return `/** Written by scripts/assembly.mjs from what stands in assembly/${name}.ts. */\nexport const MODULE = [\n${list}].join('')\n`
}

if (!existsSync(COMPILER)) await run('npm', ['ci'], { cwd: SOURCES })
for (const name of Object.keys(MODULES)) {
  const file = join(IMAGES, `${name}_module.ts`)
  const made = sourceOf(name, await compile(name))
  if (!process.argv.includes('--check')) writeFileSync(file, made)
  else if (made !== readFileSync(file, 'utf8')) {
    console.error(
      `src/images/${name}_module.ts is not what assembly/${name}.ts compiles to: run node scripts/assembly.mjs`,
    )
    process.exitCode = 1
  }
}
