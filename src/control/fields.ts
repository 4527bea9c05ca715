import { shortly, shown } from '../kernel/shown.ts'
import { BadRequest } from './protocol.ts'

export type Fields = Readonly<Record<string, unknown>>

/**
 * Refuses what a request gives that its path does not know: an option that is misspelt, or stands in the wrong place, is not done without.
 *
 * @throws BadRequest 400
 */
export function refuseUnknown(path: string, body: Fields, known: readonly string[]): void {
  for (const field of Object.keys(body))
    if (!known.includes(field))
      throw new BadRequest(400, `${path} takes ${known.join(', ') || 'nothing'}, not '${shortly(field)}'`)
}

/** @throws BadRequest 400, as all of these, for another type */
export function text(body: Fields, field: string): string {
  const value = body[field]
  if (typeof value !== 'string' || value === '')
    throw new BadRequest(400, `'${field}' must be a text, got ${shown(value)}`)
  return value
}

export function object(body: Fields, field: string): Record<string, unknown> {
  const value = body[field] ?? {}
  if (typeof value !== 'object' || Array.isArray(value))
    throw new BadRequest(400, `'${field}' must be an object, got ${shown(value)}`)
  return value as Record<string, unknown>
}

/** Undefined when it is not given. */
export function texts(body: Fields, field: string): string[] | undefined {
  const value = body[field] ?? undefined
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value
  throw new BadRequest(400, `'${field}' must be a list of texts, got ${shown(value)}`)
}

/** False when it is not given. */
export function flag(body: Fields, field: string): boolean {
  const value = body[field] ?? false
  if (typeof value !== 'boolean') throw new BadRequest(400, `'${field}' must be true or false, got ${shown(value)}`)
  return value
}

export function number(body: Fields, field: string): number | undefined {
  const value = body[field]
  if (value !== undefined && typeof value !== 'number')
    throw new BadRequest(400, `'${field}' must be a number, got ${shown(value)}`)
  return value
}
