import { BEYOND_ASCII, scratchFor } from './large_text.ts'

/** What an open bracket is closed by, together with what is known of what stands in it. */
type Open = number
/** Inside a function, where `return` may stand. */
const IN_FUNCTION = 256
/** The parenthesis of `if (…)`, `for (…)` and their like: a brace after it opens a block, not a function. */
const IS_CONTROL = 512
const closeOf = (open: Open): number => open & 255

const WIDE_SPACE = /[^\S\t\n\v\f\r ]/
/** A word of small letters as a number: words are compared often, and making strings of bytes is slow. */
const keyOf = (word: string): number => [...word].reduce((key, letter) => key * 32 + (letter.charCodeAt(0) & 31), 0)
const keysOf = (words: string): ReadonlySet<number> => new Set(words.split(' ').map(keyOf))

const CONTROL = keysOf('if for await while switch catch with')
const BEFORE_REGEXP = keysOf('return typeof case in of else do void delete throw await yield instanceof')
const RETURN = keyOf('return')
const LONGEST_KEY = 'instanceof'.length

/** The key of the word that ends at `last`; 0 for what is no word of small letters by itself. */
function wordAt(text: Uint8Array, last: number): number {
  if (last < 0) return 0
  let start = last
  while (start > 0 && isIdentifierPart(text[start - 1]!)) start--
  if (last - start >= LONGEST_KEY || text[start - 1] === 46) return 0
  let key = 0
  for (let at = start; at <= last; at++) {
    const char = text[at]!
    if (char < 97 || char > 122) return 0
    key = key * 32 + (char & 31)
  }
  return key
}

const END = 0
const NEWLINE = 10
const QUOTE = 39
const DOUBLE_QUOTE = 34
const BACKQUOTE = 96
const BACKSLASH = 92
const SLASH = 47
const STAR = 42
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const OPEN_PAREN = 40
const CLOSE_PAREN = 41
const DOLLAR = 36
const LETTER_R = 114

const tableOf = (characters: readonly number[]): Uint8Array => {
  const table = new Uint8Array(256)
  for (const char of characters) table[char] = 1
  return table
}
/** Within a function only its end matters. */
const MATTERS_INSIDE = tableOf([END, QUOTE, DOUBLE_QUOTE, SLASH, BACKQUOTE, OPEN_BRACE, CLOSE_BRACE])
const MATTERS_OUTSIDE = tableOf([
  ...[END, QUOTE, DOUBLE_QUOTE, SLASH, BACKQUOTE, OPEN_BRACE, CLOSE_BRACE],
  ...[OPEN_PAREN, CLOSE_PAREN, LETTER_R],
])

/** Bytes are read several times as fast as the characters of a string. An `END` stands behind the last. */
function bytesOf(source: string, isPlain: boolean): Uint8Array {
  const most = (isPlain ? 1 : 3) * source.length + 1
  const room = scratchFor(most)
  const length = room.write(source, isPlain ? 'latin1' : 'utf8')
  room[length] = END
  return room.subarray(0, length + 1)
}

/**
 * Could a `return` stand outside of every function? The generator function around a module would let it pass. Reads brackets, strings and
 * comments only, in a small part of the time of a parse, and errs on the side of yes: then the engine is asked.
 */
