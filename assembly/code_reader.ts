/**
 * Reads the text of a module token by token, without parsing it: its imports and exports, the names in it, what it assigns to, and whether something stands there that only a parser
 * can judge. Written in AssemblyScript; scripts/assembly.mjs makes src/images/code_reader_module.ts of it.
 */
// biome-ignore format: a long list
import {
  addToTop, beginBrackets, close, closed, closedStart, depth, HAS_ARROW, IN_ASYNC, IN_FUNCTION, IN_PLAIN_FUNCTION,
  IS_ASYNC, IS_BEHIND_ASYNC, IS_CONTROL, IS_DECLARED, IS_FOR, IS_FUNCTION, IS_HEAD, IS_MEMBER, inherited, isClosedBy,
  OF_EVERY_FUNCTION, open, takeFromTop, top, topStart, UNDER_ARROW,
} from './brackets'
// biome-ignore format: a long list
import {
  beginDeclaration, beginDeclarations, continueDeclaration, endDeclarations, isBehindAs, isInDeclaration,
} from './declarations'
// biome-ignore format: a long list
import {
  endOfLine, endOfName, endOfRegexp, endOfSpace, endOfString, endOfTemplateText, hadEscapedLetter, hasPlainOperand,
  NO_END,
} from './ends'
// biome-ignore format: a long list
import {
  ARGUMENTS, ASSIGNS, ASTERISK, ASYNC, AWAIT, BACKQUOTE, BACKSLASH, BEFORE_BLOCK, BEFORE_OPERAND, bitOf, CALLS,
  CLOSE_BRACE, CLOSE_BRACKET, CLOSE_PAREN, COLON, COMMA, CONTROL, classOf, DECLARES, DIGIT, DOLLAR, DOUBLE_QUOTE, EQUALS, EVAL,
  EXCLAMATION, EXPORT, FOR, FUNCTION, GREATER, IMPORT, IN, keyWith, LESS, LINE_END, MINUS, MISREAD, NAME, NAMES,
  NAMES_SIZE, NEW, NUMBER_SIGN, noteName, OF, OPEN_BRACE, OPEN_BRACKET, OPEN_PAREN, PLUS, POINT, prepare, QUOTE, RETURN,
  SEMICOLON, SIGN, SLASH, SPACE, SPECIAL, STRAY, TEXT, UNSURE, USING, unit, wordOf, YIELD,
} from './tables'
import { beginTargets, notePattern, noteTargetName } from './targets'
// biome-ignore format: a long list
import {
  ARROW, BRACE, BRACE_END, BRACKET_END, DOT, HASH, PAREN_END, POSTFIX, PREFIX, PUNCTUATOR, STAR, START, STATEMENT_END,
  VALUE, WORD,
} from './tokens'

export { declarationCount } from './declarations'
export { firstTarget, targetCount } from './targets'

let length: i32 = 0
let flags: i32 = 0
/** Where the token that is read ends, once it is. */
let at: i32 = 0

// The last token, and the one before.
let kind: i32 = START
let word: i32 = 0
let start: i32 = 0
let end: i32 = 0
let kind2: i32 = START
let word2: i32 = 0
/** A line ends behind the last token. */
let isOnNewLine: bool = false

// What stands behind `async`, so far.
const NO_ASYNC: i32 = 0
const JUST_ASYNC: i32 = 1
const ASYNC_NAME: i32 = 2
const ASYNC_FUNCTION: i32 = 3
const ASYNC_FUNCTION_NAME: i32 = 4
let behindAsync: i32 = NO_ASYNC
/** Of the last arrow. */
let isAsyncArrow: bool = false
/** An `await` that is taken for an operator, as it is not in parameters. */
let lastAwait: i32 = -1
/** There was a block, or the body of a function: what stands in either is not told apart from there on. */
let isUnclear: bool = false

// What the token that is read is.
let newKind: i32 = PUNCTUATOR
let newWord: i32 = 0
let newAsync: i32 = NO_ASYNC

/** Makes room for a text, at `TEXT`. */
export function room(units: i32): void {
  const pages = (<i32>TEXT + 2 * units + 64 + 0xffff) >> 16
  if (memory.size() < pages) memory.grow(pages - memory.size())
}

/** The bit of a name among those that were seen; the name stands where a text does. */
export function bitOfName(units: i32): i32 {
  let key: u64 = 0
  for (let index = 0; index < units; index++) key = keyWith(key, unit(index))
  return <i32>bitOf(key)
}

