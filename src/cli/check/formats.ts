import { relative } from 'node:path'
import { printable } from '../../kernel/printable.ts'
import { styled, type Terminal } from '../terminal.ts'
import type { FindingKind, MergedFinding, SchemeResult } from './findings.ts'

/** The whole of a check. */
export interface CheckReport {
  readonly file: string
  readonly safe: boolean
  readonly schemes: readonly SchemeResult[]
  readonly findings: readonly MergedFinding[]
}

/** What a test is called in CI, and the kinds of finding that fail it. */
const TESTS: Readonly<Record<string, readonly FindingKind[]>> = {
  'closes what it opens': ['leftover'],
  'is collected once it is removed': ['held'],
  'leaves no memory behind': ['memory'],
  'ends its calls': ['stuck call', 'late call'],
  'throws nothing when it is removed': ['exit', 'unhandled'],
  'can be inserted again': ['reload'],
  'leaves the language and Node as they were': ['global', 'patched', 'symbol'],
}

const shown = (place: string): string => {
  const path = relative(process.cwd(), place)
  return path.startsWith('..') ? place : path
}

const timesOf = ({ kind, count }: MergedFinding): string =>
  count === 1 ? '' : kind === 'held' ? ` (${count} images)` : ` (${count} times)`

const line = (finding: MergedFinding): string =>
  `${finding.text}${finding.place === undefined ? '' : `, ${shown(finding.place)}`}${timesOf(finding)}`

export function printReport({ file, safe, schemes, findings }: CheckReport, terminal: Terminal): void {
  const head = ['scheme', 'cycles', 'calls', 'in flight', 'collected', 'bytes a cycle', 'seconds']
  const rows = schemes.map(result => [
    result.scheme,
    String(result.cycles),
    String(result.calls),
    String(result.callsInFlight),
    `${result.collected} of ${result.inserted}`,
    String(result.bytesPerCycle),
    (result.ms / 1000).toFixed(1),
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map(row => row[column]!.length)))
  for (const row of [head, ...rows])
    terminal.out(
      row.map((cell, column) => (column ? cell.padStart(widths[column]!) : cell.padEnd(widths[0]!))).join('  '),
    )
  for (const finding of findings) {
    const mark = finding.fails ? styled('red', 'not safe') : styled('dim', 'note    ')
    const where = finding.schemes.length === schemes.length ? '' : ` [${finding.schemes.join(', ')}]`
    terminal.out(mark, `  ${line(finding)}${where}`)
  }
  const verdict = safe ? styled('green', 'safe to unload') : styled('red', 'not safe to unload')
  terminal.out(`${shown(file)}: `, verdict)
}

const failuresOf = (findings: readonly MergedFinding[], kinds: readonly FindingKind[]): readonly MergedFinding[] =>
  findings.filter(({ kind, fails }) => fails && kinds.includes(kind))

/** TAP, version 14. */
export function tap({ findings }: CheckReport): string {
  const lines = ['TAP version 14', `1..${Object.keys(TESTS).length}`]
  for (const [index, [name, kinds]] of Object.entries(TESTS).entries()) {
    const failures = failuresOf(findings, kinds)
    lines.push(`${failures.length === 0 ? 'ok' : 'not ok'} ${index + 1} - ${name}`)
    for (const finding of failures) lines.push(`# ${printable(line(finding))}`)
  }
  return lines.join('\n')
}

export function junit({ file, schemes, findings }: CheckReport): string {
  const tests = Object.entries(TESTS).map(([name, kinds]) => ({ name, failures: failuresOf(findings, kinds) }))
  const failed = tests.filter(({ failures }) => failures.length > 0).length
  const seconds = (schemes.reduce((sum, { ms }) => sum + ms, 0) / 1000).toFixed(3)
  const cases = tests.map(({ name, failures }) => {
    const open = `    <testcase classname="${xml(shown(file))}" name="${xml(name)}"`
    if (failures.length === 0) return `${open}/>`
    const text = failures.map(line).join('\n')
    return `${open}>\n      <failure message="${xml(line(failures[0]!))}">${xml(text)}</failure>\n    </testcase>`
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${tests.length}" failures="${failed}" time="${seconds}">`,
    `  <testsuite name="outlive check" tests="${tests.length}" failures="${failed}" time="${seconds}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
  ].join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
}

/** Control characters cannot be written in XML at all. */
const xml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '?').replace(/[&<>"\n]/g, char => ENTITIES[char]!)
