const NAME = String.raw`[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*`
const ASSIGNED = new RegExp(
  String.raw`(?<![\w$\u0080-\uffff])(${NAME})\s*(?:=(?![=>])|(?:[-+*/%&|^]|\*\*|<<|>>>?|&&|\|\||\?\?)=(?!=)|\+\+|--)`,
  'g',
)
const PREFIXED = new RegExp(String.raw`(?:\+\+|--)\s*(${NAME})`, 'g')
const PATTERN_END = /[\]}]\s*=(?![=>])/g
const FOR_HEAD = /\bfor\s*(?:await\s*)?\(\s*(?!(?:const|let|var)\b)([^;)]*?)\s+(?:of|in)\b/g
const DECLARED = /\b(?:const|let|var)\s+$/

/**
 * Could the text assign to one of these names other than where it declares it? Errs on the side of yes: comments, strings, inner
 * variables of the same name and declarations after a comma all count. A yes costs a parse, a wrong no would leave importers with a stale value.
 */
export function assignsAny(text: string, names: ReadonlySet<string>): boolean {
  if (names.size === 0) return false
  for (const { 1: name, index } of text.matchAll(ASSIGNED)) {
    if (!names.has(name!)) continue
    if (text[index - 1] === '.' && text[index - 2] !== '.') continue
    if (!DECLARED.test(text.slice(Math.max(0, index - 16), index))) return true
  }
  for (const { 1: name } of text.matchAll(PREFIXED)) if (names.has(name!)) return true
  for (const { index } of text.matchAll(PATTERN_END)) if (patternAssigns(text, index, names)) return true
  for (const { 1: head } of text.matchAll(FOR_HEAD)) if (mentions(head!, names)) return true
  return false
}

const mentions = (text: string, names: ReadonlySet<string>): boolean => {
  for (const [name] of text.matchAll(new RegExp(NAME, 'g'))) if (names.has(name)) return true
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
