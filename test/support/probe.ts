import { type Latch, latch } from './latch.ts'

/**
 * What modules under test speak to, as the global `probe`: they tell what they do, and stop at doors until the test opens them.
 */
export class Probe {
  readonly said: string[] = []
  readonly #doors = new Map<string, { readonly reached: Latch; readonly passed: Latch }>()

  say(text: string): void {
    this.said.push(text)
  }

  /** For modules: waits here until the test calls `open`. */
  door(name: string): Promise<void> {
    const door = this.#door(name)
    door.reached.open()
    return door.passed.opened
  }

  /** For tests: resolves once somebody waits at the door, or has waited. */
  reached(name: string): Promise<void> {
    return this.#door(name).reached.opened
  }

  /** For tests: lets through whoever waits at the door, and whoever comes later. */
  open(name: string): void {
    this.#door(name).passed.open()
  }

  /** What was said since the last time. */
  take(): string[] {
    return this.said.splice(0)
  }

  #door(name: string) {
    let door = this.#doors.get(name)
    if (!door) {
      door = { reached: latch(), passed: latch() }
      this.#doors.set(name, door)
    }
    return door
  }
}
