import { lazily } from './lazy.ts'

/** The full parser: for `info`, and for the few texts that the lexer gives up on. A host that has neither never loads it. */
export const acorn = lazily<typeof import('acorn')>('acorn')
