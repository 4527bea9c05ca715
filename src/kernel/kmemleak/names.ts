import { FILE } from '../../images/module_source.ts'
import type { HeapSnapshot } from './snapshot.ts'

/** Labels of edges, and names of classes, that mean something to us: ours on the left; those of V8, Node and Outlive's own classes on the right. */
const LABELS = {
  bindsFile: FILE,
  core: '#core',
  context: 'context',
  environment: '#environment',
  events: '_events',
  exportName: 'exportName',
  exports: 'exports',
  extension: 'extension',
  face: 'face',
  filename: 'filename',
  first: 'first',
  function: 'function',
  globalObject: 'global_object',
  globalProxy: 'global_proxy_object',
  inherited: 'inherited',
  is: 'is',
  Kernel: 'Kernel',
  label: 'label',
  localExports: 'localExports',
  maker: 'constructor',
  mark: 'mark',
  module: 'module',
  name: 'name',
  nameOrScopeInfo: 'name_or_scope_info',
  NativeContext: 'system / NativeContext',
  nextTimer: '_idleNext',
  Operations: 'Operations',
  owner: 'owner',
  ownerOfHandle: '<symbol owner_symbol>',
  previous: 'previous',
  previousTimer: '_idlePrev',
  privateModule: '#module',
  privateOwner: '#owner',
  privateState: '#state',
  proto: '__proto__',
  prototype: 'prototype',
  repeat: '_repeat',
  scopeInfo: 'scope_info',
  script: 'script',
  scriptOrDebugInfo: 'script_or_debug_info',
  second: 'second',
  shared: 'shared',
  source: 'source',
  url: 'url',
} as const

/** Where each label stands in a snapshot's table of strings; -1 when this heap has none of it. */
export type Labels = Readonly<Record<keyof typeof LABELS, number>>

export function findLabels(snapshot: HeapSnapshot): Labels {
  const found = snapshot.find(Object.values(LABELS))
  return Object.fromEntries(Object.keys(LABELS).map((label, index) => [label, found[index]!])) as Record<
    keyof typeof LABELS,
    number
  >
}
