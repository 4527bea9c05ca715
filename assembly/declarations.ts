/** Imports and exports, as far as they are written in one of the usual ways. */

import { hadEscape } from './ends'
import {
  AS,
  ASSERT,
  ASYNC,
  CLASS,
  COMMA,
  CONTROL,
  DECLARATIONS,
  DECLARES,
  DEFAULT,
  DOUBLE_QUOTE,
  EMPTY_LIST,
  EXTENDS,
  FROM,
  FUNCTION,
  IMPORT,
  MISREAD,
  MOST_DECLARATIONS,
  OPEN_PAREN,
  OTHER_DECLARATION,
  QUOTE,
  SEMICOLON,
  unit,
  WITH,
} from './tables'
import { BRACE, BRACE_END, DOT, STAR, VALUE, WORD } from './tokens'

// What is written down: the kind, where the declaration begins, and from where to where the name or the specifier stands.
const DECLARED: i32 = 1
const DEFAULTED: i32 = 2
const IMPORTED: i32 = 3
/** Of a list: what it is called here. */
const LISTED: i32 = 4
/** What the one before is called outside. */
const RENAMED: i32 = 5
/** Where the list or star of this declaration comes from. */
const EXPORTED_FROM: i32 = 6
/** `export *`, with a name or without. */
const STARRED: i32 = 7
/** Where the list of this declaration ends. */
const LIST_END: i32 = 8

// How far a declaration has been read.
const NOT_IN_ONE: i32 = 0
const BEHIND_EXPORT: i32 = 1
const BEHIND_ASYNC: i32 = 2
const BEFORE_FUNCTION_NAME: i32 = 3
const BEFORE_NAME: i32 = 4
const BEFORE_VARIABLE: i32 = 5
const IN_VARIABLE: i32 = 6
const BEHIND_DEFAULT: i32 = 7
const BEHIND_DEFAULT_ASYNC: i32 = 8
const BEFORE_DEFAULT_NAME: i32 = 9
const BEHIND_IMPORT: i32 = 10
const IN_CLAUSE: i32 = 11
const BEHIND_SPECIFIER: i32 = 12
const IN_LIST: i32 = 13
const BEHIND_AS: i32 = 14
const BEHIND_LIST: i32 = 15
const BEHIND_FROM: i32 = 16
const BEHIND_STAR: i32 = 17
const BEHIND_STAR_AS: i32 = 18
const BEHIND_STAR_NAME: i32 = 19

let state: i32 = NOT_IN_ONE
let start: i32 = 0
let count: i32 = 0
/** A statement can begin where the declaration does. */
let isPlaced: bool = false
let isEmptyList: bool = false

export function beginDeclarations(): void {
  state = NOT_IN_ONE
  count = 0
}

export function declarationCount(): i32 {
  return count
}

/** Is one being read to whose end nothing may be missing? */
export function isInDeclaration(): bool {
  return state !== NOT_IN_ONE
}

/** Behind the `as` of a list any word is a name. */
export function isBehindAs(): bool {
  return state === BEHIND_AS
}

/** @returns what is to be noted of the text */
export function endDeclarations(): i32 {
  const isWhole = state === NOT_IN_ONE || state === IN_VARIABLE || state === BEHIND_SPECIFIER || state === BEHIND_LIST
  return isWhole && count < MOST_DECLARATIONS ? 0 : OTHER_DECLARATION
}

function note(kind: i32, from: i32, to: i32): void {
  if (count >= MOST_DECLARATIONS) return
  const at = DECLARATIONS + ((<usize>count) << 4)
  store<i32>(at, kind)
  store<i32>(at, start, 4)
  store<i32>(at, from, 8)
  store<i32>(at, to, 12)
  count++
}

/** Another way than those that are known here. */
function giveUp(): i32 {
  state = NOT_IN_ONE
  return OTHER_DECLARATION
}

/** As it is seldom written, or not allowed: a lexer takes both. */
function leaveToParser(): i32 {
  state = NOT_IN_ONE
  return MISREAD
}

function goOn(next: i32): i32 {
  state = next
  return 0
}

/**
 * `import` or `export`, at `from`.
 *
 * @param canBegin what stands before it, can it end a statement?
 */
export function beginDeclaration(word: i32, from: i32, depth: i32, canBegin: bool): i32 {
  if (depth > 0) return OTHER_DECLARATION
  const isBehindOne = state === NOT_IN_ONE || state === IN_VARIABLE
  start = from
  isPlaced = canBegin && isBehindOne
  if (word === IMPORT) return goOn(BEHIND_IMPORT)
  return isPlaced ? goOn(BEHIND_EXPORT) : leaveToParser()
}

/**
 * Takes the next token of a declaration.
 *
 * @param before kind of the token before it, and which word that is
 * @param isAsyncFunction it is the `function` of `async function`
 * @returns what is to be noted of the text
 */
