/** Texts of modules of several sizes, each different from every other version of it. All register `call` at the point `bench`; it gives the version. */

const init = `export const init = k => void k.register('bench', call)\n`

/** A plugin as people write one: 20 lines. */
export const freshPlugin = version => `const greetings = new Map([
  ['en', 'Hello'],
  ['de', 'Hallo'],
])

class Counter {
  #count = 0
  next() {
    return ++this.#count
  }
}

const counter = new Counter()

export function call(language = 'en', name = 'world') {
  const greeting = greetings.get(language) ?? 'Hi'
  return { text: \`\${greeting} \${name}\`, count: counter.next(), version: ${version} }
}

${init}`

/** What a bundler makes of a large program: one file of some 2 MB, a scope of many functions and classes, one list of exports. */
export function freshBundle(version) {
  const parts = Array.from(
    { length: 4600 },
    (_, i) => `// src/part${i}.js
var table${i} = { name: "part ${i}", limit: ${i * 7}, flags: [${i % 3 === 0}, ${i % 5 === 0}], pattern: /^part-${i}(?:\\.\\d+)?$/ };
function part${i}(value, options = {}) {
  if (typeof value !== "string") throw new TypeError(\`part${i} takes a string, not \${typeof value}\`);
  const { limit = table${i}.limit, trim = false } = options;
  const text = trim ? value.trim() : value;
  return table${i}.pattern.test(text) && text.length < limit ? { text, limit, flags: [...table${i}.flags] } : void 0;
}
`,
  )
  return `${parts.join('')}
function call(a, b) {
  return { sum: a + b, found: part1("part-1"), version: ${version} };
}
const init = (k) => void k.register("bench", call);
export { call, init };
`
}

/** The files of a package of 300, in folders, each importing two others; the last name is the entry's. With `all`, each version changes every file. */
export function freshPackage(version, all) {
  const files = {}
  for (let i = 0; i < 299; i++) {
    const imports = i < 2 ? [] : [...new Set([i >> 1, i - 1])].map(n => `import { part${n} } from '${relative(i, n)}'`)
    files[fileOf(i)] = `${imports.join('\n')}
const names = ['a${i}', 'b${i}', 'c${i}']
${all ? `// version ${version}\n` : ''}
/** What part ${i} makes of a value. */
export function part${i}(value) {
  if (value === undefined) return names
  return ${i < 2 ? 'value' : `value > ${i} ? part${i >> 1}(value - 1) : part${i - 1}(value - 1)`}
}

export class Part${i} {
  constructor(value) {
    this.value = value
  }
  next() {
    return new Part${i}(part${i}(this.value))
  }
}

export const isPart${i} = value => value instanceof Part${i}
`
  }
  files['index.js'] = `${Array.from({ length: 299 }, (_, i) => `export { part${i} } from './${fileOf(i)}'`).join('\n')}
import { part298 } from './${fileOf(298)}'
export const call = (a, b) => ({ sum: a + b, names: part298(), version: ${version} })
${init}`
  return files
}

const fileOf = i => `lib/d${i % 12}/part${i}.js`
const relative = (from, to) => (from % 12 === to % 12 ? `./part${to}.js` : `../d${to % 12}/part${to}.js`)
