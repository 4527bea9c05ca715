import {
  BACKQUOTE,
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_PAREN,
  DOLLAR,
  DOT,
  DOUBLE_QUOTE,
  END,
  EQUALS,
  endOfComment,
  endOfLine,
  endOfName,
  endOfRegexp,
  endOfString,
  endOfTemplateText,
  GREATER,
  HASH,
  isIdentifierPart,
  isOperandEnd,
  keyOf,
  keysOf,
  LESS,
  LETTER_R,
  lengthOfName,
  MINUS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_PAREN,
  PLUS,
  QUOTE,
  SEMICOLON,
  SLASH,
  SPACE,
  STAR,
  skipBack,
  skipSpace,
  startOfName,
  wordAt,
} from './code_bytes.ts'
import { scratchFor } from './large_text.ts'

/** What an open bracket is closed by, together with what is known of what stands in it. */
type Open = number
/** Inside a function, where `return` may stand. */
const IN_FUNCTION = 256
/** The parenthesis of `if (…)`, `for (…)` and their like: a brace after it opens a block, not a function. */
const IS_CONTROL = 512
/** The parenthesis behind a name, that of `function` included: a brace after it opens a function which has an `arguments` of its own. */
const IS_HEAD = 1024
/** Inside such a function. */
const IN_PLAIN_FUNCTION = 2048
/** The parenthesis of an asynchronous function. */
const IS_ASYNC = 4096
/** The parenthesis behind the word `async`: that of a function if an arrow follows. */
const IS_BEHIND_ASYNC = 32768
/** The innermost function that has braces is asynchronous. */
const IN_ASYNC = 8192
/** Behind the arrow of a function without braces, until the statement ends, and in brackets there. */
const HAS_ARROW = 16384
const UNDER_ARROW = 65536
const INHERITED = IN_FUNCTION | IN_PLAIN_FUNCTION | IN_ASYNC | UNDER_ARROW
const OF_EVERY_FUNCTION = IN_FUNCTION | IN_PLAIN_FUNCTION
const closeOf = (open: Open): number => open & 255
/** What brackets have from what is around them. */
const inheritedFrom = (open: Open): Open => (open & INHERITED) | (open & HAS_ARROW ? UNDER_ARROW : 0)

const WIDE_SPACE = /[^\S\t\n\v\f\r ]/
const CONTROL = keysOf('if for await while switch catch with')
const BEFORE_REGEXP = keysOf('return typeof case in of else do void delete throw await yield instanceof')
/** What stands before a brace is the name of a class, but for these. */
const BEFORE_BLOCK = keysOf(
  'else do try finally return typeof case in of default void delete throw await yield instanceof',
)
const RETURN = keyOf('return')
/** What may stand before the name of a function that is called to give what a class extends. */
const EXTENDED = keysOf('extends new await yield')
const FOR = keyOf('for')
const OF = keyOf('of')
const ASYNC = keyOf('async')
const FUNCTION = keyOf('function')
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

