import { accessSync, constants, statSync } from 'node:fs'
import type { CommandLine } from './command.ts'

/** The user used the command in a way that it does not have: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError where there is none, or none that this user may look into */
export function folderNamed(path: string): string {
  try {
    if (!statSync(path).isDirectory()) throw new UsageError(`no such folder: ${path}`)
    accessSync(path, constants.R_OK | constants.X_OK)
    return path
  } catch (error) {
    if (error instanceof UsageError) throw error
    const isDenied = (error as NodeJS.ErrnoException).code === 'EACCES'
    throw new UsageError(isDenied ? `cannot read folder ${path}: Permission denied` : `no such folder: ${path}`)
  }
}

/**
 * `key=value` words, as insmod takes them; a word without `=` is a flag.
 *
 * @throws UsageError for a word that starts with `=`
 */
export function parseParamWords(words: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {}
  for (const word of words) {
    const at = word.indexOf('=')
    if (at === 0) throw new UsageError(`'${word}' is not a parameter; write name=value`)
    if (at === -1) params[word] = ''
    else params[word.slice(0, at)] = word.slice(at + 1)
  }
  return params
}

/** What an option that may be given again was given: nothing, one value or a list. */
export const valuesOf = (given: unknown): string[] => (given === undefined ? [] : [given].flat().map(String))

/**
 * An option that takes a whole number; undefined where it is not given.
 *
 * @param name as the parsed options have it: `maxStates` is `--max-states`
 * @throws UsageError for anything that is no whole number from `least` to `most`
 */
export function wholeNumber(
  options: CommandLine['options'],
  name: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const given = options[name]
  if (given === undefined) return undefined
  // Number('') is 0.
  const value = String(given).trim() === '' ? Number.NaN : Number(given)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  const flag = name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  throw new UsageError(`--${flag} takes a whole number ${range}, got '${String(given)}'`)
}
