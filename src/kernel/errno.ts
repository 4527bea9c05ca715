/**
 * The one catalogue of errors: code, errno and text. Texts follow what a Linux kernel and kmod say; where those fold several causes into
 * one errno, each has a code of its own here. Match on `code`, not on the text.
 */

import { shortly } from './shown.ts'
import { textOf } from './thrown.ts'

type Data = Readonly<Record<string, unknown>>

interface Entry {
  readonly errno: string
  text(data: Data): string
}

const inserting = (data: Data): string => `could not ${data.doing ?? 'insert'} module ${data.file ?? data.module}`

/** "at file:line:column", when the place is known. */
const at = (data: Data): string => (data.place === undefined ? '' : ` at ${data.place}`)

/** What was thrown may say more; that is in `cause`. */
const firstLine = (reason: unknown): string => textOf(reason).split('\n', 1)[0]!

/** What JSON cannot say is there as text: a logger must not fail over what somebody gave for a parameter. */
function jsonable(data: Data): Data {
  const entries = Object.entries(data).map(([name, value]) => {
    try {
      return [name, value === undefined || JSON.stringify(value) !== undefined ? value : textOf(value)]
    } catch {
      return [name, textOf(value)]
    }
  })
  return Object.fromEntries(entries)
}

function codeOf(cause: unknown): unknown {
  try {
    return (cause as { code?: unknown } | null | undefined)?.code
  } catch {
    return undefined
  }
}

const CATALOGUE = {
  ENOENT: {
    errno: 'ENOENT',
    text: data => {
      if (data.directory !== undefined) return `Module ${data.module} not found in directory ${data.directory}`
      if (data.being !== undefined) return `${inserting(data)}: Module ${data.module} is being ${data.being}`
      if (data.specifier !== undefined) return `${inserting(data)}: Cannot find '${data.specifier}'${at(data)}`
      if (data.lingering)
        return `Image ${data.module} is ${data.state === undefined ? 'not in memory' : 'not removed yet'}`
      if (data.missing !== undefined)
        return `could not load module ${data.missing}: ${data.reason ?? 'No such file or directory'}`
      if (data.alias !== undefined) return `Module ${data.alias} not found: no module or alias of that name`
      return `Module ${data.module} is not ${data.firstTime ? 'in kernel' : 'currently loaded'}`
    },
  },
  EEXIST: {
    errno: 'EEXIST',
    text: data =>
      data.firstTime
        ? `could not insert '${data.module}': Module already in kernel`
        : `${inserting(data)}: File exists`,
  },
  ESYMBOL: {
    errno: 'ENOENT',
    text: data => `${inserting(data)}: Unknown symbol '${data.symbol}' (imported from ${data.from})${at(data)}`,
  },
  ENOEXEC: {
    errno: 'ENOEXEC',
    text: data =>
      data.importer !== undefined
        ? `could not replace module ${data.module}: ${data.importer} imports '${data.symbol}', which the new version does not export`
        : `${inserting(data)}: ${data.reason}${at(data)}`,
  },
  EHOLDERS: {
    errno: 'EAGAIN',
    text: data => `Module ${data.module} is in use by: ${(data.holders as string[]).join(' ')}`,
  },
  EINUSE: { errno: 'EAGAIN', text: data => `Module ${data.module} is in use` },
  ENOTLIVE: { errno: 'EBUSY', text: data => `Module ${data.module} is being ${data.being}` },
  EPERMANENT: { errno: 'EBUSY', text: data => `Module ${data.module} is permanent` },
  EINVAL: {
    errno: 'EINVAL',
    text: data =>
      data.parameter !== undefined
        ? `${inserting(data)}: '${shortly(textOf(data.got))}' invalid for parameter '${data.parameter}' (${data.type})`
        : `Invalid argument: ${data.reason}`,
  },
  ERANGE: {
    errno: 'ERANGE',
    text: data =>
      `${inserting(data)}: '${shortly(textOf(data.got))}' out of range for parameter '${data.parameter}' (${data.type})`,
  },
  ENOMEM: {
    errno: 'ENOMEM',
    text: data =>
      `${inserting(data)}: Cannot allocate memory (limit ${data.limit}, used ${data.used}, lingering ${data.lingering}, needed ${data.needed} bytes)`,
  },
  EINIT: {
    errno: 'ECANCELED',
    text: data => `${inserting(data)}: ${firstLine(data.reason)}${at(data)}`,
  },
  ESTALE: {
    errno: 'ESTALE',
    text: data =>
      `${data.image}: ${data.export ?? 'call'} is gone: the image was ${data.how ?? 'removed'} at ${data.time}`,
  },
  ELOOP: {
    errno: 'ELOOP',
    text: data => `${inserting(data)}: modules import each other: ${(data.loop as string[]).join(' -> ')}`,
  },
  EKEYREJECTED: { errno: 'EKEYREJECTED', text: data => `${inserting(data)}: Key was rejected by service` },
  EPERM: {
    errno: 'EPERM',
    text: data =>
      data.reason === undefined
        ? `${inserting(data)}: Operation not permitted: outside the host's module folders`
        : `could not ${data.verb} module ${data.module}: Operation not permitted: ${data.reason}`,
  },
} satisfies Record<string, Entry>

/** What went wrong; one code for each cause. */
export type ErrorCode = keyof typeof CATALOGUE

export const ERROR_CODES = Object.keys(CATALOGUE) as readonly ErrorCode[]

/**
 * Every error that Outlive itself raises.
 *
 * @example
 * await kernel.modprobe('api') // which imports from db
 * try {
 *   await kernel.rmmod('db')
 * } catch (error) {
 *   if (error instanceof ModuleError && error.code === 'EHOLDERS') console.log(error.data.holders) // [ 'api' ]
 * }
 */
export class ModuleError extends Error {
  readonly code: ErrorCode
  /** The kernel's name for it: several codes may share one. For EINIT the code of the error that init threw, when it has one. */
  readonly errno: string
  /** What the message was made of: `module`, `file`, `holders`, `frame` and so on, by code. */
  readonly data: Data

  constructor(code: ErrorCode, data: Data = {}, options?: ErrorOptions) {
    const entry: Entry = CATALOGUE[code]
    super(entry.text(data), options)
    this.name = 'ModuleError'
    this.code = code
    const thrown = code === 'EINIT' ? codeOf(options?.cause) : undefined
    this.errno = typeof thrown === 'string' ? thrown : entry.errno
    this.data = data
  }

  toJSON(): { code: ErrorCode; errno: string; message: string; data: Data } {
    return { code: this.code, errno: this.errno, message: this.message, data: jsonable(this.data) }
  }
}
