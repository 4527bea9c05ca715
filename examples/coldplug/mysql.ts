import type { ModuleContext } from 'outlive'
import { ask } from './tcp.ts'

export const info = {
  description: 'A MySQL or MariaDB server on this machine',
  version: '1.0.0',
  license: 'MIT',
  aliases: ['service:mysql', 'service:sql'],
  params: { port: { type: 'int', default: 3306, min: 1, max: 65535, description: 'its TCP port' } },
}

/** The server speaks first: three bytes of length, a number, then the version of its protocol, or 255 and why it refuses. */
export const probe = (k: ModuleContext): Promise<boolean> =>
  ask({ port: Number(k.params.port), expect: answer => answer[4] === 10 || answer[4] === 255 }, k.signal)
