import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { TextForms } from '#dist/modprobe/text_catalogue.js'

/** Fixtures stay in the source tree; the compiled tests are in build/test/modprobe. */
const FOLDER = new URL('../../../test/fixtures/catalogue/', import.meta.url)

export function fixture(name: string): string {
  const bytes = readFileSync(new URL(name, FOLDER))
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}

/** The rows of a table of recorded cases, without its comment and its column names. */
export function cases(name: string): string[][] {
  return fixture(`cases/${name}`)
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#') && !/^(kind\tinput|name\texit)\t/.test(line))
    .map(line => line.split('\t'))
}

export function kernelForms(): Required<TextForms> {
  return {
    dep: fixture('modules.dep.gz'),
    alias: fixture('modules.alias.gz'),
    symbols: fixture('modules.symbols.gz'),
    softdep: fixture('modules.softdep'),
    builtin: fixture('modules.builtin.gz'),
    builtinAlias: fixture('modules.builtin.alias.gz'),
  }
}
