/** What was promised of each package. */
export const GOALS = { cold: { atMost: 1.3 }, reload: { below: 1 }, heap: { atMost: 1.02 } }

const ratio = ({ outlive, native }) => outlive / native

/** Which promises a package that ran does not keep. */
export function missed({ right, collected, images, growth, cold, reload }) {
  return new Set([
    ...(right ? [] : ['answer']),
    ...(collected === images ? [] : ['collected']),
    ...(1 + growth <= GOALS.heap.atMost ? [] : ['heap']),
    ...(ratio(cold) <= GOALS.cold.atMost ? [] : ['cold']),
    ...(ratio(reload) < GOALS.reload.below ? [] : ['reload']),
  ])
}
