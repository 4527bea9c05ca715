import type { Exploration } from './explore.ts'

/** The table of schemes, one line a model. The times are left out where the same text is wanted every time. */
export function schemeTable(explorations: readonly Exploration[], options: { times: boolean }): string {
  const head = ['scheme', 'expected', 'found', 'states', 'steps', 'longest', 'races', 'shortest']
  const rows = explorations.map(({ model, verdict, states, transitions, deepest, races, ms }) => [
    model.name,
    model.expects,
    verdict,
    String(states),
    String(transitions),
    String(deepest),
    String(races.length),
    races.length === 0 ? '-' : `${races[0]!.schedule.length}${races[0]!.shortest ? '' : '?'}`,
    ...(options.times ? [ms.toFixed(0), String(Math.round(states / Math.max(ms, 0.001)) * 1000)] : []),
  ])
  return columns([options.times ? [...head, 'ms', 'states/s'] : head, ...rows], 3)
}

/** Sets rows in columns; from column `right` on they are numbers, flush right. */
export function columns(rows: readonly (readonly string[])[], right: number): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)))
  return rows
    .map(row =>
      row
        .map((cell, i) => (i < right ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
