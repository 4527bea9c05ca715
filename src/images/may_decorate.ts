/** Where code may have a decorator, or an accessor of a class. Lines of comments may look so, and cost a parse. */
const DECORATED = /(?:^|[;{}()=,]|\bexport|\bdefault)[ \t]*@[\w$(]|(?:^|[;{}]|\bstatic)[ \t]*accessor[ \t]+[\w$#["']/m

/** False for nearly every text: the compiler of decorators, and the parser that it needs, are not even loaded for it. */
export const mayDecorate = (text: string): boolean =>
  (text.includes('@') || text.includes('accessor')) && DECORATED.test(text)
