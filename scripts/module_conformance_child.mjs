/** Runs one test for module_conformance.mjs and says PASSED, or why not. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runInThisContext } from 'node:vm'

const [loader, json] = process.argv.slice(2)
const test = JSON.parse(json)
const nativeRequire = createRequire(import.meta.url)

/** Phases as test262 names them; Node's own loader does not tell parsing from linking. */
async function load() {
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

let done
const finished = new Promise((resolve, reject) => {
  done = message => {
    if (message === 'Test262:AsyncTestComplete') resolve()
    else reject(new Error(message))
  }
})
globalThis.print = done
globalThis.$262 = { global: globalThis, evalScript: text => runInThisContext(text), gc: () => {} }
for (const file of test.harness) runInThisContext(readFileSync(file, 'utf8'), { filename: file })

const nameOf = error => error?.constructor?.name ?? String(error)

try {
  await load()
  if (test.isAsync) await finished
  if (test.negative) console.log(`nothing was thrown, not ${test.negative.type}`)
  else console.log(test.syntax === 'wrong' ? 'the text was taken' : 'PASSED')
} catch (error) {
  // Of a text that is right it does not matter what it throws when it runs, or whether its imports are there.
  const isSyntax =
    nameOf(error) === 'SyntaxError' && !/does not provide an export|Cannot find|conflicting star/.test(error.message)
  if (test.syntax)
    console.log(isSyntax === (test.syntax === 'wrong') ? 'PASSED' : `${nameOf(error)}: ${error?.message}`)
  else if (test.negative?.type === nameOf(error)) console.log('PASSED')
  else console.log(`${nameOf(error)}: ${error?.message}`)
}
process.exit()
