interface Waiting {
  readonly key: string
  readonly pass: () => void
  readonly fail: (error: Error) => void
}

/** What an operation of a module can do. */
interface Abilities {
  answer(): string
  offer(): void
  withdraw(): void
}

/** What modules speak to, as the global `hub`. */
export class Hub {
  said: string[] = []
  readonly waiting: Waiting[] = []

  say(text: string): void {
    this.said.push(text)
  }

  /** Resolves, or rejects, once somebody opens the door. */
  door(key: string): Promise<void> {
    return new Promise((pass, fail) => this.waiting.push({ key, pass, fail }))
  }

  open(key: string, how: 'well' | 'badly'): void {
    const [door] = this.waiting.splice(
      this.waiting.findIndex(one => one.key === key),
      1,
    )
    if (how === 'well') door!.pass()
    else door!.fail(new Error('on purpose'))
  }

  serve(how: string, what: string, { answer, offer, withdraw }: Abilities): unknown {
    switch (how) {
      case 'throws':
        throw new Error('on purpose')
      case 'resolves':
        return Promise.resolve().then(answer)
      case 'rejects':
        return Promise.reject(new Error('on purpose'))
      case 'waits':
        return this.door(what).then(answer)
      case 'offers':
        offer()
        return answer()
      case 'withdraws':
        withdraw()
        return answer()
      default:
        return answer()
    }
  }
}
