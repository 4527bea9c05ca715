import { applyEdits } from './edits.ts'
import { checkSyntax, checkWhole, compileFunctionExpression } from './engine.ts'
import { withoutHashbang } from './hashbang.ts'
import type { ImageGlobals } from './image.ts'
import { joinText, type Piece } from './large_text.ts'
import { GENERATED, mentionsOf, namedIn } from './mentions.ts'
import { type Edit, EMITTER, FILE, IMPORT, type ImportEntry, type ModuleSource, PUBLISH } from './module_source.ts'
import { wrapSharedEmitters } from './shared_emitters.ts'
import type { TextFacts } from './text_facts.ts'

/** Where a file meets its image: what the generated code calls. Held by every closure of the file, and by nothing else for long. */
export interface FileEnvironment {
  /**
   * Called once, before any of the author's code, in the scope of the file: at instantiation, or when a file begins whose scope nobody can see before.
   *
   * @param rebind gives the plain imports their values; undefined when there are none
   * @param exports tells what is exported while the file runs; undefined when nobody can ask
   */
  link(rebind: Rebind | undefined, exports: (() => ExportValues) | undefined): void
  /** Called at instantiation too, with an exported name that the file does not declare, or nothing. */
  undeclared(name: string): void
  /** Called as the last statement; the file has run to its end. Values that cannot change any more come as a list, in the order of `localExports`. */
  done(exports: ExportValues | readonly unknown[]): typeof COMPLETED
  /** What stands in its text for `import`, as in `import(x)` and `import.meta`. */
  importer(): unknown
  /** What its exports are assigned through, and direct eval goes through, where a parser has found any. */
  publisher(): unknown
  /** Opens a scope whose one binding stays in its temporal dead zone until it is initialised. Gives what is to be run in that scope. */
  nest(scope: () => Generator<unknown, void, unknown>): unknown
}

export type Rebind = (values: readonly unknown[]) => void

/** Values of the local exports by local name; getters while the file runs, plain values when it is done. */
export type ExportValues = Readonly<Record<string, unknown>>

/** What the body of a file returns at its end. Anything else means that the author's text said `return`. */
export const COMPLETED = Symbol('completed')

/**
 * How the exports of a module may be read before it has run to its end, as they can be in and below a cycle: through namespaces alone, or by imports too, whose files
 * must be told of each export when it is initialised.
 */
export type EarlyReads = 'never' | 'by namespaces' | 'by imports'

/** What a module is compiled to; see `bodyKind`. */
export type ModuleBody =
  | { readonly kind: 'function'; readonly start: () => unknown }
  | { readonly kind: 'generator'; readonly start: () => Generator<undefined, unknown, undefined> }
  | { readonly kind: 'async function'; readonly start: () => Promise<unknown> }
  | { readonly kind: 'async generator'; readonly start: () => AsyncGenerator<undefined, unknown, undefined> }

/**
 * The first step of a generator instantiates the scope (functions are hoisted, the rest is in its temporal dead zone) and its second runs it, as ECMA-262 tells
 * InitializeEnvironment from ExecuteModule. A function does both at once, which is enough where nobody can look into the scope between them and nothing in it
 * has to be checked. With top-level await, evaluation has to wait until the pause of a generator is reached.
 */
const bodyKind = ({ hasTopLevelAwait, unchecked }: ModuleSource, reads: EarlyReads): ModuleBody['kind'] => {
  const isSeenBefore = reads !== 'never'
  if (hasTopLevelAwait) return isSeenBefore ? 'async generator' : 'async function'
  return isSeenBefore || (unchecked && unchecked.exportedNames.length > 0) ? 'generator' : 'function'
}

/** What reads without a parser may take for a name what is none; the parser finds the mistake then. */
const isIdentifier = (name: string): boolean => /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(name)

const PLAIN_NAMES = /^[\w$,]*$/

/** So many variables have room on the stack. */
const MOST_ON_STACK = 10_000

/** A list: the engine takes many times as long for an object with so many properties, the first time that it makes one. */
function listed({ localExports }: ModuleSource): string {
  const names = localExports.map(({ localName }) => localName)
  const plain = names.join(',')
  const list = PLAIN_NAMES.test(plain) ? plain : names.map(name => (isIdentifier(name) ? name : 'undefined')).join(',')
  // What a closure reads, the engine keeps on the heap.
  return names.length > MOST_ON_STACK ? `(()=>[${list}])()` : `[${list}]`
}

