import { printable } from '../printable.ts'
import type { WhyReport } from './why.ts'
import { shortPlace } from './wording.ts'

const UNITS = ['bytes', 'KB', 'MB', 'GB'] as const

function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${UNITS[unit]}`
}

/** Packages of the image that have put something of theirs where everybody finds it. */
function packagesOnGlobals({ holders }: WhyReport): Set<string> {
  const packages = new Set<string>()
  for (const { kind, held } of holders) {
    if (kind !== 'global' && kind !== 'prototype') continue
    const name = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(held.place ?? '')?.[1]
    if (name !== undefined) packages.add(name.replace('\\', '/'))
  }
  return packages
}

/** The report for people: a line for each holder. */
export function formatReport(report: WhyReport): string {
  if (!report.found) return printable(`${report.image} is not in memory: it was collected, or there was no such image`)
  const head = `${report.image} (${formatBytes(report.retainedBytes)})`
  const lines: string[] = []
  for (const holder of report.holders) {
    lines.push(`${head} is held by: ${holder.text}`)
    if (holder.place !== undefined) lines.push(`    at ${shortPlace(holder.place)}`)
    if (holder.also.length > 0) lines.push(`    also known as: ${holder.also.join('; ')}`)
  }
  for (const name of packagesOnGlobals(report))
    lines.push(
      `    ${name} puts this there for the whole program: delete it in exit, or leave ${name} to the host, which loads it once for all`,
    )
  if (report.holders.length === 0)
    lines.push(
      report.internal.length === 0
        ? `${head} is in memory, and nothing that can be told holds it: it should go at the next collection`
        : `${head} is held by nothing of the program`,
    )
  for (const { text } of report.internal) lines.push(`${head} is held, not by the program: ${text}`)
  return lines.map(printable).join('\n')
}
