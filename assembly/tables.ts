/** Classes of characters and words that mean something, and where what is read and written stands in memory. */

// What `read` gives back, as bits: src/images/code_reader.ts has the same.
/** Where strings, comments and regular expressions begin and end cannot be told. */
export const UNSURE: i32 = 1
/** A `return` or `yield` may stand outside of every function. */
export const STRAY: i32 = 2
/** Something stands there that only a parser can judge. */
export const MISREAD: i32 = 4
/** To what is assigned cannot be told. */
export const ASSIGNS: i32 = 8
/** An import or export is written in another way than the usual ones. */
export const OTHER_DECLARATION: i32 = 16
/** There is an export of nothing, of which a lexer does not tell. */
export const EMPTY_LIST: i32 = 32

// Memory, by what stands where: an area ends where the next one begins.
const CLASSES: usize = 1024
const WORDS: usize = 2048
export const NAMES: usize = 8192
export const NAMES_SIZE: usize = 8192
export const BRACKETS: usize = 16384
export const MOST_BRACKETS: i32 = 4096
export const RECENT: usize = 49152
export const RECENT_SIZE: usize = 8192
export const DECLARATIONS: usize = 65536
export const MOST_DECLARATIONS: i32 = 4096
/** Before it stand the constants of the compiler, behind it what the text assigns to. */
export const TEXT: usize = 147456

// Classes of characters. All that can be a part of a name have one bit.
export const OTHER: u8 = 0
export const SPACE: u8 = 1
export const LINE_END: u8 = 2
export const SPECIAL: u8 = 3
export const SIGN: u8 = 4
export const NAME: u8 = 128
export const DIGIT: u8 = 129

export const BACKQUOTE: i32 = 0x60
export const BACKSLASH: i32 = 0x5c
export const CLOSE_BRACE: i32 = 0x7d
export const CLOSE_BRACKET: i32 = 0x5d
export const CLOSE_PAREN: i32 = 0x29
export const COLON: i32 = 0x3a
export const COMMA: i32 = 0x2c
export const DOLLAR: i32 = 0x24
export const POINT: i32 = 0x2e
export const DOUBLE_QUOTE: i32 = 0x22
export const EQUALS: i32 = 0x3d
export const EXCLAMATION: i32 = 0x21
export const GREATER: i32 = 0x3e
export const LESS: i32 = 0x3c
export const MINUS: i32 = 0x2d
export const NEWLINE: i32 = 10
export const NUMBER_SIGN: i32 = 0x23
export const OPEN_BRACE: i32 = 0x7b
export const OPEN_BRACKET: i32 = 0x5b
export const OPEN_PAREN: i32 = 0x28
export const PLUS: i32 = 0x2b
export const QUOTE: i32 = 0x27
export const RETURN_CHARACTER: i32 = 13
export const SEMICOLON: i32 = 0x3b
export const SLASH: i32 = 0x2f
export const ASTERISK: i32 = 0x2a

// Words: a number each, and what is true of it, as bits.
/** What stands behind it is an operand: there a slash begins a regular expression. */
export const BEFORE_OPERAND: i32 = 1 << 8
/** The parenthesis behind it is no list of arguments or parameters. */
export const CONTROL: i32 = 1 << 9
export const DECLARES: i32 = 1 << 10
/** The brace behind it is no body of a class. */
export const BEFORE_BLOCK: i32 = 1 << 12
/** The name behind it is that of a function that is called, not declared. */
export const CALLS: i32 = 1 << 13
const OPERATOR: i32 = BEFORE_OPERAND | BEFORE_BLOCK
export const ARGUMENTS: i32 = 1
export const AS: i32 = 2
export const ASSERT: i32 = 3
export const ASYNC: i32 = 4
export const AWAIT: i32 = 5 | OPERATOR | CALLS
export const CLASS: i32 = 6
export const DEFAULT: i32 = 7 | OPERATOR
export const EVAL: i32 = 8
export const EXPORT: i32 = 9
export const EXTENDS: i32 = 10 | BEFORE_OPERAND | CALLS
export const FOR: i32 = 11 | CONTROL
export const FROM: i32 = 12
export const FUNCTION: i32 = 13
export const IMPORT: i32 = 14
export const IN: i32 = 15 | OPERATOR
export const NEW: i32 = 16 | BEFORE_OPERAND | CALLS
export const OF: i32 = 17 | OPERATOR
export const RETURN: i32 = 18 | OPERATOR
export const USING: i32 = 19
export const WITH: i32 = 20 | CONTROL
export const YIELD: i32 = 21 | OPERATOR | CALLS
/** Those of which no more has to be known than their bits. */
const ANY: i32 = 22

export function unit(at: i32): i32 {
  return load<u16>(TEXT + ((<usize>at) << 1))
}

