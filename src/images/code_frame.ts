const CONTEXT_LINES = 2
const MAX_WIDTH = 160

/**
 * The lines around a place, with a caret under it.
 *
 * @param line counts from 1
 * @param column counts from 1
 * @example
 * console.log(codeFrame('let a = 1\nlet b = ;', 2, 9))
 * //   1 | let a = 1
 * // > 2 | let b = ;
 * //     |         ^
 */
export function codeFrame(text: string, line: number, column: number): string {
  const lines = text.split('\n')
  const first = Math.max(1, line - CONTEXT_LINES)
  const last = Math.min(lines.length, line + CONTEXT_LINES)
  const gutter = String(last).length
  // A minified line is longer than any screen: show the part around the place.
  const from = column > MAX_WIDTH ? column - MAX_WIDTH / 2 : 0
  const out: string[] = []
  for (let n = first; n <= last; n++) {
    const shown = (lines[n - 1] ?? '').replace(/\r$/, '').slice(from, from + MAX_WIDTH)
    out.push(`${n === line ? '>' : ' '} ${String(n).padStart(gutter)} | ${shown}`.trimEnd())
    if (n === line) {
      const before = (lines[n - 1] ?? '').slice(from, column - 1).replace(/[^\t]/g, ' ')
      out.push(`  ${' '.repeat(gutter)} | ${before}^`)
    }
  }
  return out.join('\n')
}
