const WIDEST = 60

/** What happened in one run, in two columns: what the host did and was told, and what went on inside. */
export class Timeline {
  readonly #lines: (readonly [column: 0 | 1, text: string])[] = []

  host(text: string): void {
    this.#lines.push([0, text])
  }

  kernel(text: string): void {
    this.#lines.push([1, text])
  }

  toString(): string {
    const texts = this.#lines.map(([column, text]) => [column, text.split('\n')[0]!.slice(0, WIDEST)] as const)
    const width = Math.max(8, ...texts.map(([column, text]) => (column === 0 ? text.length : 0)))
    const rows = texts.map(([column, text], index) => {
      const number = String(index + 1).padStart(4)
      return column === 0 ? `${number}  ${text}` : `${number}  ${' '.repeat(width)}  ${text}`
    })
    return [`      ${'the host'.padEnd(width)}  inside`, ...rows].join('\n')
  }
}