function getters({ localExports }: ModuleSource): string {
  const names = new Set(localExports.map(({ localName }) => localName).filter(isIdentifier))
  return [...names].map(name => `get ${name}(){return ${name}}`).join(',')
}

type Composition = Pick<CompileRequest, 'text' | 'globals' | 'ownImports' | 'facts'> & {
  readonly source?: ModuleSource
}

/** Listeners are looked after only for an image that wants to know what it adds them to, and only in a text that adds any. */
const isWatched = ({ globals, ownImports }: Composition): boolean =>
  ownImports !== undefined && globals.names.includes(EMITTER)

/** The globals that a file is given as variables. */
function namesFor(request: Composition): readonly string[] {
  const mentions = mentionsOf(request.globals)
  const known = request.source?.unchecked?.names
  const names = known
    ? mentions.names.filter(name => known.includes(name))
    : request.facts.recall(`globals ${mentions.mark}`, () => namedIn(request.text, mentions))
  return isWatched(request) ? [...names, ...GENERATED] : names
}

const END = '\n})'

type Surrounding = readonly [name: string, value: unknown]

/**
 * What gives a file its surroundings, by the names that they have in its code.
 *
 * @param variant tells apart what one text can be compiled to
 */
function compileWith(
  request: Composition & Pick<CompileRequest, 'url'>,
  surroundings: readonly Surrounding[],
  variant: string,
  body: () => readonly Piece[],
): { readonly code: string; readonly value: unknown } {
  const names = namesFor(request)
  const parameters = [...surroundings.map(([name]) => name), ...names].join()
  const { facts, globals } = request
  const what = `${variant} ${parameters}`
  const code = facts.keep(what, () => joinText(['(function(', parameters, '){', ...body(), END]))
  const factory = compileFunctionExpression(code, request.url, facts.code(what))
  return {
    code,
    value: factory(...surroundings.map(([, value]) => value), ...names.map(name => globals.of(name))) as unknown,
  }
}

/** The text as it is compiled. */
function compose(request: Composition, edits: readonly Edit[], sourceType: 'module' | 'script'): Piece {
  const text = withoutHashbang(request.text)
  return isWatched(request)
    ? wrapSharedEmitters(applyEdits(text, edits), sourceType, request.ownImports!)
    : { text, edits }
}

export interface CompileRequest {
  /** A `file:` URL: what stack traces, breakpoints and coverage show. */
  readonly url: string
  readonly text: string
  readonly source: ModuleSource
  /** Imports of files in the same cycle: theirs may not be initialised yet when they are read. */
  readonly early: ReadonlySet<ImportEntry>
  readonly reads: EarlyReads
  /** The image's own views of globals. */
  readonly globals: ImageGlobals
  /** Local names of imports from the image's own files; undefined when nobody needs to know. */
  readonly ownImports: ReadonlySet<string> | undefined
  /** What is known of the text. */
  readonly facts: TextFacts
}

/**
 * Turns a module into a function, or a generator function. Imports are plain variables of its scope that the image sets, so reading one costs no more than any
 * variable, and the author's text keeps its lines and columns: what is added stands on a line 0 before it and on a line after it.
 *
 * @throws SyntaxError as V8 words it; the caller finds the place with the parser
 */
export function compileModule(request: CompileRequest, environment: FileEnvironment): ModuleBody {
  const { unchecked } = request.source
  const kind = bodyKind(request.source, request.reads)
  const surroundings: Surrounding[] = [[FILE, environment]]
  if (!unchecked || unchecked.mayImport) surroundings.push([IMPORT, environment.importer()])
  if (!unchecked) surroundings.push([PUBLISH, environment.publisher()])
  const { value } = compileWith(request, surroundings, variantOf(request), () => bodyOfModule(request, kind))
  return { kind, start: value } as ModuleBody
}

function variantOf(request: CompileRequest): string {
  const { source, early, reads } = request
  const names = [...early].map(({ localName }) => localName).join()
  const own = isWatched(request) ? [...request.ownImports!].join() : '-'
  return `${source.unchecked ? 'scanned' : 'parsed'} ${reads} ${names} ${own}`
}

