/**
 * Shell patterns as POSIX fnmatch() without flags has them: `*`, `?`, `[..]` and `\` before a character that shall
 * stand for itself. A slash or a leading dot is a character like any other, so `http:GET:/*` matches every path.
 */

/** One element of a pattern that matches exactly one character out of several. */
export interface CharSet {
  /** Where the pattern goes on after the element. */
  readonly end: number
  has(codePoint: number): boolean
}

export const STAR = 42
export const QUESTION = 63
export const OPEN = 91
export const BACKSLASH = 92
const CLOSE = 93
const MINUS = 45
const BANG = 33
const CARET = 94

const CLASSES: Readonly<Record<string, RegExp>> = {
  alpha: /[A-Za-z]/,
  digit: /[0-9]/,
  alnum: /[A-Za-z0-9]/,
  upper: /[A-Z]/,
  lower: /[a-z]/,
  space: /[ \t-\r]/,
  blank: /[ \t]/,
  punct: /[!-/:-@[-`{-~]/,
  print: /[ -~]/,
  graph: /[!-~]/,
  cntrl: /\p{Cc}/u,
  xdigit: /[0-9A-Fa-f]/,
}

/** Does the character stand for itself, wherever it is in a pattern? */
export function isPlain(c: number): boolean {
  return c !== STAR && c !== QUESTION && c !== OPEN && c !== BACKSLASH
}

/** A character beyond the basic plane takes two places of a string, and `?` matches it as one. */
export function widthAt(text: string, at: number): 1 | 2 {
  const unit = text.charCodeAt(at)
  if (unit < 0xd800 || unit > 0xdbff) return 1
  const low = text.charCodeAt(at + 1)
  return low >= 0xdc00 && low <= 0xdfff ? 2 : 1
}

/** Where the bracket that opens at `at` ends, or -1 when nothing closes it: then `[` is an ordinary character. */
function bracketEnd(pattern: string, at: number): number {
  let i = at + 1
  const first = pattern.charCodeAt(i)
  if (first === BANG || first === CARET) i++
  // A closing bracket in first place is a member of the set.
  if (pattern.charCodeAt(i) === CLOSE) i++
  for (; i < pattern.length; i++) {
    const c = pattern.charCodeAt(i)
    if (c === CLOSE) return i
    if (c === BACKSLASH) i++
    else if (c === OPEN && pattern[i + 1] === ':') {
      const close = pattern.indexOf(':]', i + 2)
      if (close !== -1) i = close + 1
    }
  }
  return -1
}

/** Reads the bracket expression that opens at `at`; undefined when it is never closed. */
export function charSet(pattern: string, at: number): CharSet | undefined {
  const close = bracketEnd(pattern, at)
  if (close === -1) return undefined
  let i = at + 1
  const negated = pattern.charCodeAt(i) === BANG || pattern.charCodeAt(i) === CARET
  if (negated) i++
  const classes: RegExp[] = []
  const ranges: (readonly [low: number, high: number])[] = []
  const member = (): number => {
    if (pattern.charCodeAt(i) === BACKSLASH && i + 1 < close) i++
    const codePoint = pattern.codePointAt(i)!
    i += codePoint > 0xffff ? 2 : 1
    return codePoint
  }
  while (i < close) {
    const classEnd = pattern.startsWith('[:', i) ? pattern.indexOf(':]', i + 2) : -1
    if (classEnd !== -1 && classEnd < close) {
      const named = CLASSES[pattern.slice(i + 2, classEnd)]
      if (named) classes.push(named)
      i = classEnd + 2
      continue
    }
    const low = member()
    if (pattern.charCodeAt(i) === MINUS && i + 1 < close) {
      i++
      ranges.push([low, member()])
    } else ranges.push([low, low])
  }
  return {
    end: close + 1,
    has: codePoint =>
      (ranges.some(([low, high]) => low <= codePoint && codePoint <= high) ||
        classes.some(named => named.test(String.fromCodePoint(codePoint)))) !== negated,
  }
}

/** The first place of `text` from `t` on where the element at `p` has a chance; -1 for none. */
function skipTo(pattern: string, p: number, text: string, t: number): number {
  return isPlain(pattern.charCodeAt(p)) ? text.indexOf(pattern.charAt(p), t) : t
}

/** Does the rest of `pattern` from `p` match the rest of `text` from `t`, all of it? */
export function fnmatch(pattern: string, text: string, p = 0, t = 0): boolean {
  // Only the last star needs to be tried again: what an earlier one takes can never help a later one.
  let afterStar = -1
  let starText = 0
  for (;;) {
    if (p === pattern.length) {
      if (t === text.length) return true
    } else {
      const c = pattern.charCodeAt(p)
      if (c === STAR) {
        afterStar = ++p
        if (p === pattern.length) return true
        starText = t = skipTo(pattern, p, text, t)
        if (t === -1) return false
        continue
      }
      // From here on every element takes one character, and a later start of the star would leave even fewer.
      if (t === text.length) return false
      let next = -1
      let width = 1
      if (c === QUESTION) {
        next = p + 1
        width = widthAt(text, t)
      } else if (c === BACKSLASH) {
        if (p + 1 < pattern.length && pattern.charCodeAt(p + 1) === text.charCodeAt(t)) next = p + 2
      } else if (c === OPEN) {
        const set = charSet(pattern, p)
        if (set === undefined) {
          if (text.charCodeAt(t) === OPEN) next = p + 1
        } else if (set.has(text.codePointAt(t)!)) {
          next = set.end
          width = widthAt(text, t)
        }
      } else if (c === text.charCodeAt(t)) next = p + 1
      if (next !== -1) {
        p = next
        t += width
        continue
      }
    }
    if (afterStar === -1) return false
    starText = skipTo(pattern, afterStar, text, starText + widthAt(text, starText))
    if (starText === -1) return false
    p = afterStar
    t = starText
  }
}

/**
 * The spelling under which names, aliases and patterns are compared: `-` is `_`, except between brackets, where it
 * makes a range.
 */
export function fold(alias: string): string {
  if (!alias.includes('-')) return alias
  if (!alias.includes('[')) return alias.replaceAll('-', '_')
  return alias.replace(/\[[^\]]*\]|-/g, part => (part === '-' ? '_' : part))
}

/**
 * Is there a bracket that nothing opens or closes? A pair ends at its first `]`, whatever stands before that, and inside of it another `[` is a
 * character. kmod takes no such name and leaves out such a pattern, even where fnmatch would understand it.
 */
export const hasLooseBracket = (text: string): boolean =>
  /[[\]]/.test(text) && /[[\]]/.test(text.replace(/\[[^\]]*\]/g, ''))

/** Why a text is no proper pattern; undefined when it is one. What is wrong in a pattern would never match. */
export function patternFault(pattern: string): string | undefined {
  if (pattern === '') return 'empty pattern'
  if (/[\0\r\n]/.test(pattern)) return 'line break in pattern'
  if (hasLooseBracket(pattern)) return 'unmatched bracket'
  if (/(?<!\\)(?:\\\\)*\\$/.test(pattern)) return 'nothing after the last backslash'
  return undefined
}
