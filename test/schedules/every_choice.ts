import type { Chooser } from './schedule.ts'

/** Makes choices that are given, then always the first; and tells how many there were each time. */
class Choices implements Chooser {
  readonly taken: { readonly choice: number; readonly of: number }[] = []
  readonly #given: readonly number[]
  readonly #waiting: (() => void)[] = []

  constructor(given: readonly number[]) {
    this.#given = given
  }

  schedule<T>(work: Promise<T>): Promise<T> {
    return new Promise<void>(resolve => this.#waiting.push(resolve)).then(() => work)
  }

  waitOne(): Promise<void> {
    const choice = this.#given[this.taken.length] ?? 0
    this.taken.push({ choice, of: this.#waiting.length })
    const [go] = this.#waiting.splice(choice, 1)
    go!()
    return Promise.resolve()
  }

  count(): number {
    return this.#waiting.length
  }
}

/** Runs `once` under every schedule that there is, depth first; returns how many. */
export async function everySchedule(once: (chooser: Chooser) => Promise<unknown>, limit: number): Promise<number> {
  let given: number[] | undefined = []
  let schedules = 0
  while (given) {
    if (++schedules > limit) throw new Error(`more than ${limit} schedules`)
    const choices = new Choices(given)
    await once(choices)
    given = next(choices.taken)
  }
  return schedules
}

/** The last choice that had another one after it. */
function next(taken: Choices['taken']): number[] | undefined {
  const last = taken.findLastIndex(({ choice, of }) => choice + 1 < of)
  if (last === -1) return undefined
  return [...taken.slice(0, last).map(({ choice }) => choice), taken[last]!.choice + 1]
}
