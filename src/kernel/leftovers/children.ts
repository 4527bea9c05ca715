import type { ChildProcess } from 'node:child_process'
import { type Seam, within } from '../seam.ts'
import type { CallSite } from './call_site.ts'
import { type HandleSort, trackHandle } from './handle.ts'
import { hush } from './hush.ts'
import type { Leftovers } from './leftovers.ts'
import { PROMISIFIED, viewFunction, viewOpener } from './view_object.ts'

/** Milliseconds between asking a process to end and ending it. */
const TERM_MS = 1000
/** Milliseconds in which a killed process must be gone. */
const KILL_MS = 1000

const detached = new WeakSet<ChildProcess>()

const isRunning = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid !== undefined && exitCode === null && signalCode === null

const childSort = (command: string): HandleSort<ChildProcess> => ({
  kind: 'child',
  what: ({ pid }) => `process ${pid}, ${command}`,
  isOpen: isRunning,
  isOver: child => !isRunning(child),
  // It may have been told to end by its number.
  isClosing: () => true,
  isTold: child => child.killed,
  close: end,
})

/** As its author wrote it. */
const commandOf = ([file, args]: readonly unknown[]): string =>
  [file, ...(Array.isArray(args) ? args : [])].join(' ').slice(0, 200)

/** SIGTERM, and SIGKILL for one that does not listen. Of a detached process the whole group, which is what it was detached for. */
async function end(child: ChildProcess, seam: Seam): Promise<void> {
  hush(child, ['exit', 'close', 'error', 'disconnect', 'message'])
  for (const stream of child.stdio) if (stream) hush(stream, ['close', 'error', 'end', 'data', 'readable'])
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  for (const [signal, wait] of [
    ['SIGTERM', TERM_MS],
    ['SIGKILL', KILL_MS],
  ] as const) {
    kill(child, signal)
    const gone = within(seam, wait, exited, () => new Error('still there')).then(
      () => true,
      () => false,
    )
    if (await seam.step(`process ${child.pid} is gone`, gone)) break
  }
  for (const stream of child.stdio) stream?.destroy()
  if (child.connected) child.disconnect()
  if (isRunning(child)) throw new Error(`process ${child.pid} does not end`)
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (!detached.has(child) || process.platform === 'win32' || child.pid === undefined) {
    child.kill(signal)
    return
  }
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    // No such process: it has ended, and the news of it is on the way.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The members of `node:child_process` that start processes and do not wait for them. */
export function viewChildren(childProcess: typeof import('node:child_process'), leftovers: Leftovers): object {
  const made = (child: ChildProcess, site: CallSite, args: readonly unknown[]): void => {
    if (args.some(argument => (argument as { detached?: unknown } | undefined | null)?.detached === true))
      detached.add(child)
    trackHandle(leftovers, child, childSort(commandOf(args)), site)
  }
  /** Not a proxy, since the property for `promisify` is fixed. */
  const withPromise = (real: Function): Function => {
    const promised = Reflect.get(real, PROMISIFIED) as (...args: unknown[]) => { child: ChildProcess }
    const opener = viewOpener(real, made)
    const custom = viewFunction(promised, (args, site) => {
      const place = site()
      const promise = promised(...args)
      made(promise.child, place, args)
      return promise
    })
    return Object.defineProperties((...args: unknown[]) => Reflect.apply(opener, childProcess, args) as unknown, {
      ...Object.getOwnPropertyDescriptors(real),
      [PROMISIFIED]: { value: custom },
    })
  }
  return {
    spawn: viewOpener(childProcess.spawn, made),
    fork: viewOpener(childProcess.fork, made),
    exec: withPromise(childProcess.exec),
    execFile: withPromise(childProcess.execFile),
  }
}
