/** What an open bracket is, for what stands in it. */
interface Open {
  readonly close: number
  /** Inside a function, where `return` may stand. */
  readonly inFunction: boolean
  /** The parenthesis of `if (…)`, `for (…)` and their like: a brace after it opens a block, not a function. */
  readonly isControl: boolean
}

const CONTROL = /(?:^|[^\w$.])(?:if|for|await|while|switch|catch|with)\s*$/
const BEFORE_REGEXP = /(?:^|[^\w$.])(?:return|typeof|case|in|of|else|do|void|delete|throw|await|yield|instanceof)\s*$/
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

/** Of all other characters only the place of the last one matters. */
const MATTERS = new Uint8Array(128)
for (const char of [QUOTE, DOUBLE_QUOTE, SLASH, BACKQUOTE, OPEN_PAREN, CLOSE_PAREN, OPEN_BRACE, CLOSE_BRACE, LETTER_R])
  MATTERS[char] = 1

/**
 * Could a `return` stand outside of every function? The generator function around a module would let it pass. Reads brackets, strings and
 * comments only, in a small part of the time of a parse, and errs on the side of yes: then the engine is asked.
 */
export function mayReturnOutside(text: string): boolean {
  const stack: Open[] = []
  let top: Open = { close: -1, inFunction: false, isControl: false }
  let closedControl = false
  /** Offset of the last character that is neither space nor comment. */
  let last = -1
  const open = (close: number, inFunction: boolean, isControl: boolean): void => {
    stack.push(top)
    top = { close, inFunction, isControl }
  }
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char <= 32) continue
    if (!MATTERS[char]) {
      last = at
      continue
    }
    switch (char) {
      case QUOTE:
      case DOUBLE_QUOTE:
        at = endOfString(text, at, char)
        if (at === -1) return true
        break
      case SLASH: {
        const next = text.charCodeAt(at + 1)
        if (next === SLASH) {
          at = text.indexOf('\n', at)
          if (at === -1) return stack.length > 0
          continue
        }
        if (next === STAR) {
          at = text.indexOf('*/', at + 2) + 1
          if (at === 0) return true
          continue
        }
        const before = last === -1 ? 0 : text.charCodeAt(last)
        if (before === CLOSE_BRACE) return true
        if (isOperandEnd(before) && !BEFORE_REGEXP.test(text.slice(Math.max(0, last - 12), last + 1))) break
        at = endOfRegexp(text, at)
        if (at === -1) return true
        break
      }
      case BACKQUOTE:
        open(BACKQUOTE, top.inFunction, false)
        at = endOfTemplateText(text, at)
        if (at === -1) return true
        if (text.charCodeAt(at) === BACKQUOTE) top = stack.pop()!
        else open(DOLLAR, top.inFunction, false)
        break
      case OPEN_PAREN:
        open(CLOSE_PAREN, top.inFunction, CONTROL.test(text.slice(Math.max(0, last - 9), last + 1)))
        break
      case CLOSE_PAREN:
        if (top.close !== CLOSE_PAREN) return true
        closedControl = top.isControl
        top = stack.pop()!
        break
      case OPEN_BRACE: {
        const before = last === -1 ? 0 : text.charCodeAt(last)
        let inFunction = top.inFunction
        if (before === CLOSE_PAREN && !closedControl) {
          // On a line of its own it might be a block after a call.
          if (!inFunction && text.lastIndexOf('\n', at) > last) return true
          inFunction = true
        } else if (before === 62 && text.charCodeAt(last - 1) === 61) inFunction = true
        open(CLOSE_BRACE, inFunction, false)
        break
      }
      case CLOSE_BRACE:
        if (top.close === CLOSE_BRACE) {
          top = stack.pop()!
          break
        }
        if (top.close !== DOLLAR) return true
        top = stack.pop()!
        at = endOfTemplateText(text, at)
        if (at === -1) return true
        if (text.charCodeAt(at) === BACKQUOTE) top = stack.pop()!
        else open(DOLLAR, top.inFunction, false)
        break
      case LETTER_R:
        if (!top.inFunction && text.startsWith('return', at) && isWholeWord(text, at, at + 6)) return true
        break
    }
    last = at
  }
  return stack.length > 0
}

const isIdentifierPart = (char: number): boolean =>
  (char >= 97 && char <= 122) ||
  (char >= 65 && char <= 90) ||
  (char >= 48 && char <= 57) ||
  char === 95 ||
  char === DOLLAR ||
  char > 127

const isWholeWord = (text: string, start: number, end: number): boolean =>
  !(start > 0 && isIdentifierPart(text.charCodeAt(start - 1))) && !isIdentifierPart(text.charCodeAt(end))

/** After an identifier, a number, a string or a closing bracket a slash divides. */
const isOperandEnd = (char: number): boolean =>
  isIdentifierPart(char) ||
  char === CLOSE_PAREN ||
  char === 93 ||
  char === QUOTE ||
  char === DOUBLE_QUOTE ||
  char === BACKQUOTE

function endOfString(text: string, start: number, quote: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === quote) return at
    if (char === BACKSLASH) at++
    else if (char === NEWLINE) return -1
  }
  return -1
}

function endOfRegexp(text: string, start: number): number {
  let inClass = false
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === BACKSLASH) at++
    else if (char === NEWLINE) return -1
    else if (char === 91) inClass = true
    else if (char === 93) inClass = false
    else if (char === SLASH && !inClass) return at
  }
  return -1
}

/** The offset of the closing backquote, or of the brace of `${`. */
function endOfTemplateText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === BACKQUOTE) return at
    if (char === BACKSLASH) at++
    else if (char === DOLLAR && text.charCodeAt(at + 1) === OPEN_BRACE) return at + 1
  }
  return -1
}
