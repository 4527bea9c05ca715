import type { parse } from 'es-module-lexer'
import { withoutHashbang } from './hashbang.ts'
import { lazyRequire } from './lazy.ts'

const lexer = lazyRequire<typeof import('es-module-lexer')>('es-module-lexer')

/**
 * Finds the imports and exports of a text without parsing it. The lexer is WebAssembly, which is compiled at the first call: a process whose texts are all remembered, or written in the
 * ways that `readCode` tells, has none.
 *
 * @throws Error where the text is no module that the lexer can follow
 */
export const lex: typeof parse = (text, name) => lexer().parse(withoutHashbang(text), name)
