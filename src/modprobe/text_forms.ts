/**
 * The text forms of kmod's indexes: one fact a line, `#` before comments. Programs other than ours read them, and a
 * kernel's own files can be loaded with them.
 */

/** One line of `modules.dep`: a file and all files that it needs, directly or not, nearest first. */
interface DependencyLine {
  readonly file: string
  readonly needs: readonly string[]
}

/** One line of `modules.alias` or `modules.symbols`. */
interface AliasLine {
  readonly pattern: string
  readonly module: string
}

/** One line of `modules.softdep`. */
interface SoftdepLine {
  readonly module: string
  readonly pre: readonly string[]
  readonly post: readonly string[]
}

const KERNEL_OBJECT = /\.ko(\.(gz|xz|zst))?$/

/** The module that a file holds: its base name without extension, with `-` as `_`. */
export function moduleNameOf(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1)
  const stem = KERNEL_OBJECT.test(base) ? base.replace(KERNEL_OBJECT, '') : base.replace(/(?<=.)\.[^.]*$/, '')
  return stem.replaceAll('-', '_')
}

/** Calls back with every line that says something, without the spaces around it. */
function forEachLine(text: string, line: (line: string) => void): void {
  for (let from = 0; from < text.length; ) {
    let to = text.indexOf('\n', from)
    if (to === -1) to = text.length
    const content = text.slice(from, to).trim()
    if (content !== '' && !content.startsWith('#')) line(content)
    from = to + 1
  }
}

export function parseDependencies(text: string): DependencyLine[] {
  const lines: DependencyLine[] = []
  forEachLine(text, line => {
    const colon = line.indexOf(':')
    if (colon <= 0) return
    lines.push({ file: line.slice(0, colon), needs: words(line.slice(colon + 1)) })
  })
  return lines
}

export function formatDependencies(lines: Iterable<DependencyLine>): string {
  let text = ''
  for (const { file, needs } of lines) text += `${[`${file}:`, ...needs].join(' ')}\n`
  return text
}

/**
 * Reads `modules.alias` or `modules.symbols` without cutting it up: tells where each pattern begins and ends, and its
 * module. A kernel's has tens of thousands of lines.
 */
export function scanAliases(text: string, found: (from: number, to: number, module: string) => void): void {
  let module = ''
  for (let from = 0, to: number; from < text.length; from = to + 1) {
    to = text.indexOf('\n', from)
    if (to === -1) to = text.length
    if (!text.startsWith('alias ', from)) continue
    // Neighbouring lines mostly name the same module: one string for them all, and no search for where it begins.
    let space = to - module.length - 1
    if (module === '' || text[space] !== ' ' || !text.startsWith(module, space + 1)) {
      space = text.lastIndexOf(' ', to - 1)
      module = text.slice(space + 1, to)
    }
    if (space > from + 6 && module !== '') found(from + 6, space, module)
  }
}

export function parseAliases(text: string): AliasLine[] {
  const lines: AliasLine[] = []
  scanAliases(text, (from, to, module) => lines.push({ pattern: text.slice(from, to), module }))
  return lines
}

export function formatAliases(lines: Iterable<AliasLine>): string {
  let text = '# Aliases of modules.\n'
  for (const { pattern, module } of lines) text += `alias ${pattern} ${module}\n`
  return text
}

/** Symbols are written as aliases, `symbol:NAME`. A symbol's record names it without that prefix. */
export function parseSymbols(text: string): AliasLine[] {
  return parseAliases(text)
    .filter(({ pattern }) => pattern.startsWith('symbol:'))
    .map(({ pattern, module }) => ({ pattern: pattern.slice('symbol:'.length), module }))
}

export function formatSymbols(lines: Iterable<AliasLine>): string {
  let text = '# Aliases for symbols.\n'
  for (const { pattern, module } of lines) text += `alias symbol:${pattern} ${module}\n`
  return text
}

/** What stands before the first `pre:` or `post:` belongs to neither and is dropped, as kmod drops it. */
export function parseSoftdeps(text: string): SoftdepLine[] {
  const lines: SoftdepLine[] = []
  forEachLine(text, line => {
    const [keyword, module, ...rest] = words(line)
    if (keyword !== 'softdep' || module === undefined) return
    const pre: string[] = []
    const post: string[] = []
    let into: string[] | undefined
    for (const word of rest) {
      if (word === 'pre:') into = pre
      else if (word === 'post:') into = post
      else into?.push(word)
    }
    lines.push({ module, pre, post })
  })
  return lines
}

export function formatSoftdeps(lines: Iterable<SoftdepLine>): string {
  let text = '# Soft dependencies of modules.\n'
  for (const { module, pre, post } of lines) {
    const parts = ['softdep', module]
    if (pre.length > 0) parts.push('pre:', ...pre)
    if (post.length > 0) parts.push('post:', ...post)
    text += `${parts.join(' ')}\n`
  }
  return text
}

function words(line: string): string[] {
  return line.split(/\s+/).filter(word => word !== '')
}
