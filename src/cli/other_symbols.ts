interface UnknownSymbol {
  readonly symbol: string
  readonly from: string
  readonly place: string
}

/** Of an ESYMBOL a line for each further import that leads nowhere. */
export const otherSymbols = ({ others = [] }: Readonly<Record<string, unknown>>): string[] =>
  (others as readonly UnknownSymbol[]).map(
    ({ symbol, from, place }) => `  also unknown: '${symbol}' (imported from ${from}) at ${place}`,
  )
