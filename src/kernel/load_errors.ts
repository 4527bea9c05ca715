import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Fault, ImageFault, type Place } from '../images/fault.ts'
import type { Image } from '../images/image.ts'
import { isShortage, reasonOf } from '../images/system_errors.ts'
import { ModuleError } from './errno.ts'
import { isError, messageOf, stackOf, tryToRead } from './thrown.ts'

const placeData = ({ file, line, column }: Place) => ({
  place: `${file}:${line}:${column}`,
  source: file,
  line,
  column,
})

/** An error of the catalogue for whatever stopped a load. `from` names the module that an import wanted. */
export function loadError(error: unknown, file: string, from?: string): ModuleError {
  if (error instanceof ModuleError) return error
  if (isShortage(error)) {
    const { code, path = file } = error
    return new ModuleError('ENOENT', { missing: path, reason: reasonOf(error), errno: code }, { cause: error })
  }
  if ((error as NodeJS.ErrnoException).syscall === 'open')
    return new ModuleError('ENOENT', { missing: file }, { cause: error })
  if (!(error instanceof ImageFault))
    return new ModuleError('EINIT', { file, reason: reasonFor(error) }, { cause: error })
  const { fault } = error
  return new ModuleError(...codeAndData(fault, file, from), { cause: error })
}

function codeAndData(
  fault: Fault,
  file: string,
  from: string | undefined,
): ['ENOENT' | 'ESYMBOL' | 'ENOEXEC', Record<string, unknown>] {
  switch (fault.kind) {
    case 'missing':
    case 'unreadable':
      return ['ENOENT', { missing: fault.file === file ? file : fault.file, reason: fault.reason }]
    case 'changed':
      return ['ENOENT', { missing: fault.file, reason: `it changed after ${fault.image} was loaded` }]
    case 'syntax':
      return ['ENOEXEC', { file, reason: fault.reason, ...placeData(fault.place), frame: fault.frame }]
    case 'unresolved':
      return ['ENOENT', { file, specifier: fault.specifier, ...placeData(fault.place), frame: fault.frame }]
    case 'symbol': {
      const data = {
        file,
        symbol: fault.symbol,
        from: from ?? moduleName(fault.specifier),
        ...placeData(fault.place),
        frame: fault.frame,
      }
      return fault.ambiguous
        ? ['ENOEXEC', { ...data, reason: `conflicting star exports for '${fault.symbol}'` }]
        : ['ESYMBOL', data]
    }
  }
}

const moduleName = (specifier: string): string => basename(specifier).replace(/\.[^.]+$/, '')

/** EINIT: the module's own code threw, or took too long. */
export function initError(file: string, image: Image, cause: unknown, reason?: string): ModuleError {
  const place = isError(cause) ? ownPlace(cause, image) : undefined
  const about = reason ?? reasonFor(cause) + (isOfOldDecorator(cause) ? OLD_DECORATOR : '')
  return new ModuleError('EINIT', { file, reason: about, ...(place && { place }) }, { cause })
}

const OLD_DECORATOR = ' (decorators are called as the standard has it, not as experimentalDecorators)'

/** One that was written for `experimentalDecorators` is given neither prototype nor key, and trips over what it gets instead. The call is that of `decorating`. */
const isOfOldDecorator = (error: unknown): boolean =>
  isError(error) && error instanceof TypeError && /\n +at decorateMember \(/.test(stackOf(error))

const reasonFor = (error: unknown): string => (isError(error) ? messageOf(error) : `${messageOf(error)} was thrown`)

/** `at f (/a/b.ts:1:2)`, or without the name; paths may have brackets of their own. */
const FRAME = /(?:^at (?:async )?|\()((?:file:\/\/)?\/.*?):(\d+):(\d+)\)?$/

/** The innermost frame of an error's stack that is in one of the image's own files. */
function ownPlace(error: Error, image: Image): string | undefined {
  for (const line of stackOf(error).split('\n')) {
    const found = FRAME.exec(line.trim())
    if (!found) continue
    const [, path = ''] = found
    const file = path.startsWith('file:') ? tryToRead(() => fileURLToPath(path)) : path
    if (file === undefined) continue
    if (image.files.includes(file)) return `${file}:${found[2]}:${found[3]}`
  }
  return undefined
}
