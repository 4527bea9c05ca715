const NAME = /[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/g
const FOR_HEAD = /\bfor\s*(?:await\s*)?\(\s*(?!(?:const|let|var)\b)([^;)]*?)\s+(?:of|in)\b/g
const DECLARED = /\b(?:const|let|var)\s+$/

/**
 * Could the text assign to one of these names other than where it declares it? Errs on the side of yes: comments, strings, inner
 * variables of the same name and declarations after a comma all count. A yes costs a parse, a wrong no would leave importers with a stale value.
 *
 * Goes from operator to operator, which are far fewer than names.
 *
 * @param isBare there are no comments in it, and nothing in its strings, templates and regular expressions
 */
export function assignsAny(text: string, names: ReadonlySet<string>, isBare = false): boolean {
  if (names.size === 0) return false
  for (let at = text.indexOf('='); at !== -1; at = text.indexOf('=', at + 1))
    if (!isComparison(text, at) && assigns(text, beforeOperator(text, at), names, isBare)) return true
  for (const operator of ['++', '--'])
    for (let at = text.indexOf(operator); at !== -1; at = text.indexOf(operator, at + 2))
      if ((!(isBare && isPrefix(text, at)) && assigns(text, at, names, isBare)) || updates(text, at + 2, names))
        return true
  for (const { 1: head } of text.matchAll(FOR_HEAD)) if (mentions(head!, names)) return true
  return false
}

/** The `=` is a part of `==`, `!==`, `<=`, `=>` and the like. */
function isComparison(text: string, at: number): boolean {
  const next = text[at + 1]
  if (next === '=' || next === '>') return true
  const last = text[at - 1]
  return last === '=' || last === '!' || ((last === '<' || last === '>') && text[at - 2] !== last)
}

/** Where the operator begins whose last character is the `=` at `at`. */
function beforeOperator(text: string, at: number): number {
  while ('-+*/%&|^?<>'.includes(text[at - 1] ?? ' ') && !isCommentEnd(text, at)) at--
  return at
}

const isCommentEnd = (text: string, end: number): boolean => text[end - 1] === '/' && text[end - 2] === '*'

const isNamePart = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x5f ||
  code === 0x24 ||
  code >= 0x80

/** Does the `++` or `--` at `at` belong to what follows? That is so when nothing stands before it on its line: what it follows must stand there. */
function isPrefix(text: string, at: number): boolean {
  let before = at
  while (text[before - 1] === ' ' || text[before - 1] === '\t') before--
  return before === 0 || text[before - 1] === '\n' || text[before - 1] === '\r'
}

/** Is what stands before an assignment operator one of the names, or could it be? */
function assigns(text: string, operator: number, names: ReadonlySet<string>, isBare: boolean): boolean {
  let end = operator
  while (text[end - 1] === ' ' || text[end - 1] === '\t' || (isBare && /[\r\n]/.test(text[end - 1] ?? ''))) end--
  const last = text[end - 1]
  // Comments may end here, and any target may stand in parentheses: let the parser see.
  if (last === '\n' || last === '\r' || last === ')' || isCommentEnd(text, end)) return true
  if (last === ']' || last === '}') return patternAssigns(text, end - 1, names)
  let start = end
  while (start > 0 && isNamePart(text.charCodeAt(start - 1))) start--
  if (!names.has(text.slice(start, end))) return false
  if (text[start - 1] === '.' && text[start - 2] !== '.') return false
  return !DECLARED.test(text.slice(Math.max(0, start - 16), start))
}

const PREFIXED = new RegExp(String.raw`\s*(?:(${NAME.source})|[(/])`, 'y')

/** Is what stands after `++` or `--` one of the names, or could it be? */
function updates(text: string, after: number, names: ReadonlySet<string>): boolean {
  PREFIXED.lastIndex = after
  const found = PREFIXED.exec(text)
  return found !== null && (found[1] === undefined || names.has(found[1]))
}

const mentions = (text: string, names: ReadonlySet<string>): boolean => {
  for (const [name] of text.matchAll(NAME)) if (names.has(name)) return true
  return false
}

const LONGEST_PATTERN = 2000
const KEYWORD = /\b(?:return|yield|await|typeof|case|in|of|else|do|void|delete|throw)$/

/** `text[close]` ends either a destructuring pattern or, as in `list[i] = 1`, a property access. */
function patternAssigns(text: string, close: number, names: ReadonlySet<string>): boolean {
  let depth = 0
  for (let at = close; at >= 0 && close - at < LONGEST_PATTERN; at--) {
    const char = text[at]!
    if (char === ']' || char === '}' || char === ')') depth++
    else if (char === '[' || char === '{' || char === '(') depth--
    if (depth !== 0) continue
    const before = text.slice(Math.max(0, at - 16), at)
    if (DECLARED.test(before)) return false
    if (char === '[' && /[\w$)\]]$/.test(before) && !KEYWORD.test(before)) return false
    return mentions(text.slice(at, close), names)
  }
  return true
}
