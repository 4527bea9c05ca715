/** Runs the tests that stand as JSON on its input, one after another, for module_conformance.mjs: prints the name of each with PASSED, or why not. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runInThisContext } from 'node:vm'

const [loader] = process.argv.slice(2)
const tests = JSON.parse(readFileSync(0, 'utf8'))
const nativeRequire = createRequire(import.meta.url)

/** Phases as test262 names them; Node's own loader does not tell parsing from linking. */
async function load(test) {
  if (loader === 'native') {
    await import(pathToFileURL(test.file).href)
    return
  }
  const { NO_GLOBALS } = await import('../build/src/images/image.js')
  const { FileImage } = await import('../build/src/images/file_image.js')
  const image = new FileImage({
    label: 'test',
    entry: test.file,
    root: dirname(test.file),
    environment: {
      globals: NO_GLOBALS,
      builtin: name => nativeRequire(name),
      isModule: () => false,
      requestModule: () => Promise.reject(new Error('there are no other modules')),
    },
  })
  await image.read()
  image.link(new Map())
  await image.evaluate()
}

/** A test that fails must not end the others; it is run again alone. */
for (const event of ['unhandledRejection', 'uncaughtException']) process.on(event, () => {})

let done = () => {}
globalThis.print = message => done(message)
globalThis.$262 = {
  global: globalThis,
  evalScript: text => runInThisContext(text),
  gc: () => {},
  detachArrayBuffer: buffer => structuredClone(buffer, { transfer: [buffer] }),
}

const nameOf = error => error?.constructor?.name ?? String(error)

async function outcomeOf(test) {
  const finished = new Promise((resolve, reject) => {
    done = message => {
      if (message === 'Test262:AsyncTestComplete') resolve()
      else reject(new Error(message))
    }
  })
  finished.catch(() => {})
  try {
    for (const file of test.harness) runInThisContext(readFileSync(file, 'utf8'), { filename: file })
    await load(test)
    if (test.isAsync) await finished
    if (test.negative) return `nothing was thrown, not ${test.negative.type}`
    return test.syntax === 'wrong' ? 'the text was taken' : 'PASSED'
  } catch (error) {
    const told = `${nameOf(error)}: ${error?.message ?? error}`
    // Of a text that is right it does not matter what it throws when it runs, or whether its imports are there.
    const isSyntax =
      nameOf(error) === 'SyntaxError' && !/does not provide an export|Cannot find|conflicting star/.test(error.message)
    if (test.syntax) return isSyntax === (test.syntax === 'wrong') ? 'PASSED' : told
    return test.negative?.type === nameOf(error) ? 'PASSED' : told
  }
}

for (const test of tests) {
  const late = new Promise(resolve => setTimeout(resolve, 10_000, 'took longer than 10 s').unref())
  const outcome = await Promise.race([outcomeOf(test), late])
  process.stdout.write(`${test.name}\t${outcome.split('\n')[0]}\n`)
}
process.exit()
