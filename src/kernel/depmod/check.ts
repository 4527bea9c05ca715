import type { ModuleLocation } from '../module_location.ts'
import type { DepmodProblem, ModuleRecord } from './record.ts'

/** What is wrong between modules: imports that nobody exports, circles, names that two have. */
export function checkModules(
  records: ReadonlyMap<string, ModuleRecord>,
  loops: readonly (readonly string[])[],
  duplicates: readonly { readonly kept: ModuleLocation; readonly hidden: ModuleLocation }[],
): DepmodProblem[] {
  const problems: DepmodProblem[] = []
  for (const record of records.values()) {
    problems.push(...(record.problems ?? []))
    for (const { module, symbols, place } of record.uses)
      for (const symbol of symbols)
        if (!exportsSymbol(records, module, symbol))
          problems.push({
            code: 'ESYMBOL',
            module: record.name,
            place,
            message: `Unknown symbol '${symbol}' (imported from ${module})`,
          })
  }
  for (const loop of loops) {
    const [first, second] = loop as [string, string]
    const place = records.get(first)?.uses.find(({ module }) => module === second)?.place ?? first
    problems.push({ code: 'ELOOP', module: first, place, message: `modules import each other: ${loop.join(' -> ')}` })
  }
  for (const { kept, hidden } of duplicates)
    problems.push({
      code: 'EEXIST',
      module: hidden.name,
      place: hidden.root ?? hidden.file,
      message: `Module ${hidden.name} is also ${kept.root ?? kept.file}, which is used`,
    })
  return problems
}

function exportsSymbol(records: ReadonlyMap<string, ModuleRecord>, module: string, symbol: string): boolean {
  const asked = new Set([module])
  for (const next of asked) {
    const record = records.get(next)
    if (!record || record.open || record.symbols.includes(symbol) || record.others.includes(symbol)) return true
    // A default export is not passed on by `export *`.
    if (symbol !== 'default') for (const star of record.stars ?? []) asked.add(star)
  }
  return false
}