export function mayReturnOutside(source: string): boolean {
  const isPlain = !BEYOND_ASCII.test(source)
  const text = bytesOf(source, isPlain)
  // What is beyond ASCII is a part of a name, a string or a comment; or else it is white space, which the bytes do not show.
  if (!isPlain && WIDE_SPACE.test(source)) return true
  const stack: Open[] = []
  let top: Open = 0
  let closedControl = false
  /** Where the last comment ends, and what stands before it. */
  let commentEnd = 0
  let beforeComment = -1
  /** Offset of the last character before `at` that is neither space nor comment. */
  const lastBefore = (at: number): number => {
    let last = at - 1
    while (last >= commentEnd && text[last]! <= 32) last--
    return last < commentEnd ? beforeComment : last
  }
  for (let at = 0; ; at++) {
    const matters = top & IN_FUNCTION ? MATTERS_INSIDE : MATTERS_OUTSIDE
    while (matters[text[at]!] === 0) at++
    const char = text[at]!
    switch (char) {
      case END:
        if (at === text.length - 1) return stack.length > 0
        break
      case QUOTE:
      case DOUBLE_QUOTE:
        at = endOfString(text, at, char)
        if (at === -1) return true
        break
      case SLASH: {
        const next = text[at + 1]
        const last = lastBefore(at)
        if (next === SLASH || next === STAR) {
          const end = next === SLASH ? endOfLine(text, at) : endOfComment(text, at + 2)
          if (end === -1) return true
          beforeComment = last
          commentEnd = end
          at = end - 1
          break
        }
        const before = last === -1 ? 0 : text[last]!
        if (before === CLOSE_BRACE) return true
        if (isOperandEnd(before) && !BEFORE_REGEXP.has(wordAt(text, last))) break
        at = endOfRegexp(text, at)
        if (at === -1) return true
        break
      }
      case BACKQUOTE:
        stack.push(top)
        top = BACKQUOTE | (top & IN_FUNCTION)
        at = endOfTemplateText(text, at)
        if (at === -1) return true
        if (text[at] === BACKQUOTE) top = stack.pop()!
        else {
          stack.push(top)
          top = DOLLAR | (top & IN_FUNCTION)
        }
        break
      case OPEN_PAREN:
        stack.push(top)
        top = CLOSE_PAREN | (CONTROL.has(wordAt(text, lastBefore(at))) ? IS_CONTROL : 0)
        break
      case CLOSE_PAREN:
        if (closeOf(top) !== CLOSE_PAREN) return true
        closedControl = (top & IS_CONTROL) !== 0
        top = stack.pop()!
        break
      case OPEN_BRACE: {
        let inFunction = top & IN_FUNCTION
        if (inFunction === 0) {
          const last = lastBefore(at)
          const before = last === -1 ? 0 : text[last]!
          if (before === CLOSE_PAREN && !closedControl) {
            // On a line of its own it might be a block after a call.
            if (text.lastIndexOf(NEWLINE, at) > last) return true
            inFunction = IN_FUNCTION
          } else if (before === 62 && text[last - 1] === 61) inFunction = IN_FUNCTION
        }
        stack.push(top)
        top = CLOSE_BRACE | inFunction
        break
      }
      case CLOSE_BRACE:
        if (closeOf(top) === CLOSE_BRACE) {
          top = stack.pop()!
          break
        }
        if (closeOf(top) !== DOLLAR) return true
        top = stack.pop()!
        at = endOfTemplateText(text, at)
        if (at === -1) return true
        if (text[at] === BACKQUOTE) top = stack.pop()!
        else {
          stack.push(top)
          top = DOLLAR | (top & IN_FUNCTION)
        }
        break
      default:
        if (!isIdentifierPart(text[at + 6]!) && wordAt(text, at + 5) === RETURN) return true
    }
  }
}

const isIdentifierPart = (char: number): boolean =>
  (char >= 97 && char <= 122) ||
  (char >= 65 && char <= 90) ||
  (char >= 48 && char <= 57) ||
  char === 95 ||
  char === DOLLAR ||
  char > 127

/** After an identifier, a number, a string or a closing bracket a slash divides. */
const isOperandEnd = (char: number): boolean =>
  isIdentifierPart(char) ||
  char === CLOSE_PAREN ||
  char === 93 ||
  char === QUOTE ||
  char === DOUBLE_QUOTE ||
  char === BACKQUOTE

function endOfString(text: Uint8Array, start: number, quote: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!
    if (char === quote) return at
    if (char === BACKSLASH) at++
    else if (char === NEWLINE) return -1
  }
  return -1
}

function endOfRegexp(text: Uint8Array, start: number): number {
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
function endOfLine(text: Uint8Array, start: number): number {
  const end = indexOf.call(text, NEWLINE, start)
  return end === -1 ? text.length - 1 : end
}

function endOfComment(text: Uint8Array, start: number): number {
  for (let at = indexOf.call(text, STAR, start); at !== -1; at = indexOf.call(text, STAR, at + 1))
    if (text[at + 1] === SLASH) return at + 2
  return -1
}

/** The offset of the closing backquote, or of the brace of `${`. */
function endOfTemplateText(text: Uint8Array, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!
    if (char === BACKQUOTE) return at
    if (char === BACKSLASH) at++
    else if (char === DOLLAR && text[at + 1]! === OPEN_BRACE) return at + 1
  }
  return -1
}
