import type { ModuleSource } from '#dist/images/module_source.js'

/** What a reader and a parser must agree on: in any order, and without where it stands in the text. Top-level await is left to the engine. */
export function essenceOf(source: ModuleSource): string {
  const { requests, imports, localExports, indirectExports, starExports, mutableExports, namesDefault } = source
  const withoutOffset = (key: string, value: unknown) => (key === 'offset' ? undefined : value)
  const sorted = (list: readonly unknown[]) => list.map(entry => JSON.stringify(entry, withoutOffset)).sort()
  const lists = [requests, imports, localExports, indirectExports, starExports].map(sorted)
  return JSON.stringify([lists, mutableExports, namesDefault])
}
