import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createKernel } from 'outlive'
import { Folder } from '../support/folder.ts'

/** Of two modules each, which import from both of the next layer: 2^40 ways lead from the first to the last. */
const LAYERS = 40
const nameOf = (layer: number, index: number): string => `layer${layer}_${index}`

const files = Object.fromEntries(
  Array.from({ length: LAYERS }, (_, layer) =>
    [0, 1].map(index => {
      const below = layer + 1 < LAYERS ? [0, 1].map(other => nameOf(layer + 1, other)) : []
      const text = [
        ...below.map(name => `import { height as ${name} } from './${name}.mjs'`),
        ...below.map(name => `export * from './${name}.mjs'`),
        `export const height = ${below.length === 0 ? 0 : `1 + Math.max(${below.join()})`}`,
        `export const init = k => k.register('height', () => height)`,
      ]
      return [`${nameOf(layer, index)}.mjs`, `${text.join('\n')}\n`] as const
    }),
  ).flat(),
)

it('modules in layers are inserted, replaced and removed, however many ways lead through them', async t => {
  const folder = new Folder(files)
  t.after(() => folder.remove())
  const kernel = createKernel({ modules: folder.path })
  t.after(() => kernel.close())
  await kernel.modprobe(nameOf(0, 0))
  assert.equal(kernel.lsmod().length, 2 * LAYERS - 1)
  await kernel.replace(nameOf(0, 0))
  await kernel.replace(nameOf(LAYERS - 1, 1))
  const heights = [...kernel.point<() => number>('height')].map(height => height())
  assert.equal(Math.max(...heights), LAYERS - 1)
  await kernel.rmmod(nameOf(LAYERS - 1, 0), { recursive: true })
  assert.deepEqual(
    kernel.lsmod().map(({ name }) => name),
    [nameOf(LAYERS - 1, 1)],
  )
})
