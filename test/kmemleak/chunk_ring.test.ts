import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createRing, RingReader, RingWriter } from '#dist/kernel/kmemleak/chunk_ring.js'

const READER = `
import { createHash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
const { RingReader } = await import(workerData.url)
const hash = createHash('sha256')
const reader = new RingReader(workerData.ring)
let pieces = 0
for (const bytes of reader.read()) {
  hash.update(bytes)
  if (++pieces === workerData.patience) {
    reader.abandon()
    break
  }
}
parentPort.postMessage(hash.digest('hex'))
`

const startReader = (ring: ReturnType<typeof createRing>, patience = 0): Worker =>
  new Worker(new URL(`data:text/javascript,${encodeURIComponent(READER)}`), {
    workerData: { ring, patience, url: import.meta.resolve('#dist/kernel/kmemleak/chunk_ring.js') },
  })

describe('the ring between two threads', () => {
  it('brings every byte across, in order, also when there is far more than there is room for', async () => {
    const ring = createRing()
    const reader = startReader(ring)
    const writer = new RingWriter(ring)
    const hash = createHash('sha256')
    const bytes = Buffer.alloc(300_000)
    for (let round = 0; round < 200; round++) {
      const piece = bytes.fill(round).subarray(0, (round * 7919) % 300_000)
      hash.update(piece)
      assert.ok(writer.write(piece))
    }
    writer.end()
    assert.deepEqual(await once(reader, 'message'), [hash.digest('hex')])
  })

  it('stops the writer when the reader gives up', async () => {
    const ring = createRing()
    const reader = startReader(ring, 3)
    const writer = new RingWriter(ring)
    const piece = Buffer.alloc(100_000)
    let written = 0
    while (writer.write(piece) && written < 10_000) written++
    assert.ok(written < 200, String(written))
    await once(reader, 'exit')
  })

  it('is empty when nothing was written', () => {
    const ring = createRing()
    new RingWriter(ring).end()
    assert.deepEqual([...new RingReader(ring).read()], [])
  })
})
