import type { UnloadReport } from '../kernel/free_module.ts'
import type { ReclaimReport } from '../kernel/reclaim.ts'

/** Nothing for a clean unload, as rmmod; a line for each thing that its author should know. */
export function unloadLines(report: UnloadReport): string[] {
  const image = `${report.module}#${report.generation}`
  const lines: string[] = []
  if (!report.drained)
    lines.push(
      `${image}: calls were still in flight after the grace period; they ${report.scheme === 'refcount' ? 'are refused' : 'finish in the old code'}`,
    )
  if (report.exitError) lines.push(`${image}: exit threw: ${report.exitError.message}`)
  for (const { kind, where, closed, what } of report.leftovers)
    lines.push(`${image}: left behind: ${kind} (${what}) at ${where}${closed ? ', closed' : ', could not be closed'}`)
  if (report.reclaimed) lines.push(...reclaimLines(report.reclaimed))
  return lines
}

export function reclaimLines({ images, bytes }: ReclaimReport): string[] {
  const lines = images.flatMap(({ image, bytes: size, freed, heldBy }) => {
    if (freed) return [`${image}: ${size} bytes came back`]
    const held = heldBy?.map(text => `  held by: ${text}`) ?? [`  outlive why ${image} tells who holds it`]
    return [`${image}: ${size} bytes stay`, ...held]
  })
  return [...lines, `${bytes} bytes reclaimed`]
}