/** @returns what is to be noted of the text, as bits */
export function read(units: i32): i32 {
  prepare()
  memory.fill(NAMES, 0, NAMES_SIZE)
  beginTargets(units)
  store<u64>(TEXT + ((<usize>units) << 1), 0)
  beginBrackets()
  beginDeclarations()
  length = units
  flags = 0
  kind = START
  word = 0
  kind2 = START
  word2 = 0
  isOnNewLine = false
  behindAsync = NO_ASYNC
  lastAwait = -1
  isUnclear = false
  at = unit(0) === NUMBER_SIGN && unit(1) === EXCLAMATION ? endOfLine(0, length) : 0
  while (skipToToken()) {
    const from = at
    const c = unit(from)
    newKind = PUNCTUATOR
    newWord = 0
    newAsync = NO_ASYNC
    // Behind its arrow a function without braces begins.
    if (kind === ARROW && !isAsyncArrow && c !== OPEN_BRACE) addToTop(HAS_ARROW)
    readToken(c)
    if (at === NO_END) return UNSURE
    if (isInDeclaration()) {
      const isAsyncFunction = newAsync === ASYNC_FUNCTION
      flags |= continueDeclaration(newKind, newWord, c, from, at, depth, kind, word, isAsyncFunction)
    }
    if (newWord === EXPORT || newWord === IMPORT) flags |= beginDeclaration(newWord, from, depth, canBeginStatement())
    kind2 = kind
    word2 = word
    kind = newKind
    word = newWord
    start = from
    end = at
    behindAsync = newAsync
    isOnNewLine = false
  }
  return depth > 0 || at === NO_END ? UNSURE : flags | endDeclarations()
}

/** Over white space and comments. @returns false at the end of the text */
function skipToToken(): bool {
  while (at < length) {
    const c = unit(at)
    const sort = classOf(c)
    if (sort === SPACE) at++
    else if (sort === LINE_END) {
      endLine()
      at++
    } else if (c !== SLASH) return true
    else if (unit(at + 1) === SLASH) at = endOfLine(at, length)
    else if (unit(at + 1) !== ASTERISK) return true
    else if (!skipComment()) return false
  }
  return false
}

/** `async` stands on one line with what it belongs to. */
function endLine(): void {
  isOnNewLine = true
  if (behindAsync === JUST_ASYNC) behindAsync = NO_ASYNC
}

function skipComment(): bool {
  for (at += 2; at < length; at++) {
    const c = unit(at)
    if (c === ASTERISK && unit(at + 1) === SLASH) {
      at += 2
      return true
    }
    if (classOf(c) === LINE_END) endLine()
  }
  at = NO_END
  return false
}

function readToken(c: i32): void {
  const sort = classOf(c)
  if (sort === NAME) readName(c)
  else if (sort === SPECIAL) readSpecial(c)
  else if (sort === SIGN) readSign(c)
  else if (sort === DIGIT) {
    do at = endOfName(at + 1)
    while (unit(at) === POINT)
    newKind = VALUE
  } else at++
}

function readName(first: i32): void {
  const from = at
  let key: u64 = 0
  let c = first
  do {
    key = keyWith(key, c)
    c = unit(++at)
  } while (classOf(c) & NAME)
  noteName(key)
  newKind = WORD
  newAsync = behindAsync === JUST_ASYNC ? ASYNC_NAME : behindAsync === ASYNC_FUNCTION ? ASYNC_FUNCTION_NAME : NO_ASYNC
  if (kind === PREFIX) noteTargetName(from, at)
  // What stands behind a dot is a property, whatever it is called.
  if (kind === DOT || kind === HASH) return
  newWord = wordOf(key, first, at - from)
  if (newWord !== 0) readWord(from)
}

function readWord(from: i32): void {
  if (newWord & DECLARES) {
    if (top & IS_FOR && start === topStart) addToTop(IS_DECLARED)
    return
  }
  switch (newWord) {
    case OF:
    case IN:
      if ((top & (IS_FOR | IS_DECLARED)) === IS_FOR) {
        flags |= notePattern(topStart + 1, from)
        addToTop(IS_DECLARED)
      }
      return
    case AWAIT:
      if (!isUnclear && (top & (IN_ASYNC | HAS_ARROW | UNDER_ARROW)) === IN_ASYNC) lastAwait = from
      else if (word !== FOR && !hasPlainOperand(at) && !isBehindAs()) flags |= MISREAD
      return
    case FUNCTION:
      newAsync = behindAsync === JUST_ASYNC ? ASYNC_FUNCTION : NO_ASYNC
      return
    case ASYNC:
      newAsync = JUST_ASYNC
      return
    case RETURN:
    case YIELD:
      if (isUnclear || !(top & IN_FUNCTION)) flags |= STRAY
      return
    case ARGUMENTS:
      if ((isUnclear || !(top & IN_PLAIN_FUNCTION)) && !isKey()) flags |= MISREAD
      return
    case USING: {
      const next = unit(endOfSpace(at, length))
      if (classOf(next) & NAME || next === SLASH || next === BACKSLASH) flags |= MISREAD
      return
    }
    case IMPORT:
      if (word === NEW) flags |= MISREAD
      return
  }
}

