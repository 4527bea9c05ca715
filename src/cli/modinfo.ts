import { existsSync } from 'node:fs'
import { Kernel } from '../kernel/kernel.ts'
import type { ModuleDescription } from '../kernel/modinfo.ts'
import type { Command } from './command.ts'
import { attempt, connect, HOST_OPTION } from './talk.ts'

export const modinfo: Command = {
  name: 'modinfo',
  summary: 'show what a module says of itself, without running it',
  arguments: '<module>',
  options: [HOST_OPTION, { flags: '-F, --field <name>', description: 'only this field, a value a line' }],
  examples: ['outlive modinfo modules/hello.ts', 'outlive modinfo hello -F alias'],
  run(line) {
    const [name] = line.args as [string]
    const { terminal, options } = line
    return attempt('modinfo', line, async () => {
      // A file needs no host to be read.
      const found = existsSync(name)
        ? await new Kernel().modinfo(name)
        : await (await connect(line)).get<ModuleDescription>(`/modinfo?name=${encodeURIComponent(name)}`)
      if (terminal.json) terminal.data(found)
      else
        for (const [field, value] of fields(found)) {
          if (options.field === undefined) terminal.out(`${`${field}:`.padEnd(16)}${value}`)
          else if (options.field === field) terminal.out(value)
        }
      return 0
    })
  },
}

function fields(found: ModuleDescription): [string, string][] {
  const all: [string, string][] = [
    ['filename', found.filename],
    ['name', found.name],
  ]
  for (const field of ['version', 'license', 'description', 'author'] as const)
    if (found[field] !== undefined) all.push([field, found[field]])
  for (const alias of found.aliases) all.push(['alias', alias])
  for (const specifier of found.imports) all.push(['imports', specifier])
  for (const symbol of found.symbols) all.push(['symbol', symbol])
  for (const [name, spec] of Object.entries(found.params)) {
    const fallback = spec.default === undefined ? '' : `, default ${JSON.stringify(spec.default)}`
    all.push(['parm', `${name}:${spec.description ?? ''} (${spec.type}${fallback})`])
  }
  if (found.permanent) all.push(['permanent', 'Y'])
  all.push(['size', String(found.size)], ['sha256', found.hash])
  return all
}
