import type { KeyObject } from 'node:crypto'
import { dirname, join, relative, sep } from 'node:path'
import { crypto, sha256 } from '../images/node_parts.ts'
import { readFile } from '../images/plain_file.ts'
import { ModuleError } from './errno.ts'
import type { ModuleLocation } from './module_location.ts'
import { messageOf } from './thrown.ts'

/** `createKernel({ signatures })`. */
export interface SignatureOptions {
  /** Public ed25519 keys whose signatures count: each in PEM, or as node:crypto has it. */
  readonly keys: readonly (string | KeyObject)[]
  /** Refuses modules without a valid signature (EKEYREJECTED). By default they are loaded, and taint the kernel (E). */
  readonly required?: boolean
}

/** What `outlive sign` writes: which contents each file of a module must have, and who says so. */
interface ModuleSignature {
  readonly format: 1
  /** Who signed it, in his own words: part of what is signed. */
  readonly signer: string
  /** SHA-256 of the public key, in hexadecimal: tells which key it was made with. */
  readonly key: string
  /** SHA-256 of each file, in hexadecimal, by its path from the module's folder, or from the folder of its one file. */
  readonly files: Readonly<Record<string, string>>
  /** Ed25519, in base64. */
  readonly signature: string
}

type Signed = Pick<ModuleSignature, 'signer' | 'files'>

/** Beside a module of one file, and inside one that is a folder. */
export const signatureFileOf = ({ file, root }: ModuleLocation): string =>
  root === undefined ? `${file}.sig` : join(root, 'outlive.sig')

export const signedPath = ({ file, root }: ModuleLocation, path: string): string =>
  relative(root ?? dirname(file), path).replaceAll(sep, '/')

const keyId = (key: KeyObject): string => sha256(key.export({ type: 'spki', format: 'der' }))

/** What is signed: the same bytes for the same files, in whatever order they are written down. */
const signedBytes = ({ signer, files }: Signed): Buffer =>
  Buffer.from(JSON.stringify(['outlive module 1', signer, Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))]))

export function makeSignature(signed: Signed, privateKey: KeyObject): ModuleSignature {
  const { signer, files } = signed
  const key = keyId(crypto().createPublicKey(privateKey))
  return {
    format: 1,
    signer,
    key,
    files,
    signature: crypto().sign(null, signedBytes(signed), privateKey).toString('base64'),
  }
}

/**
 * The signature as it is written down, good or bad; undefined when there is none.
 *
 * @throws TypeError when it cannot be understood
 */
export function readSignature(location: ModuleLocation): ModuleSignature | undefined {
  let text: string
  try {
    text = readFile(signatureFileOf(location)).toString()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new TypeError(`its signature cannot be read: ${messageOf(error)}`)
  }
  const found = parse(text)
  if (!found) throw new TypeError('its signature is no signature')
  return found
}

function parse(text: string): ModuleSignature | undefined {
  let value: Partial<ModuleSignature> | null
  try {
    value = JSON.parse(text) as Partial<ModuleSignature> | null
  } catch {
    return undefined
  }
  const isText = (part: unknown): boolean => typeof part === 'string'
  const isRight =
    value?.format === 1 &&
    [value.signer, value.key, value.signature].every(isText) &&
    typeof value.files === 'object' &&
    value.files !== null &&
    Object.values(value.files).every(isText)
  return isRight ? (value as ModuleSignature) : undefined
}

/** Makes sure that a file of a module has the contents that were signed. @throws ModuleError EKEYREJECTED */
export type Verify = (path: string, contents: Uint8Array) => void

/** The keys that a kernel trusts. */
export class Keyring {
  readonly required: boolean
  readonly #keys: ReadonlyMap<string, KeyObject>

  /** @throws ModuleError EINVAL for what is no public ed25519 key */
  constructor({ keys, required = false }: SignatureOptions) {
    this.required = required
    this.#keys = new Map(keys.map(publicKey).map(key => [keyId(key), key]))
  }

  /**
   * Verifies the signature itself; the files are verified as they are read.
   *
   * @param given the module as the user named it, for messages
   * @param isTrusted of a file that may be used without being signed
   * @param note is told why something is refused, which the error's text does not say
   * @returns undefined when it is not signed by any of the keys
   * @throws ModuleError EKEYREJECTED when it is signed, but not like this
   */
  open(
    location: ModuleLocation,
    given: string,
    isTrusted: (path: string) => boolean,
    note: (reason: string) => void,
  ): Verify | undefined {
    const refuse = (reason: string): never => {
      note(reason)
      throw new ModuleError('EKEYREJECTED', { file: given, reason })
    }
    let signed: ModuleSignature | undefined
    try {
      signed = readSignature(location)
    } catch (error) {
      return refuse(messageOf(error))
    }
    const key = signed && this.#keys.get(signed.key)
    if (!signed || !key) return undefined
    if (!crypto().verify(null, signedBytes(signed), key, Buffer.from(signed.signature, 'base64')))
      refuse('its signature is not of this key')
    const { files } = signed
    const check: Verify = (path, contents) => {
      const name = signedPath(location, path)
      if (!Object.hasOwn(files, name)) {
        if (isTrusted(path)) return
        refuse(`${name} is not signed`)
      }
      if (files[name] !== sha256(contents)) refuse(`${name} is not as it was signed`)
    }
    // It says which file is the entry, and nothing else reads it.
    if (location.root !== undefined) {
      const manifest = join(location.root, 'package.json')
      check(manifest, readFile(manifest))
    }
    return check
  }
}

function publicKey(given: string | KeyObject): KeyObject {
  let key: KeyObject | undefined
  try {
    key = given instanceof crypto().KeyObject ? given : crypto().createPublicKey(given)
  } catch {
    // Said below.
  }
  if (key?.type !== 'public' || key.asymmetricKeyType !== 'ed25519')
    throw new ModuleError('EINVAL', { reason: 'createKernel: signatures.keys must be public ed25519 keys in PEM' })
  return key
}
