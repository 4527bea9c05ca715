import type { ModuleContext } from 'outlive'
import { ask } from './tcp.ts'

export const info = {
  description: 'A Redis server on this machine',
  version: '1.0.0',
  license: 'MIT',
  aliases: ['service:redis'],
  params: { port: { type: 'int', default: 6379, min: 1, max: 65535, description: 'its TCP port' } },
}

/** Redis answers PING with +PONG, or with an error that says that a password is wanted. */
export const probe = (k: ModuleContext): Promise<boolean> =>
  ask(
    {
      port: Number(k.params.port),
      say: 'PING\r\n',
      expect: answer => /^(\+PONG|-NOAUTH)/.test(answer.toString('latin1')),
    },
    k.signal,
  )
