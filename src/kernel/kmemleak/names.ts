import type { HeapSnapshot } from './snapshot.ts'

/** Labels of edges that mean something to us, as V8 and Node name them. */
const LABELS = [
  '__proto__',
  '_events',
  '_idleNext',
  '_idlePrev',
  '_repeat',
  'constructor',
  'context',
  'exports',
  'extension',
  'filename',
  'first',
  'function',
  'name',
  'name_or_scope_info',
  'previous',
  'prototype',
  'scope_info',
  'script',
  'script_or_debug_info',
  'second',
  'shared',
  'url',
  'global_proxy_object',
  '#core',
  'Kernel',
  'system / NativeContext',
] as const

export type Label = (typeof LABELS)[number]

/** Where each label stands in a snapshot's table of strings; -1 when this heap has none of it. */
export type Labels = Readonly<Record<Label, number>>

export function findLabels(snapshot: HeapSnapshot): Labels {
  const found = snapshot.find(LABELS)
  return Object.fromEntries(LABELS.map((label, index) => [label, found[index]!])) as Record<Label, number>
}