export function classOf(c: i32): u8 {
  return c < 128 ? load<u8>(CLASSES + c) : classBeyondAscii(c)
}

function classBeyondAscii(c: i32): u8 {
  if (c === 0x2028 || c === 0x2029) return LINE_END
  const isSpace =
    c === 0xa0 ||
    c === 0xfeff ||
    c === 0x1680 ||
    (c >= 0x2000 && c <= 0x200a) ||
    c === 0x202f ||
    c === 0x205f ||
    c === 0x3000
  return isSpace ? SPACE : NAME
}

/** Tells words apart: exactly up to nine letters. */
export function keyWith(key: u64, c: i32): u64 {
  return rotl<u64>(key, 7) ^ <u64>c
}

export function keyOf(word: string): u64 {
  let key: u64 = 0
  for (let index = 0; index < word.length; index++) key = keyWith(key, word.charCodeAt(index))
  return key
}

const GOLDEN_RATIO: u64 = 0x9e3779b97f4a7c15

export function bitOf(key: u64): usize {
  return <usize>((key * GOLDEN_RATIO) >> 48)
}

/** The place of a name among 1024, where stands from where to where it stood before. */
export function recentOf(key: u64): usize {
  return RECENT + ((<usize>((key * GOLDEN_RATIO) >> 54)) << 3)
}

/** Remembers that a name was seen. Another name may have the same bit, seldom. */
export function noteName(key: u64): void {
  const bit = bitOf(key)
  store<u8>(NAMES + (bit >> 3), load<u8>(NAMES + (bit >> 3)) | (1 << (<u8>bit & 7)))
}

const LONGEST_WORD = 10
const LETTER_I = 0x69

/** The number of a word; 0 of a name. Of ten letters there is one word, which begins with an i: with that its key is exact, too. */
export function wordOf(key: u64, first: i32, length: i32): i32 {
  if (length > LONGEST_WORD || (length === LONGEST_WORD && first !== LETTER_I)) return 0
  for (let slot = slotOf(key); load<u64>(slot) !== 0; slot = nextSlot(slot))
    if (load<u64>(slot) === key && load<i32>(slot, 8) === length) return load<i32>(slot, 12)
  return 0
}

/** Of 128, of 16 bytes each: the key of a word, its length, its number. */
function slotOf(key: u64): usize {
  return WORDS + ((<usize>((key * GOLDEN_RATIO) >> 57)) << 4)
}

function nextSlot(slot: usize): usize {
  return slot === WORDS + (127 << 4) ? WORDS : slot + 16
}

function know(word: string, id: i32): void {
  const key = keyOf(word)
  let slot = slotOf(key)
  while (load<u64>(slot) !== 0) slot = nextSlot(slot)
  store<u64>(slot, key)
  store<i32>(slot, word.length, 8)
  store<i32>(slot, id, 12)
}

function classify(characters: string, kind: u8): void {
  for (let index = 0; index < characters.length; index++) store<u8>(CLASSES + characters.charCodeAt(index), kind)
}

let isPrepared: bool = false

export function prepare(): void {
  if (isPrepared) return
  isPrepared = true
  for (let c = 0; c <= 32; c++) store<u8>(CLASSES + c, SPACE)
  classify('\n\r', LINE_END)
  classify('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$', NAME)
  classify('0123456789', DIGIT)
  classify('\'"`/{}()[].;\\#', SPECIAL)
  classify('=+-*%&|^?<>!', SIGN)
  know('arguments', ARGUMENTS)
  know('as', AS)
  know('assert', ASSERT)
  know('async', ASYNC)
  know('await', AWAIT)
  know('class', CLASS)
  know('default', DEFAULT)
  know('eval', EVAL)
  know('export', EXPORT)
  know('extends', EXTENDS)
  know('for', FOR)
  know('from', FROM)
  know('function', FUNCTION)
  know('import', IMPORT)
  know('in', IN)
  know('new', NEW)
  know('of', OF)
  know('return', RETURN)
  know('using', USING)
  know('with', WITH)
  know('yield', YIELD)
  know('case', ANY | OPERATOR)
  know('delete', ANY | OPERATOR)
  know('do', ANY | OPERATOR)
  know('else', ANY | OPERATOR)
  know('instanceof', ANY | OPERATOR)
  know('throw', ANY | OPERATOR)
  know('typeof', ANY | OPERATOR)
  know('void', ANY | OPERATOR)
  know('finally', ANY | BEFORE_BLOCK)
  know('try', ANY | BEFORE_BLOCK)
  know('catch', ANY | CONTROL)
  know('if', ANY | CONTROL)
  know('switch', ANY | CONTROL)
  know('while', ANY | CONTROL)
  know('const', ANY | DECLARES)
  know('let', ANY | DECLARES)
  know('var', ANY | DECLARES)
}
