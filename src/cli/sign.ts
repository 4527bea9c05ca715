import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, type WriteFileOptions, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { LazyFiles } from '../images/lazy_files.ts'
import { sha256 } from '../images/node_parts.ts'
import { resolveTarget } from '../images/resolve.ts'
import { SourceTexts } from '../images/source_texts.ts'
import { ModuleError } from '../kernel/errno.ts'
import { loadError } from '../kernel/load_errors.ts'
import { ModuleFolders } from '../kernel/module_folders.ts'
import { locate, type ModuleLocation } from '../kernel/module_location.ts'
import { makeSignature, signatureFileOf, signedPath } from '../kernel/signature.ts'
import { attempt } from './attempt.ts'
import type { Command, CommandLine } from './command.ts'
import { systemReason } from './system_reason.ts'
import { UsageError } from './usage.ts'

export const sign: Command = {
  name: 'sign',
  summary: 'sign modules with your key',
  details: 'A host that has your public key knows then that they are as you made them.',
  arguments: '[modules...]',
  options: [
    { flags: '--key <file>', description: 'your private ed25519 key, in PEM' },
    { flags: '--signer <name>', description: 'who you are, in your own words', default: '' },
    { flags: '--new-key <name>', description: 'make a pair of keys first: NAME.pem, which is private, and NAME.pub' },
  ],
  examples: ['outlive sign --new-key me', 'outlive sign modules/hello.ts --key me.pem --signer "A. Uthor"'],
  run: line => attempt('sign', line, () => signAll(line)),
}

async function signAll(line: CommandLine): Promise<number> {
  const { args, options, terminal } = line
  const { key: file, newKey } = options as { readonly key?: string; readonly newKey?: string }
  if (newKey !== undefined) makeKeys(newKey)
  const keyFile = file ?? (newKey === undefined ? undefined : `${newKey}.pem`)
  if (args.length > 0 && keyFile === undefined) throw new UsageError('needs --key, or --new-key')
  if (args.length === 0 && newKey === undefined) throw new UsageError('needs modules to sign, or --new-key')
  const written: string[] = []
  if (keyFile !== undefined && args.length > 0) {
    const key = readPrivateKey(keyFile)
    for (const path of args) {
      const location = locate(path)
      const files = hashes(location)
      const target = signatureFileOf(location)
      const signature = makeSignature({ signer: String(options.signer), files }, key)
      write(target, `${JSON.stringify(signature, null, 2)}\n`)
      written.push(target)
      const count = Object.keys(files).length
      if (!terminal.json) terminal.out(`${relative('.', target)}: ${count} ${count === 1 ? 'file' : 'files'}`)
    }
  }
  if (terminal.json) terminal.data({ written })
  return 0
}

function makeKeys(name: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const writeNew = (file: string, text: string, mode: number): void => {
    if (existsSync(file)) throw new UsageError(`--new-key: ${file} exists`)
    write(file, text, { mode, flag: 'wx' })
  }
  writeNew(`${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600)
  writeNew(`${name}.pub`, publicKey.export({ type: 'spki', format: 'pem' }) as string, 0o644)
}

function write(file: string, text: string, options?: WriteFileOptions): void {
  try {
    writeFileSync(file, text, options)
  } catch (error) {
    // Half of it is no signature, and no key.
    if (wasOpened(error)) rmSync(file, { force: true })
    throw new ModuleError('EINVAL', { reason: `cannot write ${file}: ${systemReason(error)}` }, { cause: error })
  }
}

const wasOpened = (error: unknown): boolean => (error as NodeJS.ErrnoException).syscall === 'write'

function readPrivateKey(file: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(file))
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (error) {
    const isRead = (error as NodeJS.ErrnoException).errno === undefined
    throw new UsageError(
      `--key: ${isRead ? `${file} is no private key in PEM` : `cannot read ${file}: ${systemReason(error)}`}`,
    )
  }
  throw new UsageError(`--key: ${file} is no ed25519 key`)
}

/** Of a folder every file; of one file that and what it imports, read as a load reads it and not run. */
function hashes(location: ModuleLocation): Record<string, string> {
  const files = location.root === undefined ? ownFiles(location) : filesIn(location.root)
  const own = files.filter(file => file !== signatureFileOf(location)).map(file => [signedPath(location, file), file])
  return Object.fromEntries(own.sort().map(([name, file]) => [name!, sha256(readFileSync(file!))]))
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === '.git' ? [] : filesIn(path)
    return entry.isFile() ? [path] : []
  })

/** Whatever a load of the entry can name without running it. */
function ownFiles({ name, file, root }: ModuleLocation): readonly string[] {
  const neighbours = new ModuleFolders(dirname(file))
  const isModule = (other: string): boolean => other !== file && neighbours.locationOf(other) !== undefined
  const texts = new SourceTexts(name)
  try {
    texts.read(file)
    new LazyFiles(texts, (specifier, from, loader) => resolveTarget(specifier, from, loader, { root, isModule })).keep(
      file,
    )
  } catch (error) {
    throw loadError(error, file)
  }
  return texts.files
}
