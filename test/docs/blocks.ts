/** Fenced blocks of a document that a test can act on, in order. */
export type Block =
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  | { readonly kind: 'console'; readonly steps: readonly Step[]; readonly line: number }

/** A command line, and what it printed. */
export interface Step {
  readonly command: string
  readonly output: string
}

const FENCE = /^```(\w+)(?: file=(\S+))?\n([\s\S]*?)^```$/gm

/** ` ```ts file=a.ts ` is a file to write; ` ```console ` is commands after `$ ` with their output below. Other blocks are for reading. */
export function readBlocks(document: string): Block[] {
  const blocks: Block[] = []
  for (const match of document.matchAll(FENCE)) {
    const [, language, name, text = ''] = match
    if (name !== undefined) blocks.push({ kind: 'file', name, text })
    else if (language === 'console')
      blocks.push({ kind: 'console', steps: readSteps(text), line: document.slice(0, match.index).split('\n').length })
  }
  return blocks
}

const readSteps = (text: string): Step[] =>
  text
    .split(/^\$ /m)
    .slice(1)
    .map(part => {
      const end = part.indexOf('\n')
      return { command: part.slice(0, end), output: part.slice(end + 1) }
    })

/** `…` in the document stands for any text within a line, such as the path of a temporary folder. */
export function matches(output: string, documented: string): boolean {
  const pattern = documented
    .split('…')
    .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^\\n]*')
  return new RegExp(`^${pattern}$`).test(output)
}
