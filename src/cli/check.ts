import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ModuleError } from '../kernel/errno.ts'
import { messageOf } from '../kernel/thrown.ts'
import { SCHEME_NAMES, type SchemeName } from '../kernel/unload/scheme.ts'
import { attempt } from './attempt.ts'
import { merge, type SchemeResult } from './check/findings.ts'
import { type CheckReport, junit, printReport, tap } from './check/formats.ts'
import { CheckFailure, runScheme } from './check/run_scheme.ts'
import { type AskedCall, type CheckSettings, parseCall } from './check/settings.ts'
import type { Command, CommandLine } from './command.ts'
import { OWN_PACKAGE, ownPackagesOf } from './own_packages.ts'
import { parseParamWords, UsageError, valuesOf, wholeNumber } from './usage.ts'

const DEFAULT_CYCLES = 24
const MOST_CYCLES = 1_000_000
/** What is over at once needs no progress. */
const QUIET = 1000

export const check: Command = {
  name: 'check',
  summary: 'find out whether a module is safe to unload',
  details: 'Loads and unloads it many times, in processes of their own, and reports what stays.',
  arguments: '<file> [params...]',
  options: [
    {
      flags: '--scheme <name>',
      description: `one of ${SCHEME_NAMES.join(', ')}; by default each of them`,
      repeatable: true,
    },
    { flags: '--cycles <n>', description: `how many times under each scheme (default: ${DEFAULT_CYCLES})` },
    {
      flags: '--call <point=json>',
      description: 'call what it registers there; an array is the arguments',
      repeatable: true,
    },
    { flags: '--modules <dir>', description: 'where modules are found that it imports from' },
    OWN_PACKAGE,
    { flags: '--setup <file>', description: 'import this first: it prepares what the module expects of its host' },
    {
      flags: '--allow-leftovers',
      description: 'report what it leaves for the kernel to close, but do not fail for it',
    },
    { flags: '--tap', description: 'answer in TAP' },
    { flags: '--junit', description: 'answer in JUnit XML' },
  ],
  examples: [
    'outlive check examples/modules/hello.ts',
    'outlive check examples/modules/notes.ts --modules examples/modules',
    'outlive check examples/modules/hello.ts --scheme collect --cycles 200 --junit',
  ],
  run: line => attempt('check', line, () => checkFile(line)),
}

async function checkFile(line: CommandLine): Promise<number> {
  const { terminal, options, args } = line
  const settings = readSettings(line)
  // Taken for a flag it would not be looked at, and the answer would seem to be of both.
  const second = args.slice(1).find(word => !word.includes('=') && existsSync(word))
  if (second !== undefined) throw new UsageError(`takes one file, got '${second}' too`)
  if (!existsSync(settings.file)) throw new ModuleError('ENOENT', { missing: line.args[0] })
  const results: SchemeResult[] = []
  const started = performance.now()
  try {
    for (const scheme of schemesOf(options.scheme)) {
      const onCycle = (done: number, of: number) => {
        if (performance.now() - started > QUIET) terminal.progress(`${scheme}: cycle ${done} of ${of}`)
      }
      results.push(await runScheme({ ...settings, scheme }, onCycle))
    }
  } catch (error) {
    if (!(error instanceof CheckFailure)) throw error
    if (terminal.json) terminal.data({ file: settings.file, safe: false, error: error.message })
    terminal.err(`check: ${error.message}`)
    if (error.frame) terminal.errText(error.frame)
    return 1
  }
  terminal.progress('')
  const findings = merge(results, options.allowLeftovers === true ? ['leftover', 'open'] : [])
  const report: CheckReport = {
    file: settings.file,
    safe: !findings.some(({ fails }) => fails),
    schemes: results,
    findings,
  }
  if (terminal.json) terminal.data(report)
  else if (options.tap) terminal.outText(tap(report))
  else if (options.junit) terminal.outText(junit(report))
  else printReport(report, terminal)
  return report.safe ? 0 : 1
}

function readSettings({ args, options }: CommandLine): Omit<CheckSettings, 'scheme'> {
  const [file = '', ...params] = args
  if (options.tap && options.junit) throw new UsageError('--tap or --junit, not both')
  return {
    file: resolve(file),
    cycles: wholeNumber(options, 'cycles', 1, MOST_CYCLES) ?? DEFAULT_CYCLES,
    params: parseParamWords(params),
    modules: options.modules === undefined ? undefined : existing(String(options.modules), '--modules'),
    ownPackages: ownPackagesOf(options),
    setup: options.setup === undefined ? undefined : existing(String(options.setup), '--setup'),
    calls: valuesOf(options.call).map(readCall),
  }
}

function schemesOf(given: unknown): readonly SchemeName[] {
  const words = valuesOf(given)
  for (const word of words)
    if (!SCHEME_NAMES.some(scheme => scheme === word))
      throw new UsageError(`no scheme is called '${word}'; they are ${SCHEME_NAMES.join(', ')}`)
  return words.length === 0 ? SCHEME_NAMES : SCHEME_NAMES.filter(scheme => words.includes(scheme))
}

function readCall(word: string): AskedCall {
  try {
    return parseCall(word)
  } catch (error) {
    throw new UsageError(`--call ${word}: ${messageOf(error)}`)
  }
}

function existing(path: string, what: string): string {
  if (!existsSync(path)) throw new UsageError(`${what}: no such file or directory: ${path}`)
  return resolve(path)
}
