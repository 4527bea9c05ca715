import { connect } from 'node:net'
import type { ModuleContext } from 'outlive'

export const info = { description: 'Asks a TCP port of this machine', version: '1.0.0', license: 'MIT' }

export interface Question {
  readonly port: number
  /** What the client says first; undefined when the server does. */
  readonly say?: string | Uint8Array
  readonly expect: (answer: Buffer) => boolean
}

/** Resolves to true when somebody listens there and answers as expected. Never rejects: nobody there is an answer too. */
export function ask({ port, say, expect }: Question, signal: ModuleContext['signal']): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port, signal })
    const done = (found: boolean) => {
      socket.destroy()
      resolve(found)
    }
    socket.setTimeout(1000, () => done(false))
    socket.once('connect', () => say !== undefined && socket.write(say))
    socket.once('data', answer => done(expect(answer)))
    socket.once('error', () => done(false))
    socket.once('close', () => done(false))
  })
}