export function continueDeclaration(
  kind: i32,
  word: i32,
  c: i32,
  from: i32,
  to: i32,
  depth: i32,
  before: i32,
  beforeWord: i32,
  isAsyncFunction: bool,
): i32 {
  switch (state) {
    case BEHIND_EXPORT:
      if (kind === BRACE) {
        isEmptyList = true
        return goOn(IN_LIST)
      }
      if (kind === STAR) return goOn(BEHIND_STAR)
      if (word === FUNCTION) return goOn(BEFORE_FUNCTION_NAME)
      if (word & DECLARES) return goOn(BEFORE_VARIABLE)
      if (word === CLASS) return goOn(BEFORE_NAME)
      if (word === DEFAULT) return goOn(BEHIND_DEFAULT)
      return word === ASYNC ? goOn(BEHIND_ASYNC) : giveUp()
    case BEHIND_ASYNC:
      return isAsyncFunction ? goOn(BEFORE_FUNCTION_NAME) : leaveToParser()
    case BEFORE_FUNCTION_NAME:
    case BEFORE_NAME:
    case BEFORE_VARIABLE:
      if (kind === STAR && state === BEFORE_FUNCTION_NAME) return 0
      if (kind !== WORD) return giveUp()
      note(DECLARED, from, to)
      return goOn(state === BEFORE_VARIABLE ? IN_VARIABLE : NOT_IN_ONE)
    case IN_VARIABLE:
      // A comma may bring another one, or belong to what follows without a semicolon between.
      if (depth > 0) return 0
      if (c === COMMA) return giveUp()
      return c === SEMICOLON || word & (DECLARES | CONTROL) ? goOn(NOT_IN_ONE) : 0
    case BEHIND_DEFAULT:
      if (word === FUNCTION || word === CLASS) return goOn(BEFORE_DEFAULT_NAME)
      if (word === ASYNC) return goOn(BEHIND_DEFAULT_ASYNC)
      note(DEFAULTED, 0, 0)
      return goOn(NOT_IN_ONE)
    case BEHIND_DEFAULT_ASYNC:
      if (isAsyncFunction) return goOn(BEFORE_DEFAULT_NAME)
      note(DEFAULTED, 0, 0)
      return goOn(NOT_IN_ONE)
    case BEFORE_DEFAULT_NAME:
      if (kind === STAR) return 0
      if (kind === WORD && word !== EXTENDS) note(DEFAULTED, from, to)
      else note(DEFAULTED, 0, 0)
      return goOn(NOT_IN_ONE)
    case BEHIND_IMPORT:
      if (c === OPEN_PAREN || kind === DOT) return giveUp()
      if (!isPlaced) return leaveToParser()
      state = IN_CLAUSE
      if (kind === VALUE) return specifier(IMPORTED, c, from, to)
      return 0
    case IN_CLAUSE:
      if (kind !== VALUE) return c === SEMICOLON ? leaveToParser() : 0
      return depth === 0 && beforeWord === FROM ? specifier(IMPORTED, c, from, to) : leaveToParser()
    case BEHIND_SPECIFIER:
      // Attributes.
      return word === WITH || word === ASSERT ? giveUp() : goOn(NOT_IN_ONE)
    case IN_LIST:
      if (kind === BRACE_END) {
        note(LIST_END, from, to)
        state = BEHIND_LIST
        return isEmptyList ? EMPTY_LIST : 0
      }
      if (c === COMMA && before === WORD) return 0
      if (word === AS && before === WORD) return goOn(BEHIND_AS)
      if (before === WORD || !isPlainName(kind, from, to)) return leaveToParser()
      note(LISTED, from, to)
      isEmptyList = false
      return 0
    case BEHIND_AS:
      if (!isPlainName(kind, from, to)) return leaveToParser()
      note(RENAMED, from, to)
      return goOn(IN_LIST)
    case BEHIND_LIST:
      return goOn(word === FROM ? BEHIND_FROM : NOT_IN_ONE)
    case BEHIND_FROM:
      return kind === VALUE ? specifier(EXPORTED_FROM, c, from, to) : leaveToParser()
    case BEHIND_STAR:
      if (word === AS) return goOn(BEHIND_STAR_AS)
      if (word !== FROM) return leaveToParser()
      note(STARRED, 0, 0)
      return goOn(BEHIND_FROM)
    case BEHIND_STAR_AS:
      if (!isPlainName(kind, from, to)) return leaveToParser()
      note(STARRED, from, to)
      return goOn(BEHIND_STAR_NAME)
    case BEHIND_STAR_NAME:
      return word === FROM ? goOn(BEHIND_FROM) : leaveToParser()
  }
  return 0
}

/** What another module exports is declared nowhere, so that the engine does not say whether it is a name. */
function isPlainName(kind: i32, from: i32, to: i32): bool {
  if (kind !== WORD) return false
  for (let at = from; at < to; at++) if (unit(at) > 127) return false
  return true
}

function specifier(kind: i32, c: i32, from: i32, to: i32): i32 {
  if (hadEscape || (c !== QUOTE && c !== DOUBLE_QUOTE)) return giveUp()
  note(kind, from + 1, to - 1)
  return goOn(BEHIND_SPECIFIER)
}
