import { availableParallelism } from 'node:os'
import { it, type TestContext } from 'node:test'

/** How many cases of one file run at once: as many as there are processors, but where the tests are shared out, the other lines have those. */
export const AT_ONCE = process.env.OUTLIVE_SHARE === undefined ? availableParallelism() : 1

const share = process.env.OUTLIVE_SHARE ?? '1/1'
const [part = 0, parts = 0] = share.split('/').map(Number)
if (!(Number.isInteger(parts) && part >= 1 && part <= parts))
  throw new RangeError(`OUTLIVE_SHARE is PART/PARTS, such as 2/4, and not ${share}`)

/**
 * A test that costs seconds a case may be shared out: with `OUTLIVE_SHARE=2/4` it takes the second of every four cases, so that four runs on four lines of Node do
 * all of them between them. Without it, as in `npm test`, it takes them all.
 *
 * @param of how many only one is taken where tests are shared out, as another test has all of them
 */
export function shareOf<T>(cases: readonly T[], of = 1): readonly T[] {
  return parts === 1 ? cases : cases.filter((_, index) => index % (parts * of) === part - 1)
}

/** Stands in for `it` in a file of tests that cost a process or a heap snapshot each: where tests are shared out, it takes the next of every so many. */
export function itInTurns(): (name: string, test: (t: TestContext) => Promise<void>) => void {
  let index = 0
  return (name, test) => {
    if (index++ % parts === part - 1) void it(name, test)
  }
}

/** The same for so many random cases: fewer of them, and by a seed of its own, so that no two runs have the same. */
export const shareOfRuns = (runs: number, seed: number): { readonly numRuns: number; readonly seed: number } => ({
  numRuns: Math.ceil(runs / parts),
  seed: seed + part - 1,
})
