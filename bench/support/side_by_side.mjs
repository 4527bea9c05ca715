import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SIDE = fileURLToPath(new URL('alone_cycles.mjs', import.meta.url))

/**
 * Reloads by Outlive and by Node's own loader, each in a process and a heap of its own, in turns, a block of cycles each time. Nothing is left out of the time: what the
 * collector does while cycles run belongs to them, and of a loader that keeps every version it has more to look through each time.
 *
 * @returns {Promise<Record<'outlive' | 'native', { ms: number, cpu: number, resident: number }>>} milliseconds of all cycles after the warm-up, by the clock and of processor, and bytes that are resident at the end
 */
export async function sideBySide(node, kind, { cycles, block, warmUp }) {
  const sides = Object.fromEntries(['outlive', 'native'].map(who => [who, begin(node, kind, who)]))
  try {
    for (const side of Object.values(sides)) await side.run(warmUp)
    for (let done = 0; done < cycles; done += block)
      for (const side of Object.values(sides)) {
        const { ms, cpu, resident } = await side.run(block)
        side.ms += ms
        side.cpu += cpu
        side.resident = resident
      }
    return sides
  } finally {
    for (const { end } of Object.values(sides)) end()
  }
}

function begin(node, kind, who) {
  const child = fork(SIDE, [kind, who], { execPath: node })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of ${who}, ${kind}, ended with code ${code}`)
  })
  // Also when it ends in its time.
  ended.catch(() => {})
  return {
    ms: 0,
    cpu: 0,
    resident: 0,
    async run(count) {
      child.send(count)
      return (await Promise.race([once(child, 'message'), ended]))[0]
    },
    end: () => child.connected && child.disconnect(),
  }
}
