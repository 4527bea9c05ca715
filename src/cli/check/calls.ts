import { setTimeout as sleep } from 'node:timers/promises'
import type { ExtensionPoint } from '../../kernel/extension.ts'
import type { AskedCall } from './settings.ts'

type AnyFunction = (...args: unknown[]) => unknown

/** One call that can be made of a module, again in each cycle. */
export interface PlannedCall {
  readonly name: string
  /** Resolves when the call has ended and what it answered has been read. */
  readonly run: () => Promise<void>
}

/** A point at which a module may register its own test; no host calls it. */
const SELF_TEST = 'check'
const HTTP_ROUTE = 'http.route'
/** Of an endless answer it is enough to have read the beginning: so many milliseconds of it. */
const READING_TIME = 50

/**
 * What can be called without knowing what the module is for: HTTP routes with a request that asks for nothing much, its own self-test, and what the author
 * asked for.
 */
export function planCalls(points: readonly ExtensionPoint[], asked: readonly AskedCall[]): PlannedCall[] {
  return points.flatMap(point =>
    [...point].flatMap(entry => [
      ...(point.name === HTTP_ROUTE ? httpCall(entry) : []),
      ...(point.name === SELF_TEST ? functionsOf(entry, undefined, SELF_TEST, []) : []),
      ...asked
        .filter(call => call.point === point.name)
        .flatMap(({ member, args }) => functionsOf(entry, member, point.name, args)),
    ]),
  )
}

/** What the author asked for and nobody registers, with what there is instead: it would be taken for called. */
export function unanswered(points: readonly ExtensionPoint[], asked: readonly AskedCall[]): string[] {
  const isThere = ({ point, member, args }: AskedCall): boolean =>
    points.some(
      each => each.name === point && [...each].some(entry => functionsOf(entry, member, point, args).length > 0),
    )
  const taken = points.filter(({ size }) => size > 0).map(({ name }) => name)
  const found = taken.length === 0 ? 'nothing is' : `there is: ${taken.join(', ')}`
  return asked
    .filter(call => !isThere(call))
    .map(
      ({ point, member }) =>
        `--call ${member === undefined ? point : `${point}#${member}`} calls nothing: it is not registered (${found})`,
    )
}

function functionsOf(
  entry: unknown,
  member: string | undefined,
  point: string,
  args: readonly unknown[],
): PlannedCall[] {
  const call = (name: string, fn: unknown, self: unknown): PlannedCall[] =>
    typeof fn === 'function' ? [planned(name, () => Reflect.apply(fn as AnyFunction, self, [...args]))] : []
  if (typeof entry === 'function') return member === undefined ? call(point, entry, undefined) : []
  const operations = entry as Record<string, unknown>
  const members = member === undefined ? Object.keys(operations) : [member]
  return members.flatMap(key => call(`${point}#${key}`, operations[key], operations))
}

function httpCall(entry: unknown): PlannedCall[] {
  const route = entry as { method?: unknown; url?: unknown; handler?: AnyFunction }
  if (typeof route.handler !== 'function' || typeof route.url !== 'string') return []
  const method = String(route.method ?? 'GET').toUpperCase()
  const params: Record<string, string> = {}
  const url = route.url
    .replace(/:(\w+)(?:\([^)]*\))?\??/g, (_, name: string) => (params[name] = '1'))
    .replace(/\*/g, () => (params['*'] = 'check'))
  const request = (signal: AbortSignal) => ({
    method,
    url,
    params: { ...params },
    query: {},
    headers: { host: 'localhost' },
    body: method === 'GET' || method === 'HEAD' ? undefined : {},
    signal,
  })
  return [planned(`${HTTP_ROUTE} ${method} ${route.url}`, signal => route.handler!(request(signal)))]
}

const planned = (name: string, call: (signal: AbortSignal) => unknown): PlannedCall => ({
  name,
  run: async () => {
    const gone = new AbortController()
    await consume(await call(gone.signal), gone)
  },
})

/** Reads an answer that is a stream, as a client would that goes away after a while. */
async function consume(answer: unknown, gone: AbortController): Promise<void> {
  const body = answer instanceof Response ? answer.body : answer
  if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)) return
  const chunks = (body as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  const enough = sleep(READING_TIME, undefined, { ref: false })
  for (;;) {
    const next = chunks.next()
    const chunk = await Promise.race([next, enough])
    if (chunk?.done) return
    if (chunk) continue
    next.catch(() => {})
    gone.abort()
    // One that waits for its next chunk may answer only after that: whoever is gone does not wait for it.
    void Promise.resolve(chunks.return?.()).catch(() => {})
    return
  }
}
