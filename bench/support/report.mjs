import { formatTable } from './table.mjs'

/**
 * One row of a bench's result: what was measured, the figure, its unit (`x` for a ratio), and what it has to be, if anything: `{ atMost }`, `{ atLeast }`
 * or `{ below }`.
 */
export function row(what, figure, unit, { atMost, atLeast, below } = {}) {
  const made = { what, figure, unit }
  if (atMost !== undefined) return { ...made, goal: `<= ${atMost}`, met: figure <= atMost }
  if (below !== undefined) return { ...made, goal: `< ${below}`, met: figure < below }
  if (atLeast !== undefined) return { ...made, goal: `>= ${atLeast}`, met: figure >= atLeast }
  return made
}

/** Four significant digits, as a ratio or a time needs; whole numbers as they are. */
export const digits = figure => (Number.isInteger(figure) ? String(figure) : String(Number(figure.toPrecision(4))))

/**
 * Prints what a bench found: a table for people, or with `json` one line `{ bench, node, rows, … }` for programs. The exit code stays 0 when a goal is missed:
 * a figure is no test.
 */
export function report({ bench, rows, ...more }, { json = false } = {}) {
  if (json) {
    console.log(JSON.stringify({ bench, node: process.version, rows, ...more }))
    return
  }
  const cells = rows.map(({ what, figure, unit, goal = '', met }) => [
    what,
    digits(figure),
    unit,
    goal,
    met === undefined ? '' : met ? 'yes' : 'NO',
  ])
  console.log(`Node ${process.version}\n`)
  console.log(formatTable([['', 'figure', 'unit', 'goal', 'met'], ...cells]))
}
