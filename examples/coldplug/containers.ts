import { stat } from 'node:fs/promises'
import type { ModuleContext } from 'outlive'

export const info = {
  description: 'A container engine, by the file of its socket',
  version: '1.0.0',
  license: 'MIT',
  params: { socket: { type: 'string', default: '/var/run/docker.sock', description: 'where it is' } },
}

export const probe = (k: ModuleContext): Promise<boolean> =>
  stat(String(k.params.socket)).then(
    file => file.isSocket(),
    () => false,
  )
