#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { getSystemErrorMap } from 'node:util'
import { Command as Commander, CommanderError, Option } from 'commander'
import type { Command } from './command.ts'
import { createTerminal, usageAnswer } from './terminal.ts'

/** Each command is loaded when it is asked for; `--help` asks for all. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.ts')).run,
  insmod: async () => (await import('./insmod.ts')).insmod,
  rmmod: async () => (await import('./rmmod.ts')).rmmod,
  modprobe: async () => (await import('./modprobe.ts')).modprobe,
  coldplug: async () => (await import('./coldplug.ts')).coldplug,
  sign: async () => (await import('./sign.ts')).sign,
  depmod: async () => (await import('./depmod.ts')).depmod,
  replace: async () => (await import('./replace.ts')).replace,
  lsmod: async () => (await import('./lsmod.ts')).lsmod,
  modinfo: async () => (await import('./modinfo.ts')).modinfo,
  reclaim: async () => (await import('./reclaim.ts')).reclaim,
  why: async () => (await import('./why.ts')).why,
  mem: async () => (await import('./mem.ts')).mem,
  top: async () => (await import('./top.ts')).top,
  taint: async () => (await import('./taint.ts')).taint,
  check: async () => (await import('./check.ts')).check,
  races: async () => (await import('./races.ts')).races,
  dmesg: async () => (await import('./dmesg.ts')).dmesg,
}

const JSON_OPTION = new Option('--json', 'answer in JSON, for programs')

/** A command whose output cannot be written has failed; a host goes on without its terminal. */
function onWriteError(command: string): void {
  process.stderr.on('error', () => {})
  process.stdout.on('error', ({ code, errno, message }: NodeJS.ErrnoException) => {
    if (command === 'run') return
    // Who reads no more wants to hear no more.
    const reason = getSystemErrorMap().get(errno ?? 0)?.[1] ?? message
    if (code !== 'EPIPE') process.stderr.write(`${command}: write error: ${reason}\n`)
    process.exit(1)
  })
}

async function main(words: readonly string[]): Promise<number> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const program = new Commander('outlive')
    .description('Loads, replaces and unloads code in a running Node.js process.')
    .version(version)
    .showHelpAfterError('(outlive --help tells more)')
    .exitOverride()
  let code = 0
  const wanted = words.find(word => !word.startsWith('-')) ?? ''
  onWriteError(wanted)
  const load = Object.hasOwn(COMMANDS, wanted) ? [COMMANDS[wanted]!] : Object.values(COMMANDS)
  for (const command of await Promise.all(load.map(get => get())))
    program.addCommand(
      toCommander(command, async (args, options) => {
        code = await command.run({ args, options, terminal: createTerminal({ json: options.json === true }) })
      }),
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

function toCommander(
  command: Command,
  run: (args: string[], options: Record<string, unknown>) => Promise<void>,
): Commander {
  const made = new Commander(command.name)
    .description(command.summary)
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
