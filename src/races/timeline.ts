import type { Model } from './model.ts'
import { type Replay, replay } from './replay.ts'

/** A schedule for people: one line a step, one column a CPU, what went wrong below. */
export function timeline(model: Model, seed: string): string {
  const run = replay(model, seed)
  const used = model.columns.map((_, column) => run.steps.some(step => step.column === column))
  const columns = model.columns.map((name, i) => ({ name, i })).filter(({ i }) => used[i])
  const widths = columns.map(({ name, i }) =>
    Math.max(name.length, ...run.steps.filter(step => step.column === i).map(step => step.text.length)),
  )
  const row = (number: string, cells: readonly string[]) =>
    `${number.padStart(3)}  ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join('   ')}`.trimEnd()
  const lines = [
    row(
      '',
      columns.map(({ name }) => name),
    ),
    row(
      '',
      widths.map(width => '-'.repeat(width)),
    ),
  ]
  run.steps.forEach((step, n) => {
    lines.push(
      row(
        String(n + 1),
        columns.map(({ i }) => (i === step.column ? step.text : '')),
      ),
    )
  })
  lines.push(ending(run))
  return lines.join('\n')
}

function ending({ violation }: Replay): string {
  return violation === undefined ? '  => nothing goes wrong' : `  => ${violation.kind}: ${violation.what}`
}
