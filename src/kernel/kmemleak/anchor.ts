import type { ImageInHeap } from './image_nodes.ts'
import type { Scope } from './places.ts'

/** What sort of thing holds an image. The last four are no business of the program's author. */
export type HolderKind =
  | 'timer'
  | 'listener'
  | 'promise'
  | 'global'
  | 'prototype'
  | 'variable'
  | 'package'
  | 'module'
  | 'suspended'
  | 'node'
  | 'native'
  | 'unknown'
  | 'outlive'
  | 'engine'
  | 'stack'
  | 'microtask'

export const INTERNAL_KINDS: ReadonlySet<HolderKind> = new Set<HolderKind>(['outlive', 'engine', 'stack', 'microtask'])

/** Something that lives for a reason of its own and has a name: where an explanation begins. */
export interface Anchor {
  readonly kind: HolderKind
  /** `variable`, `global`: what stands before the name. */
  readonly noun: string
  readonly name: string
  /** What stands after the name, and after what it leads to: the file of a variable. */
  readonly where: string | undefined
  readonly place: string | undefined
  /** Of a variable: where its place is to be found, once it is told. */
  readonly declaredIn?: Scope
  /** The other image that it belongs to. */
  readonly of?: ImageInHeap
  /** What the record of a file has it for. The file may have the same by a variable, whose name says more. */
  readonly record?: 'imports' | 'exports' | undefined
}

const RANK: Readonly<Record<HolderKind, number>> = {
  timer: 0,
  listener: 1,
  global: 2,
  prototype: 3,
  package: 4,
  variable: 5,
  module: 6,
  promise: 7,
  suspended: 8,
  native: 9,
  node: 10,
  unknown: 11,
  outlive: 12,
  microtask: 13,
  stack: 14,
  engine: 15,
}

export const rankOf = (anchor: { readonly kind: HolderKind }): number => RANK[anchor.kind]

/** What a removed image has is kept by something else in turn, often by the very thing that keeps this one: it is the last to be named. */
export const isGone = ({ of }: Anchor): boolean => of?.isGone === true

/** What an edge means to whoever follows it back from an image: the end, a name on the way, the way itself, or nothing of interest. */
export type Meaning =
  | { readonly is: 'anchor'; readonly anchor: Anchor }
  | { readonly is: 'variable of a call'; readonly anchor: Anchor }
  | { readonly is: 'way' }
  | { readonly is: 'nothing' }

export const WAY: Meaning = { is: 'way' }
export const NOTHING: Meaning = { is: 'nothing' }

export const anchored = (
  kind: HolderKind,
  noun: string,
  name: string,
  where?: string | undefined,
  place?: string | undefined,
): Meaning => ({ is: 'anchor', anchor: { kind, noun, name, where, place } })

/** A symbol as V8 labels it, `<symbol x>`, is written as JavaScript would. */
export const propertyName = (label: string): string => label.replace(/^<symbol ?(.*)>$/s, '[Symbol($1)]')

/** What a CommonJS file exports, by the name that the file has for it. */
export const moduleExports = (file: string): Meaning =>
  anchored(file.includes('/node_modules/') ? 'package' : 'variable', '', 'module.exports', file, file)
