/** The same use in Node's own loader: `node native.mjs FILE` prints JSON. */
import { pathToFileURL } from 'node:url'

const started = performance.now()
const { use } = await import(pathToFileURL(process.argv[2]).href)
const loaded = performance.now() - started
console.log(JSON.stringify({ answer: JSON.stringify(await use()), loaded }))
process.exit()
