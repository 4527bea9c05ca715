import type { HoldGraph } from './hold_graph.ts'
import type { Labels } from './names.ts'
import { type HeapSnapshot, INTERNAL, PROPERTY } from './snapshot.ts'
import { textOf } from './text.ts'

interface ExportInHeap {
  readonly name: string
  /** Of the file that declares it; undefined where Node keeps nothing that knows it. */
  readonly url: string | undefined
  /** Made by Node around something that is no ES module. */
  readonly isSynthetic: boolean
}

const SYNTHETIC_MODULE = 'system / SyntheticModule'
const MODULES: ReadonlySet<string> = new Set(['system / SourceTextModule', SYNTHETIC_MODULE])

/** An exported variable of an ES module stands in a cell of its own; the module's table of exports has its name. */
export function exportInCell(graph: HoldGraph, labels: Labels, cell: number): ExportInHeap | undefined {
  const { snapshot } = graph
  /** Modules with the cell in a list, as the one that declares it has it; and in a table by name, as those that re-export it have it too. */
  const listing = new Set<number>()
  const naming: { module: number; name: string }[] = []
  for (const edge of graph.holding(cell)) {
    const table = snapshot.edgeFrom(edge)
    const index = Number(snapshot.edgeLabel(edge))
    const name = Number.isNaN(index) ? undefined : stringAt(snapshot, labels, table, index - 1)
    for (const up of graph.holding(table)) {
      const module = snapshot.edgeFrom(up)
      if (!MODULES.has(snapshot.name(module))) continue
      if (name === undefined) listing.add(module)
      else naming.push({ module, name })
    }
  }
  const isSynthetic = (module: number): boolean => snapshot.name(module) === SYNTHETIC_MODULE
  const found = naming.find(({ module }) => listing.has(module) || isSynthetic(module)) ?? naming[0]
  return (
    found && {
      name: found.name,
      url: urlOf(graph, labels, found.module),
      isSynthetic: isSynthetic(found.module),
    }
  )
}

function stringAt(snapshot: HeapSnapshot, labels: Labels, table: number, index: number): string | undefined {
  for (let edge = snapshot.firstEdge[table]!; edge < snapshot.firstEdge[table + 1]!; edge++)
    if (snapshot.edgeKind[edge] === INTERNAL && snapshot.edgeLabel(edge) === String(index))
      return textOf(snapshot, labels, snapshot.edgeTo[edge]!)
  return undefined
}

/** Node's ModuleWrap around a module knows its URL. */
function urlOf(graph: HoldGraph, labels: Labels, module: number): string | undefined {
  const { snapshot } = graph
  for (const edge of graph.holding(module)) {
    const url = textOf(snapshot, labels, snapshot.follow(snapshot.edgeFrom(edge), labels.url, PROPERTY))
    if (url !== undefined) return url
  }
  return undefined
}
