import type { ModuleContext } from 'outlive'
import { ask } from './tcp.ts'

export const info = {
  description: 'A PostgreSQL server on this machine',
  version: '1.0.0',
  license: 'MIT',
  aliases: ['service:postgres', 'service:sql'],
  params: { port: { type: 'int', default: 5432, min: 1, max: 65535, description: 'its TCP port' } },
}

/** SSLRequest: eight bytes, their number first. A server answers with one byte, S or N. */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f)

export const probe = (k: ModuleContext): Promise<boolean> =>
  ask(
    {
      port: Number(k.params.port),
      say: SSL_REQUEST,
      expect: answer => answer.length === 1 && /[SN]/.test(answer.toString('latin1')),
    },
    k.signal,
  )