/** Is the word that ends here the name of a property, or a label? Behind a comma what stands in a `switch` may be neither. */
function isKey(): bool {
  if (unit(endOfSpace(at, length)) !== COLON) return false
  return kind === BRACE || (unit(start) === COMMA && isClosedBy(CLOSE_BRACE) && !(top & IS_CONTROL))
}

function readSpecial(c: i32): void {
  switch (c) {
    case QUOTE:
    case DOUBLE_QUOTE:
      at = endOfString(at, length)
      if (hadEscapedLetter && !(top & IN_FUNCTION)) flags |= MISREAD
      newKind = VALUE
      newAsync = behindAsync === JUST_ASYNC ? ASYNC_NAME : NO_ASYNC
      return
    case SLASH:
      readSlash()
      return
    case BACKQUOTE:
      if (openBracket(BACKQUOTE | inherited())) readTemplateText()
      return
    case CLOSE_BRACE: {
      const isOfTemplate = isClosedBy(DOLLAR)
      if (!isOfTemplate && !isClosedBy(CLOSE_BRACE)) {
        giveUp()
        return
      }
      close()
      at++
      if (isOfTemplate) readTemplateText()
      else newKind = BRACE_END
      return
    }
    case OPEN_PAREN:
      openParenthesis()
      return
    case CLOSE_PAREN:
    case CLOSE_BRACKET:
      if (!isClosedBy(c)) {
        giveUp()
        return
      }
      close()
      at++
      newKind = c === CLOSE_PAREN ? PAREN_END : BRACKET_END
      return
    case OPEN_BRACKET: {
      const isMember = kind === DOT || isOperand()
      openBracket(CLOSE_BRACKET | inherited() | (isMember ? IS_MEMBER : 0) | (word & DECLARES ? IS_DECLARED : 0))
      return
    }
    case OPEN_BRACE:
      openBrace()
      return
    case POINT:
      readPoint()
      return
    case SEMICOLON:
      takeFromTop(HAS_ARROW)
      at++
      newKind = STATEMENT_END
      return
    case BACKSLASH:
      // The rest of an escape is read as a name of its own.
      flags |= MISREAD
      at++
      newKind = WORD
      return
    case NUMBER_SIGN:
      at++
      newKind = HASH
      newAsync = behindAsync
      return
  }
}

function giveUp(): void {
  at = NO_END
}

/** Is what ends before this token an operand? Not sure of a brace. */
function isOperand(): bool {
  switch (kind) {
    case WORD:
      return !(word & (BEFORE_OPERAND | DECLARES))
    case VALUE:
    case BRACKET_END:
      return true
    case PAREN_END:
      return !(closed & IS_CONTROL)
  }
  return false
}

/** Can a statement end before this token? */
function canBeginStatement(): bool {
  if (kind === START || kind === STATEMENT_END || kind === BRACE_END) return true
  return isOnNewLine && (kind === POSTFIX || isOperand())
}

function readSlash(): void {
  // Behind a brace it depends on what that closes, and `of` may be a name.
  if (kind === BRACE_END || kind === PREFIX || word === OF) {
    giveUp()
    return
  }
  if (kind !== POSTFIX && !isOperand()) {
    at = endOfRegexp(at, length)
    newKind = VALUE
    return
  }
  at++
  if (unit(at) !== EQUALS) return
  at++
  noteAssignment()
}

/** From behind the backquote or the brace of a substitution on. */
function readTemplateText(): void {
  at = endOfTemplateText(at, length)
  if (at === NO_END) return
  if (unit(at - 1) === BACKQUOTE) {
    close()
    newKind = VALUE
  } else {
    at--
    openBracket(DOLLAR | inherited())
  }
}

/** @returns false when there are too many */
function openBracket(known: i32): bool {
  if (open(known, at)) at++
  else giveUp()
  return at !== NO_END
}

function openParenthesis(): void {
  if (kind === PREFIX) flags |= ASSIGNS
  if (word === EVAL) flags |= MISREAD
  let known = CLOSE_PAREN | inherited()
  if (word === FOR || (word === AWAIT && word2 === FOR)) known |= IS_CONTROL | IS_FOR
  else if (word & CONTROL) known |= IS_CONTROL
  else known |= headOfFunction()
  if (behindAsync === JUST_ASYNC) known |= IS_BEHIND_ASYNC
  else if (behindAsync !== NO_ASYNC) known |= IS_ASYNC
  openBracket(known)
}

