import { type Ending, type Name, PATHS, type Script } from './script.ts'

/** How one module's file names another's. */
const specifier = (importer: Name, imported: Name): string => `${importer === 'f' ? '../' : './'}${PATHS[imported]}`

function info({ declares, aliases, pre, post, permanent, scheme, fault, version }: Script): string {
  const fields = [
    `version: '${version}'`,
    ...(declares ? [`params: { n: { type: 'int', default: 1, min: 0, max: 9 } }`] : []),
    `aliases: ${JSON.stringify(aliases)}`,
    `softdeps: ${JSON.stringify({ pre, post })}`,
    ...(permanent ? ['permanent: true'] : []),
    ...(scheme ? [`scheme: '${scheme}'`] : []),
    ...(fault === 'info' ? ['description: 7'] : []),
  ]
  return `{ ${fields.join(', ')} }`
}

const waits = (ending: Ending): boolean => ending !== 'returns' && ending !== 'throws'

/** The end of a function, which is async where it waits. */
const end = (ending: Ending, door: string): string =>
  ending === 'door'
    ? `await hub.door(${door})`
    : `${waits(ending) ? 'await null; ' : ''}${ending === 'throws' || ending === 'rejects' ? `throw new Error('on purpose')` : ''}`

const hook = (ending: Ending, params: string, body: string): string =>
  `${waits(ending) ? 'async ' : ''}function ${params} {\n${body}\n}`

/** The text of the file. It tells `hub`, a global, what it does, and its operations do what they are called with. */
export function textOf(name: Name, script: Script): string {
  const { version, imports, exports, registers, leaves } = script
  const me = `${name}@${version}`
  const isCommonJs = name === 'c'
  const used = imports.filter(({ again }) => !again)
  const local = ({ from, symbol }: { from: string; symbol: string }): string => `${from}_${symbol}`
  const add = (point: string, index: number): string => {
    const key = `${name}${index}`
    const call = '(...args) => serve(...args)'
    return point === 'p' ? `offer('p', { ${key}: ${call} }.${key})` : `offer('q', { name: '${key}', call: ${call} })`
  }
  const say = (what: string): string => `hub.say('${what} ${name}#' + k.module.generation)`
  const export_ = (exported: string, value: string): string =>
    isCommonJs ? `exports.${exported} = ${value}` : `export const ${exported} = ${value}`
  const exportHook = (exported: string, text: string): string =>
    isCommonJs ? `exports.${exported} = ${text.replace(`function ${exported}`, 'function')}` : `export ${text}`
  const lines = [
    ...used.map(one => `import { ${one.symbol} as ${local(one)} } from '${specifier(name, one.from)}'`),
    ...imports
      .filter(({ again }) => again)
      .map(({ from, symbol }) => `export { ${symbol} } from '${specifier(name, from)}'`),
    ...(script.fault === 'unresolved' ? [`import './nowhere.mjs'`] : []),
    export_('info', info(script)),
    ...exports.map(symbol => export_(symbol, `'${me}.${symbol}'`)),
    'let k',
    'const offered = []',
    'const offer = (point, ops) => offered.push(k.register(point, ops))',
    `const answer = () => ['${me}#' + k.module.generation, k.params.n ?? '-', k.inherited ?? '-', ${used.map(local).join(', ')}].join(' ')`,
    `const serve = (how, what) => hub.serve(how, what, { answer, offer: () => ${add('p', 7)}, withdraw: () => offered.shift()?.unregister() })`,
    exportHook(
      'init',
      hook(
        script.init,
        'init(context)',
        [
          'k = context',
          say('init'),
          `k.defer(() => ${say('deferred')})`,
          ...registers.map(add),
          ...(leaves === 'interval' ? ['setInterval(() => {}, 1000000)'] : []),
          ...(leaves === 'listener' ? [`process.on('outlive model', () => {})`] : []),
          end(script.init, `'init ${me}'`),
        ].join('\n'),
      ),
    ),
    exportHook(
      'exit',
      hook(
        script.exit,
        'exit()',
        [
          say('exit'),
          ...(leaves === 'nothing' ? [] : [`if (!k.signal.aborted) throw new Error('the signal is not aborted')`]),
          end(script.exit, `'exit ${me}'`),
        ].join('\n'),
      ),
    ),
    ...(script.handsOff ? [exportHook('handoff', `function handoff() { return '${me}#' + k.module.generation }`)] : []),
    ...(script.probe === 'none'
      ? []
      : [
          exportHook(
            'probe',
            `function probe() { ${script.probe === 'throws' ? `throw new Error('on purpose')` : `return ${script.probe === 'found'}`} }`,
          ),
        ]),
    end(script.evaluation, `'evaluation ${me}'`),
    ...(script.fault === 'syntax' ? ['const = 1'] : []),
  ]
  return lines.join('\n')
}
