const NOT_SPACE = /\S/g

/**
 * Puts back the semicolons that end types: the compiler blanks them with the type. Whoever writes semicolons only where a line begins with `[` or `(` has one there, and without it
 * `;[1, 2].forEach(f)` would go on with the statement before the type, as would `['name'] = 1` in a class with the field before.
 *
 * A semicolon within a type is followed by more of the type, which is blank in `code`; one that ends it is followed by what stands in both.
 *
 * @param text what the author wrote
 * @param code the same with blanks in the place of types
 */
export function withStatementEnds(text: string, code: string): string {
  if (code.length !== text.length) return code
  let out = ''
  let done = 0
  for (let at = text.indexOf(';'); at !== -1; at = text.indexOf(';', at + 1)) {
    if (code[at] === ';' || isInLineComment(text, at)) continue
    NOT_SPACE.lastIndex = at + 1
    const next = NOT_SPACE.exec(text)?.index
    if (next === undefined || code[next] !== text[next]) continue
    out += `${code.slice(done, at)};`
    done = at + 1
  }
  return out + code.slice(done)
}

/** Or behind what looks like one, in a string: then nothing is put back. */
const isInLineComment = (text: string, at: number): boolean =>
  text.slice(text.lastIndexOf('\n', at) + 1, at).includes('//')
