/**
 * Reports the whole public interface of the package in docs/api.md, from the declarations that were built.
 *
 *   node scripts/api.mjs            writes the report
 *   node scripts/api.mjs --check    fails when it is not up to date
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const REPORT = join(ROOT, 'docs', 'api.md')
const INTRODUCTION = `# Public interface

What the package exports, and the types that its declarations name. Generated from the build by \`npm run api\`, so not to be edited: a
change of this file is a change of the interface.
`

const KINDS = new Map([
  [ts.SyntaxKind.ClassDeclaration, 'class'],
  [ts.SyntaxKind.InterfaceDeclaration, 'interface'],
  [ts.SyntaxKind.TypeAliasDeclaration, 'type'],
  [ts.SyntaxKind.FunctionDeclaration, 'function'],
  [ts.SyntaxKind.VariableDeclaration, 'const'],
])
const printer = ts.createPrinter({ removeComments: true })
const FEW = 15
const byName = (a, b) => (a.name < b.name ? -1 : 1)

/** The entry points of package.json that have types, such as `outlive` and `outlive/races`. */
function entryPoints() {
  const { name, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return Object.entries(exports)
    .filter(([, target]) => target.types)
    .map(([path, target]) => ({ name: path.replace('.', name), file: join(ROOT, target.types) }))
}

const isHidden = ({ name, modifiers }) =>
  (name !== undefined && ts.isPrivateIdentifier(name)) ||
  (modifiers ?? []).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)

function withoutHidden(node) {
  if (!ts.isClassDeclaration(node)) return node
  const { modifiers, name, typeParameters, heritageClauses, members } = node
  const shown = members.filter(member => !isHidden(member))
  return ts.factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritageClauses, shown)
}

function textOf(declaration) {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : withoutHidden(declaration)
  return printer
    .printNode(ts.EmitHint.Unspecified, statement, declaration.getSourceFile())
    .replace(/^export (declare )?/, '')
    .replaceAll(/^( {4})+/gm, indent => indent.slice(indent.length / 2))
}

class Reporter {
  #checker

  constructor(program) {
    this.#checker = program.getTypeChecker()
  }

  /** The symbol itself where `symbol` is an import or export of it. */
  #resolve(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol
  }

  exportsOf(sourceFile) {
    return this.#checker
      .getExportsOfModule(this.#checker.getSymbolAtLocation(sourceFile))
      .map(symbol => ({ name: symbol.name, symbol: this.#resolve(symbol) }))
      .sort(byName)
  }

  /** Symbols of this package that the declarations of `symbols` name and that are not among them: part of the interface, if not by name. */
  mentionedBy(symbols) {
    const found = new Set()
    const visit = node => {
      if (isHidden(node)) return
      const named = ts.isIdentifier(node) && this.#checker.getSymbolAtLocation(node)
      const symbol = named && this.#resolve(named)
      if (symbol && !symbols.includes(symbol) && symbol.declarations?.some(isOwnStatement)) found.add(symbol)
      ts.forEachChild(node, visit)
    }
    for (const symbol of symbols) symbol.declarations.forEach(visit)
    return [...found].map(symbol => ({ name: symbol.name, symbol })).sort(byName)
  }

  section({ name, symbol }) {
    const [sentence = ''] =
      /^.*?[.!?](?=\s|$)|^.+/s.exec(ts.displayPartsToString(symbol.getDocumentationComment(this.#checker))) ?? []
    const [first] = symbol.declarations
    const lines = [`### ${KINDS.get(first.kind) ?? 'namespace'} ${name}`, '']
    if (sentence !== '') lines.push(sentence.replaceAll(/\s+/g, ' '), '')
    return [...lines, '```ts', ...symbol.declarations.map(textOf), '```', ''].join('\n')
  }
}

/** Declared by a statement of a file of the package, so not a member, a parameter or somebody else's. */
function isOwnStatement(declaration) {
  const { fileName } = declaration.getSourceFile()
  return KINDS.has(declaration.kind) && fileName.startsWith(join(ROOT, 'dist'))
}

function makeReport() {
  const entries = entryPoints()
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, strict: true, types: ['node'] },
  )
  const reporter = new Reporter(program)
  const parts = [INTRODUCTION]
  for (const { name, file } of entries) {
    const exported = reporter.exportsOf(program.getSourceFile(file))
    const mentioned = reporter.mentionedBy(exported.map(({ symbol }) => symbol))
    parts.push(`## ${name}\n`, ...exported.map(entry => reporter.section(entry)))
    if (mentioned.length > 0)
      parts.push(`## ${name}: types without a name to import\n`, ...mentioned.map(entry => reporter.section(entry)))
  }
  return parts.join('\n')
}

/** From the first line that differs to the last, a few of them. */
function difference(before, after) {
  const old = before.split('\n')
  const now = after.split('\n')
  let start = 0
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start++
  while (Math.min(old.length, now.length) > start && old.at(-1) === now.at(-1)) {
    old.pop()
    now.pop()
  }
  const few = (lines, mark) => [
    ...lines.slice(start, start + FEW).map(line => `${mark} ${line}`),
    ...(lines.length > start + FEW ? [`${mark} … ${lines.length - start - FEW} more`] : []),
  ]
  return [`at line ${start + 1}:`, ...few(old, '-'), ...few(now, '+')]
}

const report = makeReport()
const written = existsSync(REPORT) ? readFileSync(REPORT, 'utf8') : ''
if (!process.argv.includes('--check')) {
  writeFileSync(REPORT, report)
  console.log(`api: docs/api.md ${report === written ? 'was up to date' : 'written'}`)
} else if (report === written) console.log('api: docs/api.md is up to date')
else {
  console.error('api: the public interface is not what docs/api.md says; if that is meant, run `npm run api`')
  for (const line of difference(written, report)) console.error(line)
  process.exitCode = 1
}
