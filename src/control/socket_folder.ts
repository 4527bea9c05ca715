import fs from 'node:fs'
import { join, resolve } from 'node:path'
import { lazyRequire } from '../images/lazy.ts'
import { makeFolder } from '../images/make_folder.ts'
import { ModuleError } from '../kernel/errno.ts'

const net = lazyRequire<typeof import('node:net')>('node:net')
const os = lazyRequire<typeof import('node:os')>('node:os')

const SUFFIX = '.sock'

/** -1 where users have no numbers. Node's `userInfo` throws where the list of users does not have this one, as in containers. */
const userId = (): number => process.getuid?.() ?? -1

/** sun_path of a Unix socket is 108 bytes on Linux, with its final zero. */
export const LONGEST_PATH = 107

/** What to do about a folder in which no socket can be. */
export const ANOTHER_FOLDER = 'set OUTLIVE_SOCKETS to a folder of yours'

/** The folder of one user's control sockets. It has mode 0700, so that only that user reaches what is in it. */
export const socketFolder = (): string => {
  const { XDG_RUNTIME_DIR, OUTLIVE_SOCKETS } = process.env
  if (OUTLIVE_SOCKETS) return resolve(OUTLIVE_SOCKETS)
  return XDG_RUNTIME_DIR ? join(XDG_RUNTIME_DIR, 'outlive') : temporaryFolder()
}

const temporaryFolder = (): string => join(os().tmpdir(), `outlive-${userId()}`)

/** Where else hosts of this user may be: a service has no `XDG_RUNTIME_DIR`, which whoever has logged in has. */
function otherFolders(): string[] {
  const folder = temporaryFolder()
  if (process.env.OUTLIVE_SOCKETS || folder === socketFolder()) return []
  // In a shared /tmp somebody else may have made it.
  return fs.statSync(folder, { throwIfNoEntry: false })?.uid === userId() ? [folder] : []
}

export const socketPath = (name: string): string => join(socketFolder(), `${name}${SUFFIX}`)

/**
 * Makes the folder, or checks the one that is there: in a shared /tmp somebody else may have made it first.
 *
 * @throws ModuleError EINVAL when it belongs to another user
 */
export function prepareFolder(folder: string): void {
  makeFolder(folder)
  const { uid } = fs.statSync(folder)
  const me = userId()
  if (me !== -1 && uid !== me)
    throw new ModuleError('EINVAL', { reason: `${folder} belongs to another user; ${ANOTHER_FOLDER}` })
  fs.chmodSync(folder, 0o700)
}

/** `busy`: a host that has no room for one more connection, or a caller that has no descriptor for it. */
type SocketState = 'alive' | 'busy' | 'dead'

/** Codes of a socket that nobody listens on, or that is none. */
const DEAD: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'EPROTOTYPE'])

/** Codes of a folder that is not there. */
const ABSENT: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR'])

/** Does anybody answer on this socket? */
export const stateOf = (path: string): Promise<SocketState> =>
  new Promise(resolve => {
    const socket = net().createConnection(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve('alive')
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(DEAD.has(code) ? 'dead' : 'busy'))
  })

/** Removes a socket that a dead host left; what is no socket, or not ours to remove, is left alone. */
function removeStale(path: string): void {
  try {
    if (fs.lstatSync(path).isSocket()) fs.unlinkSync(path)
  } catch {
    // Somebody else removed it first, or the folder is not ours.
  }
}

interface RunningHost {
  readonly name: string
  readonly path: string
}

/**
 * Names and paths of the hosts that are there. Sockets that a dead host left are removed.
 *
 * @throws what the system has to say of a folder that is there and cannot be read
 */
export async function runningHosts(): Promise<RunningHost[]> {
  const found: RunningHost[] = []
  for (const folder of [socketFolder(), ...otherFolders()]) found.push(...(await hostsIn(folder)))
  return found
}

async function hostsIn(folder: string): Promise<RunningHost[]> {
  let files: string[]
  try {
    files = fs.readdirSync(folder)
  } catch (error) {
    if (!ABSENT.has((error as NodeJS.ErrnoException).code)) throw error
    return []
  }
  const found: RunningHost[] = []
  for (const file of files.sort()) {
    if (!file.endsWith(SUFFIX)) continue
    const path = join(folder, file)
    if ((await stateOf(path)) === 'dead') removeStale(path)
    else found.push({ name: file.slice(0, -SUFFIX.length), path })
  }
  return found
}
