/**
 * What stands before a declaration. `end` is a place where a statement can follow on the same line, `brace` one where it depends on what the
 * brace closes, `line` a line end after something else, where a semicolon may be inserted, and `inside` all others.
 */
export type Before = 'end' | 'brace' | 'line' | 'inside'

const NOT_A_STATEMENT_END = /[:*]$|\b(?:else|do)$/

/**
 * Tells whether a statement can begin at an offset, by the text before it. Import and export declarations are blanked, and what is
 * left must not make sense of a text that made none, such as `if (x) import 'y'`. Unsure means `inside`.
 */
export function standsAfter(text: string, start: number): Before {
  let sawLineEnd = false
  let at = start - 1
  for (;;) {
    for (; at >= 0 && isSpace(text.charCodeAt(at)); at--) if (isLineEnd(text.charCodeAt(at))) sawLineEnd = true
    if (at < 0) return 'end'
    if (text.endsWith('*/', at + 1)) {
      const open = text.lastIndexOf('/*', at - 3)
      if (open === -1) return 'inside'
      if (/[\r\n]/.test(text.slice(open, at))) sawLineEnd = true
      at = open - 1
      continue
    }
    // A comment on the same line would go on over what stands at `start`.
    if (!sawLineEnd) break
    const line = text.lastIndexOf('\n', at) + 1
    if (line === at) break
    const comment = line === 0 && text.startsWith('#!') ? 0 : text.slice(line, at + 1).indexOf('//')
    if (comment === -1) break
    at = line + comment - 1
  }
  const char = text[at]
  if (char === ';') return 'end'
  if (char === '}') return sawLineEnd ? 'line' : 'brace'
  if (!sawLineEnd) return 'inside'
  if (char === ')') return closesCall(text, at) ? 'line' : 'inside'
  return NOT_A_STATEMENT_END.test(text.slice(Math.max(0, at - 8), at + 1)) ? 'inside' : 'line'
}

/** With these in a line nothing can be said of its parentheses: what a template, a comment, a regular expression or an escape holds is not told apart. */
const UNCLEAR = /[`/\\]/
const STRING = /'[^']*'|"[^"]*"/g
const CALLEE = /[\p{ID_Continue}$.]+$/u
const HEAD = /^(?:if|for|while|with|switch|catch|await|function)$/
/** A name after these is that of a function, whose body is still to come. */
const MAY_NAME = /(?:\bfunction|[*/])$/

/**
 * Is the parenthesis that is closed at `close` that of a call, and not of the head of a statement or a function? Only where the line that it ends says so by itself.
 * That line ends in code, so that it also begins there when it holds no delimiter of anything that goes over several lines.
 */
function closesCall(text: string, close: number): boolean {
  const start = Math.max(text.lastIndexOf('\n', close), text.lastIndexOf('\r', close)) + 1
  const line = text.slice(start, close + 1)
  if (UNCLEAR.test(line)) return false
  const code = line.replace(STRING, string => ' '.repeat(string.length))
  if (/['"]/.test(code)) return false
  let depth = 0
  let open = code.length
  do {
    open--
    if (code[open] === ')') depth++
    else if (code[open] === '(') depth--
  } while (open > 0 && depth > 0)
  const callee = depth === 0 ? CALLEE.exec(code.slice(0, open))?.[0] : undefined
  // What stands in parentheses behind an arrow or an equals sign is all of a value.
  if (callee === undefined) return depth === 0 && /=>?\s*$/.test(code.slice(0, open))
  if (HEAD.test(callee)) return false
  return (
    callee.includes('.') ||
    !MAY_NAME.test(
      text
        .slice(0, start + open - callee.length)
        .trimEnd()
        .slice(-16),
    )
  )
}

const isLineEnd = (char: number): boolean => char === 10 || char === 13 || char === 0x2028 || char === 0x2029

const isSpace = (char: number): boolean => char === 32 || (char >= 9 && char <= 13) || char === 0xa0 || char === 0xfeff

const STATEMENT_END = /[ \t]*(?:$|[;\r\n]|\/\/)/y

/** Does a statement that ends here need nothing more to end? */
export function endsAt(text: string, end: number): boolean {
  STATEMENT_END.lastIndex = end
  return STATEMENT_END.test(text)
}
