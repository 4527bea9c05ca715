import { SyntheticModule } from './module_record.ts'

/** The names of `module.exports` itself: from Node 23 on there are two. */
const WHOLE = Number(process.versions.node.split('.')[0]) < 23 ? ['default'] : ['default', 'module.exports']

/**
 * A CommonJS file as ES modules see it: `default` is `module.exports`, and its names are those found in the text, with the values that they had when the file
 * had run, as in Node.
 *
 * @param load runs the file, once, and gives its `module.exports`
 */
export function commonJsRecord(file: string, names: Iterable<string>, load: () => unknown): SyntheticModule {
  let values = new Map<string, unknown>()
  const all = new Set([...WHOLE, ...names])
  return new SyntheticModule(
    file,
    [...all],
    name => values.get(name),
    () => {
      const exports = load()
      values = new Map([
        ...[...all].map(name => [name, ownValue(exports, name)] as const),
        ...WHOLE.map(name => [name, exports] as const),
      ])
    },
  )
}

function ownValue(exports: unknown, name: string): unknown {
  if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null) return undefined
  if (!Object.hasOwn(exports, name)) return undefined
  try {
    return (exports as Record<string, unknown>)[name]
  } catch {
    // A getter that throws does not stop the import.
    return undefined
  }
}
