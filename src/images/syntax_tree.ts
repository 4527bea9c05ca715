import type { AnyNode, Node } from 'acorn'

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

export function* children(node: Node): Generator<AnyNode> {
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield item
    } else if (isNode(value)) yield value
  }
}

/** Shows each node of a tree, outer nodes first, with the one that it stands in. */
export function walk(node: Node, show: (node: Node, parent: Node | undefined) => void, parent?: Node): void {
  show(node, parent)
  for (const child of children(node)) walk(child, show, node)
}
