import { existsSync } from 'node:fs'
import { Kernel } from '../kernel/kernel.ts'
import type { ModuleDescription } from '../kernel/modinfo.ts'
import { attemptEach } from './attempt.ts'
import type { Command, CommandLine } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'
import { folderNamed } from './usage.ts'

export const modinfo: Command = {
  name: 'modinfo',
  summary: 'show what modules say of themselves, without running them',
  arguments: '<modules...>',
  options: [
    HOST_OPTION,
    { flags: '-F, --field <name>', description: 'only this field, a value a line' },
    { flags: '-0, --null', description: 'end each value with a zero byte instead of a line end' },
    { flags: '--modules <dir>', description: 'look names up in this folder instead of asking a host' },
  ],
  examples: [
    'outlive modinfo modules/hello.ts',
    'outlive modinfo hello -F alias',
    'outlive modinfo hello notes --modules modules',
  ],
  run(line) {
    const { terminal, args } = line
    const one = async (name: string): Promise<ModuleDescription> => {
      const description = await ask(line, name)
      if (!terminal.json) print(line, description)
      return description
    }
    return attemptEach('modinfo', line, args, one, found => (args.length === 1 ? found[0] : found))
  },
}

async function ask(line: CommandLine, name: string): Promise<ModuleDescription> {
  const { modules } = line.options
  if (modules !== undefined) return new Kernel({ modules: folderNamed(String(modules)) }).modinfo(name)
  // A file or a folder needs no host to be read, nor to be missed. Aliases have slashes too, but do not begin like a path.
  if (existsSync(name) || /^\.{0,2}\//.test(name)) return new Kernel().modinfo(name)
  return (await connect(line)).get<ModuleDescription>('/modinfo', { name })
}

function print({ options, terminal }: CommandLine, description: ModuleDescription): void {
  for (const [field, value] of fields(description)) {
    if (options.field !== undefined && options.field !== field) continue
    const text = options.field === undefined ? `${`${field}:`.padEnd(16)}${value}` : value
    if (options.null) process.stdout.write(options.field === undefined ? `${field}=${value}\0` : `${value}\0`)
    else terminal.out(text)
  }
}

/** Named as kmod names them. */
function signatureFields({ signature, signer, signatureKey }: ModuleDescription): [string, string][] {
  if (signer === undefined || signatureKey === undefined) return [['signature', signature]]
  return [
    ['sig_id', 'ed25519'],
    ['signer', signer],
    ['sig_key', signatureKey],
    ['sig_hashalgo', 'sha256'],
    ['signature', signature],
  ]
}

function fields(found: ModuleDescription): [string, string][] {
  const all: [string, string][] = [
    ['filename', found.filename],
    ['name', found.name],
  ]
  for (const field of ['version', 'license', 'description', 'author'] as const)
    if (found[field] !== undefined) all.push([field, found[field]])
  for (const alias of found.aliases) all.push(['alias', alias])
  const { pre, post } = found.softdeps
  const softdep = [...(pre.length > 0 ? ['pre:', ...pre] : []), ...(post.length > 0 ? ['post:', ...post] : [])]
  if (softdep.length > 0) all.push(['softdep', softdep.join(' ')])
  all.push(['depends', found.depends.join(',')])
  for (const specifier of found.imports) all.push(['imports', specifier])
  for (const symbol of found.symbols) all.push(['symbol', symbol])
  for (const [name, spec] of Object.entries(found.params)) {
    const range =
      spec.min === undefined && spec.max === undefined ? '' : `, from ${spec.min ?? '-∞'} to ${spec.max ?? '∞'}`
    const fallback = spec.default === undefined ? '' : `, default ${JSON.stringify(spec.default)}`
    all.push(['parm', `${name}:${spec.description ?? ''} (${spec.type}${range}${fallback})`])
  }
  if (found.permanent) all.push(['permanent', 'Y'])
  if (found.scheme !== undefined) all.push(['scheme', found.scheme])
  all.push(['size', String(found.size)], ['sha256', found.hash], ...signatureFields(found))
  return all
}
