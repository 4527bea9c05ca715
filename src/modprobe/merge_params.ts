/** As in the kernel, `-` and `_` are the same in a parameter's name. */
export const foldParam = (name: string): string => name.replaceAll('-', '_')

/** What was given in several places, as one: the last value of a parameter counts, however each place spells its name. */
export function mergeParams<Value>(...given: readonly Readonly<Record<string, Value>>[]): Record<string, Value> {
  const latest = new Map(
    given.flatMap(params => Object.entries(params)).map(entry => [foldParam(entry[0]), entry] as const),
  )
  return Object.fromEntries(latest.values())
}
