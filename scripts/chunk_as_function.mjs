/** The chunks that are there when a late part is loaded, by the names that it calls their namespaces. */
export const REST = ['core', 'common'].map(name => `${name}OfOutlive`)
const restOf = source => `${source.replace(/^\.\/|\.js$/g, '')}OfOutlive`

export const importsOfRest = REST.map(
  name => `import * as ${name} from './${name.replace('OfOutlive', '')}.js';\n`,
).join('')

const pairs = (specifiers, from, to) =>
  specifiers
    .map(node => (node[from].name === node[to].name ? node[to].name : `${node[from].name}: ${node[to].name}`))
    .join(', ')

/**
 * A chunk that imports and exports, as a CommonJS file: a function of what it imports that returns what it exports.
 *
 * @param code as the bundler writes it: imports at its beginning, one list of exports at its end
 * @param program the same, parsed
 */
export function asFunction(code, program) {
  let [text, end] = ['', 0]
  const put = (node, replacement) => {
    text += code.slice(end, node.start) + replacement
    end = node.end
  }
  for (const node of program.body)
    if (node.type === 'ImportDeclaration') put(node, bindingsOf(node))
    else if (node.type === 'ExportNamedDeclaration')
      put(node, `return { ${pairs(node.specifiers, 'exported', 'local')} };`)
  text += code.slice(end)
  const url = "process.getBuiltinModule('node:url').pathToFileURL(__filename).href"
  return `'use strict';\nmodule.exports = (${REST.join(', ')}) => {\n${text.replaceAll('import.meta.url', url)}};\n`
}

/** In place of an import. One that binds nothing is only of a chunk that is there already. */
function bindingsOf({ source, specifiers }) {
  if (specifiers.length === 0) return ''
  const chunk = restOf(source.value)
  if (!REST.includes(chunk)) throw new Error(`a part that is loaded late cannot import '${source.value}'`)
  return `const { ${pairs(specifiers, 'imported', 'local')} } = ${chunk};`
}
