import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { serveControl } from '../control/server.ts'
import { socketPath } from '../control/socket_folder.ts'
import { ModuleError } from '../kernel/errno.ts'
import { Kernel, serviceOf } from '../kernel/kernel.ts'
import { DEFAULT_GRACE } from '../kernel/kernel_options.ts'
import { printable } from '../kernel/printable.ts'
import type { SignatureOptions } from '../kernel/signature.ts'
import { SCHEME_NAMES } from '../kernel/unload/scheme.ts'
import { attempt } from './attempt.ts'
import type { Command, CommandLine } from './command.ts'
import { greet } from './host/greeting.ts'
import { runHostFile } from './host/host_file.ts'
import { startHttpHost } from './host/http_host.ts'
import { createReporter, formatError, type Reporter } from './host/report.ts'
import { hindranceOf, type Waiting } from './host/updates.ts'
import { watchModules } from './host/watch.ts'
import { OWN_PACKAGE, ownPackagesOf } from './own_packages.ts'
import { systemReason } from './system_reason.ts'
import { folderNamed, UsageError, valuesOf, wholeNumber } from './usage.ts'

const DEFAULT_PORT = 8080
const LARGEST_PORT = 65_535

export const run: Command = {
  name: 'run',
  summary: 'start a host, and insert every module of its folder',
  details: 'Without a host file it is the built-in HTTP host, which serves what modules register at http.route.',
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
    { flags: '--scheme <scheme>', description: `one of ${SCHEME_NAMES.join(', ')}`, default: 'collect' },
    { flags: '--grace <ms>', description: 'how long exit waits for calls in flight' },
    {
      flags: '--key <file>',
      description: 'a public key whose signatures count; other modules taint the kernel; may be given again',
      repeatable: true,
    },
    { flags: '--signed-only', description: 'with --key: refuse modules that none of the keys has signed' },
    OWN_PACKAGE,
    { flags: '--no-load', description: 'insert nothing' },
  ],
  examples: ['outlive run --modules modules --http 8080 --watch', 'outlive run host.ts --modules plugins'],
  run: line => attempt('run', line, () => host(line)),
}

async function host(line: CommandLine): Promise<number> {
  const { options, terminal, args } = line
  const settings = readSettings(options)
  const stopped = stopSignal()
  const hosting = await startHosting(args[0], settings, line)
  const { kernel, reporter } = hosting
  const service = serviceOf(kernel)
  const control = service ? undefined : await serveControl(kernel, settings)
  try {
    const http = args[0] === undefined ? await listen(kernel, reporter, settings) : undefined
    const stop = stopped.then(() => undefined)
    await Promise.race([hosting.start?.(kernel), stop])
    // An init that takes its time is no reason to go on with the others.
    const inserted = options.load === false ? (new Map() as Waiting) : insertAll(kernel, reporter, stop)
    const waiting = await Promise.race([inserted, stop])
    const watcher = waiting && options.watch ? await watchModules(kernel, reporter, waiting) : undefined
    const { name, path: socket } = service ?? settings
    if (waiting) greet(line.terminal, kernel, { name, url: http?.url, socket })
    const signal = await stopped
    if (!terminal.json) terminal.out(`${signal}: unloading`)
    await watcher?.close()
    const closed = http?.close(settings.grace ?? DEFAULT_GRACE)
    await kernel.close()
    await closed
    return 0
  } finally {
    await control?.close()
  }
}

/** @throws UsageError */
function readSettings(options: CommandLine['options']) {
  const port = wholeNumber(options, 'http', 0, LARGEST_PORT) ?? DEFAULT_PORT
  const name = String(options.name ?? process.pid)
  if (!/^[\w.-]+$/.test(name)) throw new UsageError(`--name takes letters, digits, '.', '_' and '-', got '${name}'`)
  const grace = wholeNumber(options, 'grace', 0)
  const scheme = SCHEME_NAMES.find(known => known === options.scheme)
  if (!scheme) throw new UsageError(`--scheme takes ${SCHEME_NAMES.join(', ')}, got '${String(options.scheme)}'`)
  return {
    port,
    address: String(options.address),
    modules: String(options.modules),
    ownPackages: ownPackagesOf(options),
    scheme,
    name,
    path: socketPath(name),
    grace,
    signatures: signaturesOf(valuesOf(options.key), options.signedOnly === true),
  }
}

type RunSettings = ReturnType<typeof readSettings>

interface Hosting {
  readonly kernel: Kernel
  readonly reporter: Reporter
  /** The host file's default export. */
  readonly start?: (kernel: Kernel) => Promise<void>
}

/** The kernel that a host file makes itself, or one after the options. */
async function startHosting(file: string | undefined, settings: RunSettings, line: CommandLine): Promise<Hosting> {
  const reporters = new Map<Kernel, Reporter>()
  const report = (kernel: Kernel): Reporter => {
    const reporter = createReporter(kernel, line.terminal)
    reporters.set(kernel, reporter)
    return reporter
  }
  const ran = file === undefined ? undefined : await runHostFile(file, report)
  if (ran?.is === 'master') return { kernel: ran.kernel, reporter: reporters.get(ran.kernel)! }
  const { scheme, ownPackages, grace, signatures } = settings
  const modules = resolve(folderNamed(settings.modules))
  const kernel = new Kernel({
    modules,
    ownPackages,
    scheme,
    ...(grace !== undefined && { grace }),
    ...(signatures && { signatures }),
  })
  return { kernel, reporter: report(kernel), ...(ran && { start: ran.start }) }
}

function signaturesOf(files: readonly string[], required: boolean): SignatureOptions | undefined {
  if (files.length > 0) return { keys: files.map(readKey), required }
  if (required) throw new UsageError('--signed-only needs a --key')
  return undefined
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--key: cannot read ${file}: ${systemReason(error)}`)
  }
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

/** Dependencies first, until `stop`; one that fails is reported and the host goes on. Resolves to those that failed because of others. */
async function insertAll(kernel: Kernel, reporter: Reporter, stop: Promise<unknown>): Promise<Waiting> {
  const waiting: Waiting = new Map()
  let isStopped = false
  void stop.then(() => (isStopped = true))
  // In this order one that fails takes nothing out again.
  for (const name of await kernel.availableInOrder()) {
    if (isStopped) break
    await kernel.modprobe(name).catch(error => {
      const said = `${printable(name)}: ${formatError(error)}`
      const hindrance = hindranceOf(error, said)
      if (hindrance) waiting.set(name, hindrance)
      reporter.problem(said)
    })
  }
  return waiting
}

/** Longer than any host lives. A signal that is waited for keeps no process alive, and not every host has a server. */
const FOR_EVER = 2 ** 31 - 1

const STOPPING = ['SIGTERM', 'SIGINT'] as const

/**
 * The first SIGTERM or SIGINT, or SIGHUP when the terminal closes. A second one ends the process at once, as people expect who press ctrl-C again. A host file or
 * a module that listens to SIGHUP has its own use for it.
 */
const stopSignal = (): Promise<string> =>
  new Promise(done => {
    const alive = setInterval(() => {}, FOR_EVER)
    const again = (signal: NodeJS.Signals): void => {
      // Whoever else listens to it has heard of the first.
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
    const stop = (signal: NodeJS.Signals): void => {
      clearInterval(alive)
      for (const other of STOPPING) process.off(other, stop).on(other, again)
      done(signal)
    }
    for (const signal of STOPPING) process.on(signal, stop)
    process.on('SIGHUP', function onHangUp() {
      if (process.listenerCount('SIGHUP') > 1) return
      process.off('SIGHUP', onHangUp)
      stop('SIGHUP')
    })
  })