/** Can the parenthesis that begins here be that of parameters? Behind a name, unless that is called, or what a class extends. */
function headOfFunction(): i32 {
  if (kind === STAR || kind === WORD) {
    if (word === FUNCTION || word2 === FUNCTION) return IS_HEAD | IS_FUNCTION
    if (kind === STAR || !(kind2 === DOT || (word | word2) & CALLS)) return IS_HEAD
  }
  return 0
}

function openBrace(): void {
  let inner = inherited()
  if (kind === PAREN_END && !(closed & IS_CONTROL)) {
    if (lastAwait > closedStart) flags |= MISREAD
    // On a line of its own it might be a block after a call.
    const isSure = !isOnNewLine || (closed & IS_FUNCTION) !== 0
    if (!isSure && !(inner & IN_PLAIN_FUNCTION)) isUnclear = true
    inner = (inner & OF_EVERY_FUNCTION) | IN_FUNCTION
    if (closed & IS_HEAD) inner |= IN_PLAIN_FUNCTION
    if (isSure && closed & IS_ASYNC) inner |= IN_ASYNC
  } else if (kind === ARROW) {
    inner = (inner & OF_EVERY_FUNCTION) | IN_FUNCTION
    if (isAsyncArrow) inner |= IN_ASYNC
  } else if (kind === VALUE || kind === BRACKET_END || (kind === WORD && !(word & BEFORE_BLOCK))) inner &= ~IN_ASYNC
  const ofControl = kind === PAREN_END ? closed & IS_CONTROL : 0
  openBracket(CLOSE_BRACE | inner | ofControl | (word & DECLARES ? IS_DECLARED : 0))
  newKind = BRACE
}

function readPoint(): void {
  const next = unit(at + 1)
  if (next === POINT && unit(at + 2) === POINT) at += 3
  else if (classOf(next) === DIGIT) {
    at = endOfName(at + 1)
    newKind = VALUE
  } else {
    if (word === NEW && (isUnclear || !(top & IN_PLAIN_FUNCTION))) flags |= MISREAD
    at++
    newKind = DOT
  }
}

function readSign(c: i32): void {
  const next = unit(at + 1)
  if (c === EQUALS) readEquals(next)
  else if ((c === PLUS || c === MINUS) && next === c) readUpdate(c)
  else readOperator(c, next)
}

function readOperator(c: i32, next: i32): void {
  if (c === LESS && next === EXCLAMATION && unit(at + 2) === MINUS && unit(at + 3) === MINUS) flags |= MISREAD
  const from = at
  do at++
  while (unit(at) === c)
  if (unit(at) !== EQUALS) {
    if (c !== ASTERISK || at - from > 1) return
    newKind = STAR
    if (word === FUNCTION) newWord = FUNCTION
    newAsync = behindAsync === JUST_ASYNC || behindAsync === ASYNC_FUNCTION ? behindAsync : NO_ASYNC
    return
  }
  at++
  const isComparison = c === EXCLAMATION || ((c === LESS || c === GREATER) && at - from === 2)
  if (!isComparison) noteAssignment()
  else if (unit(at) === EQUALS) at++
}

function readEquals(next: i32): void {
  if (next === GREATER) {
    isAsyncArrow = kind === PAREN_END ? (closed & IS_BEHIND_ASYNC) !== 0 : behindAsync === ASYNC_NAME
    // The parameters end here.
    if (kind === PAREN_END && lastAwait > closedStart) flags |= MISREAD
    at += 2
    newKind = ARROW
  } else if (next === EQUALS) at += unit(at + 2) === EQUALS ? 3 : 2
  else {
    at++
    noteAssignment()
  }
}

function readUpdate(c: i32): void {
  at += 2
  if (c === MINUS && unit(at) === GREATER) flags |= MISREAD
  newKind = isOperand() && !isOnNewLine ? POSTFIX : PREFIX
  if (newKind === POSTFIX || word === OF) noteAssignment()
}

/** Before this token stands what an operator assigns to, or updates. */
function noteAssignment(): void {
  switch (kind) {
    case WORD:
      if (!(kind2 === DOT || kind2 === HASH || word2 & DECLARES)) noteTargetName(start, end)
      return
    case PAREN_END:
      flags |= ASSIGNS
      return
    case BRACKET_END:
      if (!(closed & (IS_MEMBER | IS_DECLARED))) flags |= notePattern(closedStart, end)
      return
    case BRACE_END:
      if (!(closed & IS_DECLARED)) flags |= notePattern(closedStart, end)
  }
}