/** What a word that is looked for begins with, too. */
const MATTERS_TO_WORDS = tableOf([
  ...[END, QUOTE, DOUBLE_QUOTE, SLASH, BACKQUOTE, OPEN_BRACE, CLOSE_BRACE, OPEN_PAREN, CLOSE_PAREN],
  ...Array.from('arnue;=<-\\\\', character => character.charCodeAt(0)),
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
export const mayReturnOutside = (source: string): boolean => read(source, false)

/**
 * Could any of the words for which a lexer needs a parser mean something where it stands? Not in a comment, a string or a regular expression; and `arguments` and `new.target` not in a function.
 * Reads and errs as `mayReturnOutside` does, and looks for `return` as well.
 */
export const mayMisread = (source: string): boolean => read(source, true)

/** The text with spaces in place of comments and of what strings, templates and regular expressions hold; undefined where that is not sure. */
export function codeOnly(source: string): string | undefined {
  const blanks: number[] = []
  if (read(source, true, blanks)) return undefined
  const bytes = Buffer.from(source)
  for (let index = 0; index < blanks.length; index += 2) bytes.fill(SPACE, blanks[index], blanks[index + 1])
  return bytes.toString()
}

/** @param blanks where comments and the insides of strings, templates and regular expressions begin and end is put here, in turns, in bytes */
function read(source: string, words: boolean, blanks?: number[]): boolean {
  // Every character beyond ASCII takes more bytes than it has units. To count them takes a third of the time of a search.
  const isPlain = Buffer.byteLength(source) === source.length
  const text = bytesOf(source, isPlain)
  // What is beyond ASCII is a part of a name, a string or a comment; or else it is white space, which the bytes do not show.
  if (!isPlain && WIDE_SPACE.test(source)) return true
  const stack: Open[] = []
  let top: Open = 0
  /** Of the parenthesis that was closed last. */
  let closed: Open = 0
  /** Where the parentheses that are open begin, and the one that was closed last. */
  const starts: number[] = []
  let closedStart = -1
  /** An `await` that is taken for an operator, as it is not in parameters. */
  let lastAwait = -1
  /** Where the last comment ends, and what stands before it. */
  let commentEnd = 0
  let beforeComment = -1
  /** Offset of the last character before `at` that is neither space nor comment. */
  const lastBefore = (at: number): number => {
    let last = at - 1
    while (last >= commentEnd && text[last]! <= 32) last--
    return last < commentEnd ? beforeComment : last
  }
  /** May the word that ends at `last` be a name after all: that of a property, or one that is a keyword in some places only? */
  const mayBeName = (last: number): boolean => {
    const start = startOfName(text, last)
    if (start < commentEnd || wordAt(text, last) === OF) return true
    const before = text[lastBefore(start)]
    return before === DOT || before === HASH
  }
  for (let at = 0; ; at++) {
    const matters = words ? MATTERS_TO_WORDS : top & IN_FUNCTION ? MATTERS_INSIDE : MATTERS_OUTSIDE
    while (matters[text[at]!] === 0) at++
    const char = text[at]!
    switch (char) {
      case END:
        if (at === text.length - 1) return stack.length > 0
        break
      case QUOTE:
      case DOUBLE_QUOTE: {
        const end = endOfString(text, at, char)
        if (end === -1 || (words && !(top & IN_FUNCTION) && hasEscapedLetter(text, at, end))) return true
        blanks?.push(at + 1, end)
        at = end
        break
      }
      case SLASH: {
        const next = text[at + 1]
        const last = lastBefore(at)
        if (next === SLASH || next === STAR) {
          const end = next === SLASH ? endOfLine(text, at) : endOfComment(text, at + 2)
          if (end === -1) return true
          blanks?.push(at, end)
          beforeComment = last
          commentEnd = end
          at = end - 1
          break
        }
        const before = last === -1 ? 0 : text[last]!
        if (before === CLOSE_BRACE) return true
        // Behind `++` it depends on what that belongs to.
        if ((before === PLUS || before === MINUS) && text[last - 1] === before) return true
        const isRegexp = words && before === CLOSE_PAREN && (closed & IS_CONTROL) !== 0
        if (!isRegexp && isOperandEnd(before)) {
          if (!BEFORE_REGEXP.has(wordAt(text, last))) break
          if (blanks && mayBeName(last)) return true
        }
        const end = endOfRegexp(text, at)
        if (end === -1) return true
        blanks?.push(at + 1, end)
        at = end
        break
      }
      case BACKQUOTE:
      case CLOSE_BRACE: {
        if (char === BACKQUOTE) {
          stack.push(top)
          top = BACKQUOTE | inheritedFrom(top)
        } else {
          const isOfTemplate = closeOf(top) === DOLLAR
          if (!isOfTemplate && closeOf(top) !== CLOSE_BRACE) return true
          top = stack.pop()!
          if (!isOfTemplate) break
        }
        const end = endOfTemplateText(text, at)
        if (end === -1) return true
        blanks?.push(at + 1, text[end] === BACKQUOTE ? end : end - 1)
        at = end
        if (text[at] === BACKQUOTE) top = stack.pop()!
        else {
          stack.push(top)
          top = DOLLAR | inheritedFrom(top)
        }
        break
      }
      case OPEN_PAREN: {
        const last = lastBefore(at)
        stack.push(top)
        const kind = CONTROL.has(wordAt(text, last)) ? IS_CONTROL : words && isHead(text, last) ? IS_HEAD : 0
        top = CLOSE_PAREN | kind | inheritedFrom(top)
        if (words) {
          starts.push(at)
          if (isAsyncHead(text, last)) top |= IS_ASYNC
          if (wordAt(text, last) === ASYNC) top |= IS_BEHIND_ASYNC
        }
        break
      }
      case CLOSE_PAREN:
        if (closeOf(top) !== CLOSE_PAREN) return true
        closed = top
        closedStart = starts.pop() ?? -1
        top = stack.pop()!
        break
      case OPEN_BRACE: {
        let inner = inheritedFrom(top)
        if (words || (inner & IN_FUNCTION) === 0) {
          const last = lastBefore(at)
          const before = last === -1 ? 0 : text[last]!
          if (before === CLOSE_PAREN && !(closed & IS_CONTROL)) {
            if (lastAwait > closedStart) return true
            // On a line of its own it might be a block after a call.
            const isSure = text.lastIndexOf(NEWLINE, at) <= last
            if (!isSure && !(inner & IN_PLAIN_FUNCTION)) return true
            inner = (inner & OF_EVERY_FUNCTION) | IN_FUNCTION
            if (closed & IS_HEAD) inner |= IN_PLAIN_FUNCTION
            if (isSure && closed & IS_ASYNC) inner |= IN_ASYNC
          } else if (before === GREATER && text[last - 1] === EQUALS) {
            inner = (inner & OF_EVERY_FUNCTION) | IN_FUNCTION
            if (isAsyncArrow(text, last - 2, closed)) inner |= IN_ASYNC
          } else if (words && isOperandEnd(before) && before !== CLOSE_PAREN && !BEFORE_BLOCK.has(wordAt(text, last)))
            inner &= ~IN_ASYNC
        }
        stack.push(top)
        top = CLOSE_BRACE | inner
        break
      }
      case LETTER_R:
        if (!(top & IN_FUNCTION) && !isIdentifierPart(text[at + 6]!) && wordAt(text, at + 5) === RETURN) return true
        break
      case SEMICOLON:
        top &= ~HAS_ARROW
        break
      case EQUALS:
        if (text[at + 1] !== GREATER) break
        // The parameters end here.
        if (text[lastBefore(at)] === CLOSE_PAREN && lastAwait > closedStart) return true
        // In one that is asynchronous itself an `await` means what it means around it.
        if (text[skipSpace(text, at + 2)] !== OPEN_BRACE && !isAsyncArrow(text, at - 1, closed)) top |= HAS_ARROW
        at++
        break
      default:
        // Most that is looked at is in the middle of a word, or the beginning of another one.
        if (isIdentifierPart(char) && (isIdentifierPart(text[at - 1]!) || !LENGTHS[lengthOfName(text, at)])) {
          at = endOfName(text, at)
          break
        }
        if (isWord(text, at, AWAIT) && (top & (IN_ASYNC | HAS_ARROW | UNDER_ARROW)) === IN_ASYNC) lastAwait = at
        else if (meansSomething(text, at, (top & IN_PLAIN_FUNCTION) !== 0, () => lastBefore(at))) return true
        at = endOfName(text, at)
    }
  }
}

const wordOf = (word: string): readonly number[] => Array.from(word, letter => letter.charCodeAt(0))
const ARGUMENTS = wordOf('arguments')
const AWAIT = wordOf('await')
const EVAL = wordOf('eval')
const EXPORT = wordOf('export')
const IMPORT = wordOf('import')
const NEW = wordOf('new')
const USING = wordOf('using')
const COMMENT_START = wordOf('<!--')
const COMMENT_END = wordOf('-->')

/** Of the words that `meansSomething` knows. */
const LENGTHS = tableOf([ARGUMENTS, AWAIT, EVAL, EXPORT, NEW, USING].map(({ length }) => length))

function startsWith(text: Uint8Array, at: number, word: readonly number[]): boolean {
  for (let index = 0; index < word.length; index++) if (text[at + index] !== word[index]) return false
  return true
}

const isWord = (text: Uint8Array, at: number, word: readonly number[]): boolean =>
  startsWith(text, at, word) && !isIdentifierPart(text[at + word.length]!)

/** Is there at `at`, in code, what `NEEDS_PARSER` looks for? */
function meansSomething(text: Uint8Array, at: number, inPlainFunction: boolean, lastBefore: () => number): boolean {
  switch (text[at]) {
    case BACKSLASH:
      return true
    case LESS:
      return startsWith(text, at, COMMENT_START)
    case MINUS:
      return startsWith(text, at, COMMENT_END)
  }
  const before = text[at - 1]!
  // A property, but not what is spread.
  if (at > 0 && (isIdentifierPart(before) || (before === DOT && text[at - 2] !== DOT))) return false
  if (isWord(text, at, ARGUMENTS)) return !inPlainFunction
  if (isWord(text, at, AWAIT)) return !isPlainAwait(text, at) && wordAt(text, lastBefore()) !== FOR
  if (isWord(text, at, EVAL)) return text[skipSpace(text, at + 4)] === OPEN_PAREN
  if (isWord(text, at, USING)) {
    const next = text[skipSpace(text, at + 5)]!
    return isIdentifierPart(next) || next === SLASH || next === BACKSLASH
  }
  if (isWord(text, at, NEW)) {
    const next = skipSpace(text, at + 3)
    return isWord(text, next, IMPORT) || (text[next] === DOT && !inPlainFunction)
  }
  if (!isWord(text, at, EXPORT)) return false
  const open = skipSpace(text, at + 6)
  return text[open] === OPEN_BRACE && text[skipSpace(text, open + 1)] === CLOSE_BRACE
}

const BINARY = ['in', 'instanceof', 'of', 'extends'].map(wordOf)

/** Is what stands behind `await`, on its line, what can only be its operand? */
function isPlainAwait(text: Uint8Array, at: number): boolean {
  let next = at + AWAIT.length
  while (text[next] === 32 || text[next] === 9) next++
  const char = text[next]!
  if (next === at + AWAIT.length || !(isAsciiName(char) || char === QUOTE || char === DOUBLE_QUOTE)) return false
  return !BINARY.some(word => isWord(text, next, word))
}

const isAsciiName = (char: number): boolean => isIdentifierPart(char) && char <= 127

/** Does a name end at `last`, behind which a parenthesis can open the parameters of a function? Not what a class extends, which is called. */
function isHead(text: Uint8Array, last: number): boolean {
  if (last < 0) return false
  if (text[last] === STAR) return true
  if (!isIdentifierPart(text[last]!)) return false
  if (wordAt(text, last) === FUNCTION) return true
  let before = last
  while (before >= 0 && isIdentifierPart(text[before]!)) before--
  while (before >= 0 && text[before]! <= 32) before--
  // A comment may end at the slash.
  if (before < 0) return true
  return !(text[before] === SLASH || text[before] === DOT || EXTENDED.has(wordAt(text, before)))
}

/** A method may have a string for its name. */
function beforeName(text: Uint8Array, last: number): number {
  const quote = text[last]
  if (quote === QUOTE || quote === DOUBLE_QUOTE) {
    let open = last - 1
    while (open >= 0 && text[open] !== quote) open--
    return skipBack(text, open - 1)
  }
  while (last >= 0 && (isIdentifierPart(text[last]!) || text[last] === HASH)) last--
  return skipBack(text, last)
}

/** Does what ends at `last` begin an asynchronous function whose parameters follow? */
function isAsyncHead(text: Uint8Array, last: number): boolean {
  let at = skipBack(text, wordAt(text, last) === FUNCTION ? last : beforeName(text, last))
  if (text[at] === STAR) at = skipBack(text, at - 1)
  if (wordAt(text, at) === FUNCTION) at = beforeName(text, at)
  return wordAt(text, at) === ASYNC
}

/** @param last before the arrow */
function isAsyncArrow(text: Uint8Array, last: number, closed: Open): boolean {
  const end = skipBack(text, last)
  return text[end] === CLOSE_PAREN ? (closed & IS_BEHIND_ASYNC) !== 0 : wordAt(text, beforeName(text, end)) === ASYNC
}

/** Is a letter of a word written by its number? */
const ESCAPED_LETTER = /\\u(?:\{0*|00)(?:[46][1-9a-fA-F]|[57][0-9aA])/

function hasEscapedLetter(text: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++)
    if (text[at] === BACKSLASH && text[++at] === 117)
      return ESCAPED_LETTER.test(Buffer.from(text.buffer, text.byteOffset + start, end - start).toString('latin1'))
  return false
}
