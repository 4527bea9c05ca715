/** Comments, and texts in which something may look like one. */
const COMMENT_OR_TEXT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g

const ESCAPED = /[\\^$.*+?()[\]{}|]/g

/**
 * Where the name stands that a statement imports or passes on, as Node marks it; where the statement begins when it is not seen there.
 *
 * @param offset of the statement, or of the name itself
 */
export function placeOfImport(text: string, offset: number, name: string): number {
  const statement = text.slice(offset)
  if (!/^(?:import|export)\b/.test(statement)) return offset
  // What the statement says before the module that it names: comments become blanks, other texts stay, since a name may be one.
  let end = statement.length
  const clause = statement.replace(COMMENT_OR_TEXT, (piece, at: number) => {
    if (piece[0] === '/') return ' '.repeat(piece.length)
    if (at < end && /\b(?:from|import)\s*$/.test(statement.slice(0, at))) end = at
    return piece
  })
  const before = clause.slice(0, end)
  const byDefault = /^import\s+(?:type\s+)?(?!type\b)(?=[^\s{*"'])/.exec(before)
  if (name === 'default' && byDefault) return offset + byDefault[0].length
  const escaped = name.replace(ESCAPED, '\\$&')
  const found = new RegExp(
    `(?<=[{,]\\s*(?:type\\s+)?)(?:${escaped}(?![\\p{ID_Continue}$])|["']${escaped}["'])`,
    'u',
  ).exec(before)
  return found ? offset + found.index : offset
}
