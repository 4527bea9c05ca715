/** Kinds of tokens: what counts for what may stand behind them. */
export const START: i32 = 0
/** A name or a keyword. */
export const WORD: i32 = 1
/** A number, string, template or regular expression. */
export const VALUE: i32 = 2
export const PUNCTUATOR: i32 = 3
export const DOT: i32 = 4
export const ARROW: i32 = 5
export const PAREN_END: i32 = 6
export const BRACKET_END: i32 = 7
export const BRACE_END: i32 = 8
/** `++` or `--`, behind its operand or before it. */
export const POSTFIX: i32 = 9
export const PREFIX: i32 = 10
export const BRACE: i32 = 11
export const STAR: i32 = 12
/** Of a private name. */
export const HASH: i32 = 13
/** A semicolon. */
export const STATEMENT_END: i32 = 14
