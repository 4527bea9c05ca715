import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { CheckReport } from '#dist/cli/check/formats.js'
import { root } from '../support/paths.ts'

export interface Answer {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs `outlive check` as a user does. */
export function check(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const child = spawn(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'check', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const answer = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    answer.err += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve({ code, ...answer }))
  })
}

export async function reportOf(args: readonly string[], env?: Record<string, string>): Promise<CheckReport> {
  const { out, err } = await check([...args, '--json'], env)
  try {
    return JSON.parse(out) as CheckReport
  } catch {
    throw new Error(`no report: ${out}\n${err}`)
  }
}

/** In one line each, for comparing and for messages. */
export const findingsOf = ({ findings }: CheckReport): string[] => findings.map(({ kind, text }) => `${kind}: ${text}`)
