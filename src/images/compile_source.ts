import { type CompileRequest, checkPlacement, compileModule, type FileEnvironment, type ModuleBody } from './compile.ts'
import { EarlyImports } from './early_imports.ts'
import { engineOffset, faultAt } from './fault.ts'
import { ADDERS, mayAdd } from './listener_calls.ts'
import type { ModuleSource } from './module_source.ts'
import { parseModule } from './parse.ts'
import { addsListeners } from './shared_emitters.ts'

interface SourceToCompile extends Omit<CompileRequest, 'early' | 'ownImports'> {
  readonly file: string
  /** Imports that may be read before they are initialised. */
  readonly early: EarlyImports
  /** Does the import of this index lead to the image's own code, or to an emitter that looks after the image's listeners by itself? */
  isOwn(index: number): boolean
}

interface CompiledSource {
  readonly body: ModuleBody
  /** As it was given, or as the parser has read it. */
  readonly source: ModuleSource
  /** The same imports as were given, as entries of this source. */
  readonly early: EarlyImports
}

/**
 * Compiles what was read without a parser, as a rule. When the engine refuses that, the parser reads it anew: it tells the place of a mistake, or that the
 * text is right and was misread.
 *
 * @throws ImageFault `syntax`
 */
export function compileSource(given: SourceToCompile, environment: FileEnvironment): CompiledSource {
  const compile = (as: SourceToCompile): CompiledSource => {
    const request = { ...as, early: as.early.entries, ownImports: ownImportsOf(as) }
    const { source, early } = as
    return { body: compileModule(request, environment), source, early }
  }
  const { file, text, url, source, early, facts } = given
  try {
    if (source.unchecked?.mayStray) facts.recall('placed', () => judgePlacement(text, source, url))
    return compile(given)
  } catch (error) {
    const parsed = facts.recall('parsed', () => parseModule(file, text))
    if (!source.unchecked)
      throw error instanceof SyntaxError
        ? faultAt({ kind: 'syntax', reason: error.message }, file, text, engineOffset(error, text))
        : error
    return compile({ ...given, source: parsed, early: entriesOf(parsed, early) })
  }
}

/** @throws SyntaxError */
function judgePlacement(text: string, source: ModuleSource, url: string): true {
  checkPlacement(text, source, url)
  return true
}

function entriesOf({ imports }: ModuleSource, early: EarlyImports): EarlyImports {
  const names = new Set([...early.entries].map(({ localName }) => localName))
  return names.size > 0 ? new EarlyImports(imports.filter(({ localName }) => names.has(localName))) : early
}

/** Undefined when the text adds no listeners: then nobody needs to know. */
function ownImportsOf({ source, text, facts, isOwn }: SourceToCompile): ReadonlySet<string> | undefined {
  const names = source.unchecked?.names
  if (names && !names.some(name => ADDERS.has(name))) return undefined
  if (!facts.recall('listens', () => mayAdd(text) && addsListeners(text, 'module'))) return undefined
  return new Set(source.imports.filter((_entry, index) => isOwn(index)).map(({ localName }) => localName))
}
