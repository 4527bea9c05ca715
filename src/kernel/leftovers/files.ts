import type { Dir, ReadStream, WriteStream } from 'node:fs'
import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { CallSite } from './call_site.ts'
import type { Descriptors } from './descriptors.ts'
import { type HandleSort, trackHandle } from './handle.ts'
import { ended, hush, noteOwnListeners } from './hush.ts'
import { type Leftovers, NOT_OPEN } from './leftovers.ts'
import { viewClass, viewFunction, viewOpener } from './view_object.ts'

type FileStream = ReadStream | WriteStream
type OpenCallback = (error: unknown, opened: never) => void

const fileHandleSort = (path: unknown): HandleSort<FileHandle> => ({
  kind: 'file',
  what: () => `file handle of ${String(path)}`,
  isOpen: handle => handle.fd !== -1,
  isOver: handle => handle.fd === -1,
  close: handle => handle.close(),
})

const streamSort = (direction: string): HandleSort<FileStream> => ({
  kind: 'file',
  what: stream => `${direction} stream of ${String(stream.path)}`,
  isOpen: stream => !stream.closed,
  isOver: stream => stream.closed,
  isClosing: stream => stream.destroyed || ('writableEnded' in stream && stream.writableEnded),
  close: stream => {
    hush(stream, ['close', 'error'])
    const closed = ended(stream, 'close')
    stream.destroy()
    return closed
  },
})

/** A folder does not tell whether it is closed, but closing it twice is an error. */
const folderSort: HandleSort<Dir> = {
  kind: 'file',
  what: folder => `folder ${folder.path}`,
  isOpen: () => true,
  close: folder => {
    try {
      folder.closeSync()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_DIR_CLOSED') return NOT_OPEN
      throw error
    }
    return undefined
  },
}

/** The members of `node:fs` that open files and folders. */
export function viewFiles(leftovers: Leftovers, descriptors: Descriptors): object {
  const folder = (opened: Dir, site: CallSite): void => trackHandle(leftovers, opened, folderSort, site)
  return {
    openSync: viewOpener(fs.openSync, (fd: number, site, args) => descriptors.add(fd, args[0], site)),
    open: opensLater(fs.open, (fd: number, site, args) => descriptors.add(fd, args[0], site)),
    closeSync: viewFunction(fs.closeSync, ([fd]) => {
      descriptors.remove(fd)
      return fs.closeSync(fd as number)
    }),
    close: viewFunction(fs.close, args => {
      descriptors.remove(args[0])
      return Reflect.apply(fs.close, fs, args) as undefined
    }),
    opendirSync: viewOpener(fs.opendirSync, folder),
    opendir: opensLater(fs.opendir, folder),
  }
}

/** The streams are loaded when they are first used, so their views are made then. */
export function viewFileStreams(leftovers: Leftovers, descriptors: Descriptors): object {
  const made = (direction: string) => {
    const sort = streamSort(direction)
    return (stream: FileStream, site: CallSite, args: readonly unknown[]): void => {
      // A descriptor that it was given is the stream's from now on.
      descriptors.remove((args[1] as { fd?: unknown } | undefined)?.fd)
      noteOwnListeners(stream, ['close', 'error'])
      trackHandle(leftovers, stream, sort, site)
    }
  }
  const classOf = (direction: string, real: () => Function) => {
    let view: Function | undefined
    return () => (view ??= viewClass(real(), made(direction)))
  }
  const readStream = classOf('read', () => fs.ReadStream)
  const writeStream = classOf('write', () => fs.WriteStream)
  return {
    createReadStream: viewOpener(fs.createReadStream, made('read')),
    createWriteStream: viewOpener(fs.createWriteStream, made('write')),
    get ReadStream() {
      return readStream()
    },
    get FileReadStream() {
      return readStream()
    },
    get WriteStream() {
      return writeStream()
    },
    get FileWriteStream() {
      return writeStream()
    },
  }
}

/** For a function that gives what it opened to a callback, its last argument. */
const opensLater = (
  real: Function,
  opened: (result: never, site: CallSite, args: readonly unknown[]) => void,
): Function =>
  viewFunction(real, (args, site) => {
    const callback = args.at(-1) as OpenCallback
    if (typeof callback !== 'function') return Reflect.apply(real, fs, args) as unknown
    const place = site()
    const called: OpenCallback = function (this: unknown, error, result) {
      if (!error) opened(result, place, args)
      Reflect.apply(callback, this, [error, result])
    }
    return Reflect.apply(real, fs, [...args.slice(0, -1), called]) as unknown
  })

/** The members of `node:fs/promises` that open files and folders. */
export function viewFilePromises(leftovers: Leftovers): object {
  const opens = <T extends object>(real: Function, sortOf: (path: unknown) => HandleSort<T>): Function =>
    viewOpener(real, (opening: Promise<T>, site, args) => {
      opening.then(
        opened => trackHandle(leftovers, opened, sortOf(args[0]), site),
        () => {},
      )
    })
  return {
    open: opens(fs.promises.open, fileHandleSort),
    opendir: opens(fs.promises.opendir, () => folderSort),
  }
}
