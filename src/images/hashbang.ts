/** A hashbang is a comment in a file, but not in a function, and a lexer sees others begin in the middle of it. */
export const withoutHashbang = (text: string): string => (text.startsWith('#!') ? `//${text.slice(2)}` : text)
