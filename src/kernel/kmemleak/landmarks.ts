import type { Labels } from './names.ts'
import type { Places } from './places.ts'
import { type HeapSnapshot, INTERNAL, NO_NODE, OBJECT, PROPERTY } from './snapshot.ts'

/** What the kernel has in a field, in words. */
const KERNEL_PARTS: Readonly<Record<string, string>> = {
  modules: 'the module list, where it is loaded',
  byFile: 'the module list, where it is loaded',
  lingering: 'the list of removed images, which keeps them in the scheme retain',
}

/** Objects of Outlive that are there for as long as a kernel is, by class. */
const KERNEL_CLASSES: ReadonlySet<string> = new Set([
  'Kernel',
  'ExtensionPoint',
  'Lingering',
  'KernelLog',
  'Notifier',
  'ModuleFolders',
])

const OWN_PARTS: Readonly<Record<string, string>> = {
  ExtensionPoint: 'an extension point, where it is registered',
  Lingering: KERNEL_PARTS.lingering!,
}

/** What is found once in a heap, before any way is followed: the global objects, and the kernels with all that is theirs alone. */
export class Landmarks {
  readonly #snapshot: HeapSnapshot
  readonly #labels: Labels
  readonly #places: Places
  readonly #globals = new Set<number>()
  /** What the kernels of this process own, and as what. */
  readonly #kernelParts = new Map<number, string>()

  constructor(snapshot: HeapSnapshot, labels: Labels, places: Places) {
    this.#snapshot = snapshot
    this.#labels = labels
    this.#places = places
    this.#find()
  }

  isGlobal(node: number): boolean {
    return this.#globals.has(node)
  }

  partOfKernel(node: number): string | undefined {
    return this.#kernelParts.get(node)
  }

  /** As what an object of Outlive is known by the name of its class, whoever owns it. */
  partByClass(object: number, name: string): string | undefined {
    if (!KERNEL_CLASSES.has(name)) return undefined
    const made = this.#places.constructorOf(object)
    return made !== NO_NODE && this.#places.authorOf(made) === 'outlive' ? (OWN_PARTS[name] ?? name) : undefined
  }

  #find(): void {
    const snapshot = this.#snapshot
    const { extension, globalObject, globalProxy } = this.#labels
    for (let node = 0; node < snapshot.nodeCount; node++) {
      const name = snapshot.nameIndex(node)
      if (name === this.#labels.Kernel && snapshot.nodeKind[node] === OBJECT) this.#addKernel(node)
      else if (name === this.#labels.NativeContext)
        for (const label of [extension, globalObject, globalProxy]) {
          const global = snapshot.follow(node, label, INTERNAL)
          if (global !== NO_NODE) this.#globals.add(global)
        }
    }
  }

  #addKernel(kernel: number): void {
    const snapshot = this.#snapshot
    const core = snapshot.follow(kernel, this.#labels.core, PROPERTY)
    if (core === NO_NODE) return
    this.#kernelParts.set(kernel, 'the kernel').set(core, 'the kernel')
    for (let edge = snapshot.firstEdge[core]!; edge < snapshot.firstEdge[core + 1]!; edge++) {
      const to = snapshot.edgeTo[edge]!
      if (snapshot.edgeKind[edge] !== PROPERTY || snapshot.edgeName[edge] === this.#labels.proto) continue
      if (snapshot.nodeKind[to] === OBJECT)
        this.#kernelParts.set(to, KERNEL_PARTS[String(snapshot.edgeLabel(edge))] ?? 'the kernel')
    }
  }
}
