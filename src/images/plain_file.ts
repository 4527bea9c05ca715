import fs from 'node:fs'

/** Opening a pipe would wait for somebody who writes to it. */
const WITHOUT_WAITING = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK

/**
 * Opens a file for as long as `use` takes. Reading a pipe or a device may never end: they are refused, as the system refuses a socket.
 *
 * @throws what the system has to say
 */
export function withFile<T>(file: string, use: (descriptor: number, stats: fs.Stats) => T): T {
  const descriptor = fs.openSync(file, WITHOUT_WAITING)
  try {
    const stats = fs.fstatSync(descriptor)
    // What reading a folder leads to, the system says.
    if (!stats.isFile() && !stats.isDirectory())
      throw Object.assign(new Error(`ENXIO: no such device or address, open '${file}'`), {
        code: 'ENXIO',
        syscall: 'open',
        path: file,
      })
    return use(descriptor, stats)
  } finally {
    fs.closeSync(descriptor)
  }
}

/** @throws what the system has to say */
export const readFile = (file: string): Buffer => withFile(file, descriptor => fs.readFileSync(descriptor))
