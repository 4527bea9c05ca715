import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Folder } from './folder.ts'
import { root } from './paths.ts'

const MAIN = join(root, 'dist', 'cli', 'main.js')

/** No test waits longer for something that a host says; then it fails, and shows what was said. In milliseconds. */
const PATIENCE = 60_000

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The lines of a stream, as they come. */
class Lines {
  readonly all: string[] = []
  #rest = ''
  #read = 0
  #wake: (() => void)[] = []

  constructor(stream: NodeJS.ReadableStream) {
    stream.on('close', () => {
      for (const wake of this.#wake.splice(0)) wake()
    })
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      const lines = (this.#rest + chunk).split('\n')
      this.#rest = lines.pop()!
      this.all.push(...lines)
      for (const wake of this.#wake.splice(0)) wake()
    })
  }

  /** The next line that matches, after those that were waited for before. */
  async next(pattern: RegExp, process: ChildProcess): Promise<RegExpExecArray> {
    const giveUp = Date.now() + PATIENCE
    for (;;) {
      while (this.#read < this.all.length) {
        const found = pattern.exec(this.all[this.#read++]!)
        if (found) return found
      }
      if (Date.now() >= giveUp || process.exitCode !== null)
        throw new Error(`no line ${pattern} came, but:\n${this.all.join('\n')}`)
      await new Promise<void>(wake => {
        this.#wake.push(wake)
        setTimeout(wake, PATIENCE).unref()
      })
    }
  }
}

/** A folder for control sockets, of one test alone. */
export function socketFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'outlive-s-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'sockets')
}

const start = (words: readonly string[], sockets: string, cwd?: string): ChildProcess =>
  spawn(process.execPath, [MAIN, ...words], {
    cwd,
    env: { ...process.env, OUTLIVE_SOCKETS: sockets, NODE_OPTIONS: '', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

/** Runs `outlive` with these words to its end. */
export async function outlive(words: readonly string[], sockets: string, cwd?: string): Promise<Outcome> {
  const child = start(words, sockets, cwd)
  let stdout = ''
  let stderr = ''
  child.stdout!.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr!.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  const code = await new Promise<number | null>(done => child.once('close', done))
  return { code, stdout, stderr }
}

/** A running `outlive run`. */
export interface Host {
  readonly folder: Folder
  readonly sockets: string
  readonly pid: number
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  file(name: string): string
  /** The next line on stdout that matches. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  /** The next line on stderr that matches. */
  complains(pattern: RegExp): Promise<RegExpExecArray>
  readonly out: readonly string[]
  readonly err: readonly string[]
  /** Runs a command against it, in the folder of its modules. */
  run(...words: string[]): Promise<Outcome>
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts a host over a folder of modules and waits until it is ready. It is ended after the test, if it still runs. */
export async function startHost(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  options: { readonly words?: readonly string[]; readonly sockets?: string; readonly folder?: Folder } = {},
): Promise<Host> {
  const folder = options.folder ?? new Folder(files)
  const sockets = options.sockets ?? socketFolder(t)
  const words = ['run', '--modules', folder.path, '--http', '0', ...(options.words ?? [])]
  const child = start(words, sockets, folder.path)
  const ended = new Promise<number | null>(done => child.once('close', code => done(code)))
  const out = new Lines(child.stdout!)
  const err = new Lines(child.stderr!)
  const end = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  t.after(async () => {
    if (child.exitCode === null) await end('SIGKILL')
    folder.remove()
  })
  let url = ''
  try {
    if (!options.words?.some(word => word.endsWith('.ts'))) url = (await out.next(/listening on (\S+)/, child))[1]!
    await out.next(/Try next/, child)
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${err.all.join('\n')}`)
  }
  return {
    folder,
    sockets,
    pid: child.pid!,
    url,
    file: name => folder.file(name),
    says: pattern => out.next(pattern, child),
    complains: pattern => err.next(pattern, child),
    out: out.all,
    err: err.all,
    run: (...words) => outlive(words, sockets, folder.path),
    end,
  }
}
