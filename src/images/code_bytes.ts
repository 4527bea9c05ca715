/** Code as bytes: its characters, words, and where what begins at a place ends. An `END` stands behind the last byte; beyond ASCII everything is a part of a name. */

export const END = 0
export const NEWLINE = 10
export const QUOTE = 39
export const DOUBLE_QUOTE = 34
export const BACKQUOTE = 96
export const BACKSLASH = 92
export const SLASH = 47
export const SPACE = 32
export const HASH = 35
export const PLUS = 43
export const DOT = 46
export const SEMICOLON = 59
export const LESS = 60
export const EQUALS = 61
export const GREATER = 62
export const MINUS = 45
export const STAR = 42
export const OPEN_BRACE = 123
export const CLOSE_BRACE = 125
export const OPEN_PAREN = 40
export const CLOSE_PAREN = 41
export const DOLLAR = 36
export const LETTER_R = 114

export const isIdentifierPart = (char: number): boolean =>
  (char >= 97 && char <= 122) ||
  (char >= 65 && char <= 90) ||
  (char >= 48 && char <= 57) ||
  char === 95 ||
  char === DOLLAR ||
  char > 127

/** After an identifier, a number, a string or a closing bracket a slash divides. */
export const isOperandEnd = (char: number): boolean =>
  isIdentifierPart(char) ||
  char === CLOSE_PAREN ||
  char === 93 ||
  char === QUOTE ||
  char === DOUBLE_QUOTE ||
  char === BACKQUOTE

/** A word of small letters as a number: words are compared often, and making strings of bytes is slow. */
export const keyOf = (word: string): number =>
  [...word].reduce((key, letter) => key * 32 + (letter.charCodeAt(0) & 31), 0)
export const keysOf = (words: string): ReadonlySet<number> => new Set(words.split(' ').map(keyOf))

const LONGEST_KEY = 'instanceof'.length

/** The key of the word that ends at `last`; 0 for what is no word of small letters by itself. */
export function wordAt(text: Uint8Array, last: number): number {
  if (last < 0) return 0
  const start = startOfName(text, last)
  if (last - start >= LONGEST_KEY || text[start - 1] === 46) return 0
  let key = 0
  for (let at = start; at <= last; at++) {
    const char = text[at]!
    if (char < 97 || char > 122) return 0
    key = key * 32 + (char & 31)
  }
  return key
}

/** The offset of the word that ends at `last`. */
export function startOfName(text: Uint8Array, last: number): number {
  let start = last
  while (start > 0 && isIdentifierPart(text[start - 1]!)) start--
  return start
}

/** Of the name at `at`; of a longer one than any keyword no more than that it is longer. */
export function lengthOfName(text: Uint8Array, at: number): number {
  let end = at
  while (end - at <= LONGEST_KEY && isIdentifierPart(text[end]!)) end++
  return end - at
}

export function endOfName(text: Uint8Array, at: number): number {
  while (isIdentifierPart(text[at + 1]!)) at++
  return at
}

/** Comments are no space here: what stands behind one is not found, and then neither by `NEEDS_PARSER`. */
export function skipSpace(text: Uint8Array, at: number): number {
  while (text[at]! <= 32 && text[at] !== END) at++
  return at
}

/** Spaces and tabs: `async` stands on one line with what it belongs to. */
export function skipBack(text: Uint8Array, last: number): number {
  while (text[last] === SPACE || text[last] === 9) last--
  return last
}

export function endOfString(text: Uint8Array, start: number, quote: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!
    if (char === quote) return at
    if (char === BACKSLASH) at++
    else if (char === NEWLINE) return -1
  }
  return -1
}

export function endOfRegexp(text: Uint8Array, start: number): number {
  let inClass = false
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!
    if (char === BACKSLASH) at++
    else if (char === NEWLINE) return -1
    else if (char === 91) inClass = true
    else if (char === 93) inClass = false
    else if (char === SLASH && !inClass) return at
  }
  return -1
}

/** Of the engine: that of a Buffer looks at what it is given first, which takes longer than to the end of a line. */
const { indexOf } = Uint8Array.prototype

/** The offset of the line end, or of the end of the text. */
export function endOfLine(text: Uint8Array, start: number): number {
  const end = indexOf.call(text, NEWLINE, start)
  return end === -1 ? text.length - 1 : end
}

export function endOfComment(text: Uint8Array, start: number): number {
  for (let at = indexOf.call(text, STAR, start); at !== -1; at = indexOf.call(text, STAR, at + 1))
    if (text[at + 1] === SLASH) return at + 2
  return -1
}

/** The offset of the closing backquote, or of the brace of `${`. */
export function endOfTemplateText(text: Uint8Array, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!
    if (char === BACKQUOTE) return at
    if (char === BACKSLASH) at++
    else if (char === DOLLAR && text[at + 1]! === OPEN_BRACE) return at + 1
  }
  return -1
}
