import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { serveControl } from '../control/server.ts'
import { socketPath } from '../control/socket_folder.ts'
import { ModuleError } from '../kernel/errno.ts'
import { Kernel } from '../kernel/kernel.ts'
import type { Command, CommandLine } from './command.ts'
import { loadHostFile } from './host/host_file.ts'
import { startHttpHost } from './host/http_host.ts'
import { createReporter, formatError, type Reporter } from './host/report.ts'
import { type Waiting, waitsForOthers, watchModules } from './host/watch.ts'
import { attempt, UsageError } from './talk.ts'

const DEFAULT_PORT = 8080
const DEFAULT_GRACE = 5000
const SCHEMES = ['collect', 'retain', 'refcount']

export const run: Command = {
  name: 'run',
  summary: 'start a host and insert every module of its folder; without a host file, the built-in HTTP host',
  arguments: '[host]',
  options: [
    { flags: '--modules <dir>', description: 'the folder of modules', default: './modules' },
    { flags: '--watch', description: 'replace a module when one of its files changes' },
    {
      flags: '--http <port>',
      description: `the port of the built-in HTTP host; 0 takes a free one (default: ${DEFAULT_PORT})`,
    },
    { flags: '--address <address>', description: 'the address that it listens on', default: '127.0.0.1' },
    { flags: '--name <name>', description: 'what the other commands call this host; by default its process id' },
    { flags: '--scheme <scheme>', description: 'collect, retain or refcount', default: 'collect' },
    { flags: '--grace <ms>', description: 'how long exit waits for calls in flight' },
    { flags: '--no-load', description: 'insert nothing' },
  ],
  examples: ['outlive run --modules modules --http 8080 --watch', 'outlive run host.ts --modules plugins'],
  run: line => attempt('run', line, () => host(line)),
}

async function host(line: CommandLine): Promise<number> {
  const { options, terminal, args } = line
  const modules = resolve(String(options.modules))
  if (!existsSync(modules)) throw new UsageError(`no such folder: ${String(options.modules)}`)
  const port = number(options.http, '--http', 65_535) ?? DEFAULT_PORT
  const name = String(options.name ?? process.pid)
  if (!/^[\w.-]+$/.test(name)) throw new UsageError(`--name takes letters, digits, '.', '_' and '-', got '${name}'`)
  const grace = number(options.grace, '--grace')
  if (!SCHEMES.includes(String(options.scheme)))
    throw new UsageError(`--scheme takes ${SCHEMES.join(', ')}, got '${String(options.scheme)}'`)
  const kernel = new Kernel({ modules, scheme: options.scheme as 'collect', ...(grace !== undefined && { grace }) })
  const reporter = createReporter(kernel, terminal)
  const stopped = stopSignal()
  const control = await serveControl(kernel, { name, path: socketPath(name) })
  try {
    const http =
      args[0] === undefined ? await listen(kernel, reporter, { port, address: String(options.address) }) : undefined
    if (args[0] !== undefined) await loadHostFile(kernel, args[0])
    const waiting = options.load === false ? new Map<string, string>() : await insertAll(kernel, reporter)
    const watcher = options.watch ? await watchModules(kernel, reporter, waiting) : undefined
    greet(line, { name, modules: basename(modules), url: http?.url, socket: control.path })
    const signal = await stopped
    if (!terminal.json) terminal.out(`${signal}: unloading`)
    await watcher?.close()
    const closed = http?.close(grace ?? DEFAULT_GRACE)
    await kernel.close()
    await closed
    return 0
  } finally {
    await control.close()
  }
}

function number(value: unknown, option: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
  if (value === undefined) return undefined
  const parsed = value === '' ? Number.NaN : Number(value)
  if (!Number.isInteger(parsed) || parsed < 0 || parsed > most)
    throw new UsageError(
      `${option} takes a number${most < Number.MAX_SAFE_INTEGER ? ` up to ${most}` : ''}, got '${String(value)}'`,
    )
  return parsed
}

async function listen(kernel: Kernel, reporter: Reporter, { port, address }: { port: number; address: string }) {
  try {
    return await startHttpHost(kernel, { port, address, onProblem: text => reporter.problem(text) })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'EADDRINUSE' ? `port ${port} is in use; choose another with --http` : message
    throw new ModuleError('EINVAL', { reason })
  }
}

/** Dependencies first; one that fails is reported and the host goes on. Resolves to those that failed because of others. */
async function insertAll(kernel: Kernel, reporter: Reporter): Promise<Waiting> {
  const waiting: Waiting = new Map()
  for (const { name } of kernel.available())
    await kernel.modprobe(name).catch(error => {
      const said = `${name}: ${formatError(error)}`
      if (waitsForOthers(error)) waiting.set(name, said)
      reporter.problem(said)
    })
  return waiting
}

function greet(
  { terminal }: CommandLine,
  host: { name: string; modules: string; url: string | undefined; socket: string },
): void {
  if (terminal.json) {
    terminal.data({ event: 'ready', ...host })
    return
  }
  if (host.url !== undefined) terminal.out(`listening on ${terminal.style('cyan', host.url)}`)
  terminal.out(`host ${host.name}, modules in ${host.modules}. Try next, in another terminal:`)
  for (const command of [
    host.url === undefined ? 'outlive dmesg -w' : `curl ${host.url}/hello/world`,
    'outlive lsmod',
    'outlive replace hello',
  ])
    terminal.out(`  ${command.startsWith('outlive') ? `npx ${command}` : command}`)
}

/** The first SIGTERM or SIGINT. A second one ends the process at once, as people expect who press ctrl-C again. */
const stopSignal = (): Promise<string> =>
  new Promise(done => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done(signal))
  })
