import { ModuleError } from '../kernel/errno.ts'
import { isError, messageOf, stackOf } from '../kernel/thrown.ts'

/**
 * The control socket speaks HTTP and JSON, so that any HTTP client can talk to it:
 * `curl --unix-socket PATH http://host/lsmod`.
 */
export const PROTOCOL = 1

/** The answer to `GET /`. */
export interface HostInfo {
  readonly protocol: number
  readonly name: string
  readonly pid: number
  readonly node: string
  readonly scheme: string
  /** Module folders. */
  readonly modules: readonly string[]
  readonly socket: string
}

/** The body of every answer that is not a success. */
export interface ErrorBody {
  /** Letters of the kernel's taints: an error of a tainted kernel is to be read with that in mind. */
  readonly taints: string
  readonly error: {
    readonly code: string
    readonly errno: string
    readonly message: string
    readonly data: Readonly<Record<string, unknown>>
  }
}

/** A request that makes no sense: the sender's mistake, told with a 4xx status. */
export class BadRequest extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'BadRequest'
    this.status = status
    this.headers = headers
  }
}

const STATUS: Readonly<Record<string, number>> = { ENOENT: 404, EPERM: 403, EINVAL: 400, ERANGE: 400 }

export function errorAnswer(error: unknown, taints: string): { status: number; body: ErrorBody } {
  if (error instanceof ModuleError) return { status: STATUS[error.code] ?? 409, body: { error: plain(error), taints } }
  const message = messageOf(error)
  const status = error instanceof BadRequest ? error.status : 500
  return {
    status,
    body: { error: { code: status === 500 ? 'EHOST' : 'EREQUEST', errno: 'EPROTO', message, data: {} }, taints },
  }
}

/** What init threw goes along as text: JSON knows no errors. */
function plain(error: ModuleError): ErrorBody['error'] {
  const { cause } = error
  const told = error.code === 'EINIT' && isError(cause) ? { cause: stackOf(cause) } : {}
  const { data, ...answer } = error.toJSON()
  return { ...answer, data: { ...data, ...told } }
}
