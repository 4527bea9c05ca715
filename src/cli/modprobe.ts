import { ModuleError } from '../kernel/errno.ts'
import type { UnloadReport } from '../kernel/free_module.ts'
import type { ModuleRow } from '../kernel/lsmod.ts'
import type { ShownStep } from '../kernel/show_depends.ts'
import { attemptEach } from './attempt.ts'
import type { Command, CommandLine } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'
import { adviseOnParams } from './give_advice.ts'
import { openFolder, type ProbeAnswers } from './modprobe_folder.ts'
import { unloadLines } from './unload_lines.ts'
import { parseParamWords, UsageError } from './usage.ts'

export const modprobe: Command = {
  name: 'modprobe',
  summary: 'insert a module by name or alias, with what it depends on',
  details: 'With -r: remove it, and what was there only for it.',
  arguments: '<names...>',
  options: [
    HOST_OPTION,
    { flags: '-r, --remove', description: 'remove the modules, and what was there only for them' },
    { flags: '-a, --all', description: 'every word is a name; none is a parameter' },
    { flags: '-n, --dry-run', description: 'change nothing; with -v, say what would be done' },
    { flags: '-D, --show-depends', description: 'print what would be inserted, in order, loaded or not' },
    { flags: '-R, --resolve-alias', description: 'print the modules that a name or alias stands for' },
    { flags: '--first-time', description: 'fail when the module is already there, or with -r when it is not' },
    { flags: '-b, --use-blacklist', description: "the blacklist counts for a module's own name too" },
    { flags: '-q, --quiet', description: 'say nothing when nothing has that name' },
    { flags: '-v, --verbose', description: 'say what is inserted or removed' },
    { flags: '--modules <dir>', description: 'with -R, -D or -n: ask this folder instead of a host' },
    { flags: '-C, --config <file>', description: 'with --modules: the configuration, instead of outlive.config' },
  ],
  examples: [
    'outlive modprobe notes',
    'outlive modprobe hello greeting=Hi',
    'outlive modprobe -r notes',
    'outlive modprobe -R http:GET:/hello/you',
    'outlive modprobe --show-depends notes --modules modules',
  ],
  run(line) {
    const { args, options } = line
    const several = options.all === true || options.remove === true
    const [names, words] = several ? [args, []] : [args.slice(0, 1), args.slice(1)]
    const heard = options.quiet ? silent(line) : line
    const one = (name: string) => probeOne(line, name, words)
    // One list, however many names were given.
    return attemptEach('modprobe', heard, names, one, results => results.flat())
  },
}

const silent = (line: CommandLine): CommandLine => ({ ...line, terminal: { ...line.terminal, err: () => {} } })

async function probeOne(line: CommandLine, name: string, words: readonly string[]): Promise<unknown> {
  const { options } = line
  const params = parseParamWords(words)
  if (options.modules !== undefined && !(options.resolveAlias || options.showDepends || options.dryRun))
    throw new UsageError('--modules goes with -R, --show-depends or -n: only a host can load')
  if (options.resolveAlias) return resolve(line, name)
  if (options.showDepends) return show(line, await (await answers(line)).showDepends(name, params))
  if (options.remove) return options.dryRun ? showRemoval(line, name) : remove(line, name)
  return options.dryRun ? showInsertion(line, name, params) : insert(line, name, params)
}

async function answers(line: CommandLine): Promise<ProbeAnswers> {
  const { modules, config, useBlacklist } = line.options
  if (modules !== undefined)
    return openFolder(String(modules), config as string | undefined, { useBlacklist: useBlacklist === true })
  const client = await connect(line)
  return {
    resolveAlias: name => client.get('/resolve', { name }),
    showDepends: (name, params) => client.post('/show-depends', { name, params, useBlacklist: useBlacklist === true }),
    loaded: async () => (await client.get<ModuleRow[]>('/lsmod')).map(row => row.name),
    directory: async () => (await client.get<{ modules: string[] }>('/')).modules.join(':'),
  }
}

async function resolve(line: CommandLine, name: string): Promise<string[]> {
  const asked = await answers(line)
  const modules = await asked.resolveAlias(name)
  if (modules.length === 0) throw new ModuleError('ENOENT', { module: name, directory: await asked.directory() })
  if (!line.terminal.json) for (const module of modules) line.terminal.out(module)
  return modules
}

function show({ terminal }: CommandLine, steps: readonly ShownStep[]): readonly ShownStep[] {
  if (!terminal.json) for (const step of steps) terminal.out(stepLine(step))
  return steps
}

/** As kmod prints it. */
function stepLine({ module, file, params, install }: ShownStep): string {
  const words = Object.entries(params).map(([name, value]) => `${name}=${String(value)}`)
  if (install !== undefined) return ['install', install, ...words].join(' ')
  return file === undefined ? `builtin ${module}` : ['insmod', file, ...words].join(' ')
}

async function showInsertion(line: CommandLine, name: string, params: Record<string, string>): Promise<unknown> {
  const asked = await answers(line)
  const loaded = await asked.loaded()
  if (line.options.firstTime) await refuseRepeated(asked, name, loaded)
  const seen = new Set(loaded)
  const steps = (await asked.showDepends(name, params)).filter(({ module }) => !seen.has(module) && seen.add(module))
  return line.options.verbose ? show(line, steps) : steps
}

/** @throws ModuleError EEXIST */
async function refuseRepeated(asked: ProbeAnswers, name: string, loaded: readonly string[]): Promise<void> {
  const module = (await asked.resolveAlias(name)).find(found => loaded.includes(found))
  if (module !== undefined) throw new ModuleError('EEXIST', { module, firstTime: true })
}

async function insert(line: CommandLine, name: string, params: Record<string, string>): Promise<ModuleRow[]> {
  const { firstTime, useBlacklist, verbose } = line.options
  const body = { name, params, firstTime: firstTime === true, useBlacklist: useBlacklist === true }
  const client = await connect(line)
  const inserted = await client.post<ModuleRow[]>('/modprobe', body)
  if (!line.terminal.json && verbose) for (const { file } of inserted) line.terminal.out(`insmod ${file}`)
  // Dependencies come first, and take no parameters.
  await adviseOnParams(line, params, inserted.at(-1)?.name, client)
  return inserted
}

async function showRemoval(line: CommandLine, name: string): Promise<string[]> {
  const { options, terminal } = line
  const client = await connect(line)
  const modules = await client.get<string[]>('/modprobe-remove', { name })
  if (!terminal.json && options.verbose) for (const module of modules) terminal.out(`rmmod ${module}`)
  return modules
}

async function remove(line: CommandLine, name: string): Promise<UnloadReport[]> {
  const { options, terminal } = line
  const body = { name, firstTime: options.firstTime === true }
  const reports = await (await connect(line)).post<UnloadReport[]>('/modprobe-remove', body)
  for (const report of terminal.json ? [] : reports) {
    if (options.verbose) terminal.out(`rmmod ${report.module}`)
    for (const text of unloadLines(report)) terminal.out(text)
  }
  return reports
}
