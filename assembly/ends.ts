/** Where what begins at a place ends: the offset behind it, or `NO_END`. */
import {
  BACKQUOTE,
  BACKSLASH,
  CLOSE_BRACKET,
  classOf,
  DOLLAR,
  DOUBLE_QUOTE,
  keyOf,
  keyWith,
  LINE_END,
  NAME,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  RETURN_CHARACTER,
  SLASH,
  SPACE,
  unit,
} from './tables'

export const NO_END: i32 = -1

/** Set by `endOfString`: something in it is not written as it is read, and a letter by its number. */
export let hadEscape: bool = false
export let hadEscapedLetter: bool = false

export function endOfString(start: i32, length: i32): i32 {
  const quote = unit(start)
  hadEscape = false
  hadEscapedLetter = false
  for (let at = start + 1; at < length; at++) {
    const c = unit(at)
    if (c === quote) return at + 1
    if (c === BACKSLASH) {
      hadEscape = true
      if (isEscapedLetter(at)) hadEscapedLetter = true
      at++
      if (unit(at) === RETURN_CHARACTER && unit(at + 1) === NEWLINE) at++
    } else if (c === NEWLINE || c === RETURN_CHARACTER) return NO_END
  }
  return NO_END
}

/** From behind the backquote, or behind the brace of a substitution: to behind the backquote at its end, or behind the `${` of the next one. */
export function endOfTemplateText(start: i32, length: i32): i32 {
  for (let at = start; at < length; at++) {
    const c = unit(at)
    if (c === BACKQUOTE) return at + 1
    if (c === BACKSLASH) at++
    else if (c === DOLLAR && unit(at + 1) === OPEN_BRACE) return at + 2
  }
  return NO_END
}

/** With its flags. */
export function endOfRegexp(start: i32, length: i32): i32 {
  let inClass = false
  for (let at = start + 1; at < length; at++) {
    let c = unit(at)
    if (c === BACKSLASH) c = unit(++at)
    else if (c === OPEN_BRACKET) inClass = true
    else if (c === CLOSE_BRACKET) inClass = false
    else if (c === SLASH && !inClass) return endOfName(at + 1)
    if (classOf(c) === LINE_END) return NO_END
  }
  return NO_END
}

export function endOfLine(start: i32, length: i32): i32 {
  let at = start
  while (at < length && classOf(unit(at)) !== LINE_END) at++
  return at
}

export function endOfName(start: i32): i32 {
  let at = start
  while (classOf(unit(at)) & NAME) at++
  return at
}

export function endOfSpace(start: i32, length: i32): i32 {
  let at = start
  while (at < length && (classOf(unit(at)) === SPACE || classOf(unit(at)) === LINE_END)) at++
  return at
}

/** `\u0061`, `\u{61}` */
function isEscapedLetter(backslash: i32): bool {
  if (unit(backslash + 1) !== 0x75) return false
  let at = backslash + 2
  if (unit(at) === OPEN_BRACE) {
    at++
    while (unit(at) === 0x30) at++
  } else if (unit(at) === 0x30 && unit(at + 1) === 0x30) at += 2
  else return false
  const high = unit(at)
  const low = unit(at + 1)
  if (high === 0x34 || high === 0x36) return (low >= 0x31 && low <= 0x39) || ((low | 32) >= 0x61 && (low | 32) <= 0x66)
  return (high === 0x35 || high === 0x37) && ((low >= 0x30 && low <= 0x39) || (low | 32) === 0x61)
}

/** Is what stands behind `await`, on its line, what can only be its operand? */
export function hasPlainOperand(start: i32): bool {
  let at = start
  while (unit(at) === 32 || unit(at) === 9) at++
  const c = unit(at)
  if (at === start) return false
  if (c === QUOTE || c === DOUBLE_QUOTE) return true
  if (c > 127 || !(classOf(c) & NAME)) return false
  const end = endOfName(at)
  if (end - at > 10) return true
  let key: u64 = 0
  while (at < end) key = keyWith(key, unit(at++))
  return key !== keyOf('in') && key !== keyOf('of') && key !== keyOf('instanceof') && key !== keyOf('extends')
}
