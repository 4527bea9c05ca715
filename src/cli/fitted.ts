/** Where the names of the columns stand; above them is what counts all. */
export const HEADING = 2

/**
 * What a terminal has room for, if it says so: what is wider would wrap, and what is longer would push the heading out at the top.
 *
 * @param size characters and lines; 0 where nobody knows
 */
export function fitted(
  lines: readonly string[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): readonly string[] {
  // The cursor stands on a line of its own.
  const room = rows > 0 ? Math.max(HEADING + 2, rows - 1) : lines.length
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `and ${lines.length - room + 1} more`]
  return columns > 0 ? shown.map(line => line.slice(0, columns)) : shown
}
