#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command as Commander, CommanderError, Help, Option, type OutputConfiguration } from 'commander'
import type { Command } from './command.ts'
import { systemReason } from './system_reason.ts'
import { createTerminal, usageAnswer } from './terminal.ts'

type Loaders = Readonly<Record<string, () => Promise<Command>>>

/** Each command is loaded when it is asked for; `--help` asks for all, and lists them like this. */
const GROUPS: Readonly<Record<string, Loaders>> = {
  'Modules:': {
    insmod: async () => (await import('./insmod.ts')).insmod,
    modprobe: async () => (await import('./modprobe.ts')).modprobe,
    replace: async () => (await import('./replace.ts')).replace,
    rmmod: async () => (await import('./rmmod.ts')).rmmod,
    lsmod: async () => (await import('./lsmod.ts')).lsmod,
    modinfo: async () => (await import('./modinfo.ts')).modinfo,
  },
  'Hosts:': {
    run: async () => (await import('./run.ts')).run,
    dmesg: async () => (await import('./dmesg.ts')).dmesg,
    top: async () => (await import('./top.ts')).top,
    mem: async () => (await import('./mem.ts')).mem,
    taint: async () => (await import('./taint.ts')).taint,
  },
  'Removed code:': {
    why: async () => (await import('./why.ts')).why,
    reclaim: async () => (await import('./reclaim.ts')).reclaim,
  },
  'For authors:': {
    check: async () => (await import('./check.ts')).check,
    depmod: async () => (await import('./depmod.ts')).depmod,
    coldplug: async () => (await import('./coldplug.ts')).coldplug,
    sign: async () => (await import('./sign.ts')).sign,
    races: async () => (await import('./races.ts')).races,
  },
}

const FIRST_STEPS = `
First steps:
  outlive run --modules modules --watch   start a host
  outlive lsmod                           in another terminal: what is loaded
  outlive COMMAND --help                  options and examples of a command`

const JSON_OPTION = new Option('--json', 'answer in JSON, for programs')

/** A command whose output cannot be written has failed; a host goes on without its terminal. */
function onWriteError(command: string): void {
  process.stderr.on('error', () => {})
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (command === 'run') return
    // Who reads no more wants to hear no more.
    if (error.code !== 'EPIPE') process.stderr.write(`${command}: write error: ${systemReason(error)}\n`)
    process.exit(1)
  })
}

async function main(words: readonly string[]): Promise<number> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const program = new Commander('outlive')
    .description('Loads, replaces and unloads code in a running Node.js process.')
    .version(version, '-V, --version', 'show the version')
    .usage('COMMAND [options]')
    .showHelpAfterError('(outlive --help tells more)')
    .configureHelp({ subcommandTerm: command => command.name(), visibleCommands: listed })
    .configureOutput(saidBy('outlive'))
    .addHelpText('after', FIRST_STEPS)
    .helpOption('-h, --help', 'show this')
    .exitOverride()
  let code = 0
  const wanted = words.find(word => !word.startsWith('-')) ?? ''
  onWriteError(wanted)
  for (const [heading, command] of await loadCommands(wanted))
    program.addCommand(
      toCommander(command, async (args, options) => {
        code = await command.run({ args, options, terminal: createTerminal({ json: options.json === true }) })
      }).helpGroup(heading),
    )
  try {
    await program.parseAsync(words, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version are what the user asked for; everything else is wrong usage, and already said to people.
    if (error.exitCode === 0) return 0
    if (words.includes('--json')) {
      const [message = ''] = error.message.replace(/^error: /, '').split('\n', 1)
      createTerminal({ json: true }).data(usageAnswer(message))
    }
    return 2
  }
}

/** With the heading of each: the one that is wanted, or all of them when there is none of this name. */
async function loadCommands(wanted: string): Promise<[heading: string, command: Command][]> {
  const all = Object.entries(GROUPS).flatMap(([heading, loaders]) =>
    Object.entries(loaders).map(([name, load]) => ({ heading, name, load })),
  )
  const found = all.filter(({ name }) => name === wanted)
  return Promise.all(
    (found.length > 0 ? found : all).map(
      async ({ heading, load }): Promise<[string, Command]> => [heading, await load()],
    ),
  )
}

/** `outlive help rmmod` works, but is no command like the others. */
function listed(this: Help, program: Commander): Commander[] {
  return Help.prototype.visibleCommands.call(this, program).filter(command => command.name() !== 'help')
}

/** What is wrong with the words begins with the command's name, as whatever else a command says. */
const saidBy = (name: string): OutputConfiguration => ({
  outputError: (text, write) => write(text.replace(/^error: /, `${name}: `)),
})

const asSentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`

function toCommander(
  command: Command,
  run: (args: string[], options: Record<string, unknown>) => Promise<void>,
): Commander {
  const made = new Commander(command.name)
    .summary(command.summary)
    .description([asSentence(command.summary), command.details].filter(text => text !== undefined).join('\n'))
    .helpOption('-h, --help', 'show this')
    .configureOutput(saidBy(command.name))
    .exitOverride()
    .showHelpAfterError(`(outlive ${command.name} --help tells more)`)
  if (command.arguments !== undefined) made.arguments(command.arguments)
  for (const option of command.options) {
    const added = new Option(option.flags, option.description)
    if (option.default !== undefined) added.default(option.default)
    if (option.repeatable) added.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
    made.addOption(added)
  }
  made.addOption(JSON_OPTION)
  made.addHelpText('after', `\nExamples:\n${command.examples.map(example => `  ${example}`).join('\n')}`)
  made.action(async () => run(made.args, made.opts()))
  return made
}

process.exitCode = await main(process.argv.slice(2))
// What a host's own file has opened is no reason to go on when the host has ended.
if (process.argv[2] === 'run') process.exit()
