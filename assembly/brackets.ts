/** The brackets that are open: by what each is closed, where it begins, and what is known of what stands in it. */
import { BRACKETS, MOST_BRACKETS } from './tables'

/** Inside a function, where `return` may stand. */
export const IN_FUNCTION: i32 = 1 << 8
/** The parenthesis of `if (…)`, `for (…)` and their like, and the brace behind: it opens a block, not a function. */
export const IS_CONTROL: i32 = 1 << 9
/** The parenthesis behind a name, that of `function` included: a brace after it opens a function which has an `arguments` of its own. */
export const IS_HEAD: i32 = 1 << 10
/** Inside such a function. */
export const IN_PLAIN_FUNCTION: i32 = 1 << 11
/** The parenthesis of an asynchronous function. */
export const IS_ASYNC: i32 = 1 << 12
/** The innermost function that has braces is asynchronous. */
export const IN_ASYNC: i32 = 1 << 13
/** Behind the arrow of a function without braces, until the statement ends, and in brackets there. */
export const HAS_ARROW: i32 = 1 << 14
/** The parenthesis behind the word `async`: that of a function if an arrow follows. */
export const IS_BEHIND_ASYNC: i32 = 1 << 15
export const UNDER_ARROW: i32 = 1 << 16
/** The parenthesis of `for (…)`, which assigns to what stands in it before `of` or `in`, unless that is declared there. */
export const IS_FOR: i32 = 1 << 17
export const IS_DECLARED: i32 = 1 << 18
/** A bracket behind a value: what is assigned to is a property. */
export const IS_MEMBER: i32 = 1 << 19
/** The parenthesis of what the word `function` begins. */
export const IS_FUNCTION: i32 = 1 << 20
export const OF_EVERY_FUNCTION: i32 = IN_FUNCTION | IN_PLAIN_FUNCTION
const INHERITED: i32 = OF_EVERY_FUNCTION | IN_ASYNC | UNDER_ARROW

export let depth: i32 = 0
/** The innermost one that is open; 0 outside of all. */
export let top: i32 = 0
export let topStart: i32 = -1
/** The one that was closed last. */
export let closed: i32 = 0
export let closedStart: i32 = -1

export function beginBrackets(): void {
  depth = 0
  top = 0
  topStart = -1
  closed = 0
  closedStart = -1
}

/** What brackets have from what is around them. */
export function inherited(): i32 {
  return (top & INHERITED) | (top & HAS_ARROW ? UNDER_ARROW : 0)
}

export function addToTop(known: i32): void {
  top |= known
}

export function takeFromTop(known: i32): void {
  top &= ~known
}

/** The character that closes the innermost bracket. */
export function isClosedBy(c: i32): bool {
  return (top & 255) === c
}

/** @returns false when there are too many */
export function open(known: i32, at: i32): bool {
  if (depth === MOST_BRACKETS) return false
  store<i32>(BRACKETS + ((<usize>depth) << 3), top)
  store<i32>(BRACKETS + ((<usize>depth) << 3), topStart, 4)
  depth++
  top = known
  topStart = at
  return true
}

export function close(): void {
  closed = top
  closedStart = topStart
  depth--
  top = load<i32>(BRACKETS + ((<usize>depth) << 3))
  topStart = load<i32>(BRACKETS + ((<usize>depth) << 3), 4)
}