function bodyOfModule(request: CompileRequest, kind: ModuleBody['kind']): readonly Piece[] {
  const { source, early } = request
  const plain = source.imports.filter(entry => !early.has(entry))
  const nested = source.imports.filter(entry => early.has(entry))
  // The body comes before the binding, or the engine would name it after that.
  const opening = `${FILE}.nest((function*(){yield `.repeat(nested.length)
  const closing = nested
    .map(({ localName }) => `;let ${localName}=yield;yield ${PUBLISH}=>{${localName}=${PUBLISH}}}))`)
    .reverse()
    .join('')
  const declared = plain.length === 0 ? '' : `let ${plain.map(entry => entry.localName).join(',')};`
  const rebound = plain.map((entry, index) => `${entry.localName}=${PUBLISH}[${index}]`).join(';')
  // For nothing, the engine would compile it once more.
  const rebind = rebound === '' ? 'undefined' : `${PUBLISH}=>{${rebound}}`
  const pulled = request.reads !== 'never' || source.mutableExports ? `()=>({${getters(source)}})` : 'undefined'
  // In a block of its own the author's functions are declarations that may not be repeated, as in a module.
  const pause = kind === 'generator' || kind === 'async generator' ? 'yield;' : ''
  // In parentheses, by which the engine knows that it will be called at once, and reads it once instead of twice.
  const head =
    `'use strict';return ${opening}(${KEYWORDS[kind]}(){{${declared}` +
    `${FILE}.link(${rebind},${pulled});${probes(source.unchecked?.exportedNames ?? [])}${pause}`
  const values = request.reads === 'by imports' || source.mutableExports ? `{${getters(source)}}` : listed(source)
  // A declaration cannot be what a text that ends with `if (x)` still needs, as a statement could.
  const tail = `let ${FILE}end;return ${FILE}.done(${values})}})${closing}`
  return [head, '\n', compose(request, source.edits, 'module'), '\n', tail]
}

const KEYWORDS: Readonly<Record<ModuleBody['kind'], string>> = {
  function: 'function',
  generator: 'function*',
  'async function': 'async function',
  'async generator': 'async function*',
}

/**
 * Finds names that are not declared: before the file runs, reading one throws, but its `typeof` does not; of a `let` in its temporal dead zone both
 * throw, and of a `var` or a function neither.
 */
const probes = (names: readonly string[]): string => {
  if (names.length === 0) return ''
  const each = names.map(
    name =>
      `if(${PUBLISH}0==='')try{if(typeof ${name}==='undefined'){${PUBLISH}0='${name}';${name};${PUBLISH}0=''}}catch{}`,
  )
  return `{let ${PUBLISH}0='';${each.join('')}${FILE}.undeclared(${PUBLISH}0)}`
}

/**
 * Lets the engine judge what the function around a module hides: `return` and `yield` outside of functions.
 *
 * @throws SyntaxError also for some texts that are right, such as those with top-level await: the parser has the last word
 */
export function checkPlacement(text: string, source: ModuleSource, url: string): void {
  const code = `'use strict';\n${applyEdits(withoutHashbang(text), source.edits)}`
  checkSyntax(code, url)
}

/** What the engine has against the text as a CommonJS file; nothing is run. */
export function commonJsFault(text: string): string | undefined {
  try {
    checkSyntax(`(function(exports,require,module,__filename,__dirname){${withoutHashbang(text)}\n})`)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

export type CommonJsBody = (
  exports: unknown,
  require: unknown,
  module: unknown,
  filename: string,
  dirname: string,
) => unknown

/** Compiles a CommonJS file. The unused closure makes every function of the file hold `environment`, and so the image. */
export function compileCommonJs(
  request: Composition & Pick<CompileRequest, 'url'> & { readonly edits: readonly Edit[] },
  environment: object,
  dynamicImport: unknown,
): CommonJsBody {
  // In parentheses: see `bodyOfModule`.
  const opening = `void(()=>${FILE});return (`
  const surroundings = [[FILE, environment] as const, [IMPORT, dynamicImport] as const]
  const variant = isWatched(request) ? 'watched script' : 'script'
  const { code, value } = compileWith(request, surroundings, variant, () => [
    opening,
    'function(exports,require,module,__filename,__dirname){\n',
    compose(request, request.edits, 'script'),
    '\n}',
    ')',
  ])
  const body = value as CommonJsBody
  checkWhole(body, code.length - code.indexOf(opening) - opening.length - `)${END}`.length)
  return body
}
