import { INTERNAL_KINDS } from './anchor.ts'
import { Explainer, type Holder } from './explain.ts'
import { HoldGraph } from './hold_graph.ts'
import { type CodeOfOthers, ImageFinder, type ImageInHeap } from './image_nodes.ts'
import { findLabels } from './names.ts'
import { Places } from './places.ts'
import { Retainers } from './retainers.ts'
import { retainedBytes } from './size.ts'
import type { HeapSnapshot } from './snapshot.ts'

/** What a snapshot says of an image. */
export interface Analysis {
  /** False when nothing of the image is in memory any more. */
  readonly found: boolean
  /** Bytes that would come back with the image. */
  readonly retainedBytes: number
  /** What of the program, or of Node, keeps it, best first. */
  readonly holders: readonly Holder[]
  /** What only Outlive and V8 do about it. */
  readonly internal: readonly Holder[]
}

interface AnalysisOptions {
  readonly label: string
  /** The mark of the kernel that the image is of: another of this process may have one of the same label. Undefined for any. */
  readonly kernel?: string | undefined
  /** The folder of Outlive's own files, as a URL that ends in a slash. */
  readonly ownFiles: string
  /** Told the share of the work that is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void
}

const NOT_FOUND: Analysis = { found: false, retainedBytes: 0, holders: [], internal: [] }

/** Finds an image in a snapshot, who keeps it, and what it keeps. */
export function analyse(snapshot: HeapSnapshot, options: AnalysisOptions): Analysis {
  const progress = options.onProgress ?? (() => {})
  const graph = new HoldGraph(snapshot)
  progress(0.2)
  const labels = findLabels(snapshot)
  const finder = new ImageFinder(graph, labels)
  const images = finder.all()
  const wanted = images.filter(
    ({ label, kernel = options.kernel }) => label === options.label && (options.kernel ?? kernel) === kernel,
  )
  if (wanted.length === 0) return NOT_FOUND
  const nodes = new Set(wanted.map(({ node }) => node))
  const inHeap = images.map(image => finder.codeOf(image))
  progress(0.5)
  const places = new Places(graph, labels, options.ownFiles)
  const results = inHeap
    .filter(image => nodes.has(image.node))
    .map(image => {
      const retainers = new Retainers(graph, labels, places, image, codeOfOthers(graph, inHeap, image))
      progress(0.7)
      const holders = new Explainer(snapshot, labels, places, image, retainers.leads()).explain(
        retainers.paths(share => progress(0.7 + 0.2 * share)),
      )
      progress(0.9)
      return { holders, bytes: retainedBytes(graph, image, retainers.outside) }
    })
  const holders = results.flatMap(result => result.holders)
  return {
    found: true,
    retainedBytes: results.reduce((sum, { bytes }) => sum + bytes, 0),
    holders: holders.filter(({ kind }) => !INTERNAL_KINDS.has(kind)),
    internal: holders.filter(({ kind }) => INTERNAL_KINDS.has(kind)),
  }
}

/** Which image each node is code of, of all but `one`. */
function codeOfOthers(graph: HoldGraph, images: readonly ImageInHeap[], one: ImageInHeap): CodeOfOthers {
  const numbers = new Uint32Array(graph.snapshot.nodeCount)
  for (const [index, image] of images.entries())
    if (image !== one) for (const node of image.code) if (!one.code.has(node)) numbers[node] = index + 1
  return node => images[numbers[node]! - 1]
}
