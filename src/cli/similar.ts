/** As many letters may be wrong, missing, added or swapped. Of a short name less: most short names are near each other. */
const MOST_MISTAKES = 2

/** How many letters have to be put in, taken out, replaced or swapped with the next to make `b` of `a`. */
function mistakes(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1))
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, before[j - 2]! + 1)
    }
    before = last
    last = row
  }
  return last[b.length]!
}

/** What somebody may have meant who wrote `word`: the nearest of these names, if any is near enough. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  let found: string | undefined
  let least = Math.min(MOST_MISTAKES, Math.floor(word.length / 3)) + 1
  for (const name of names) {
    if (name === word || Math.abs(name.length - word.length) >= least) continue
    const count = mistakes(word, name)
    if (count >= least) continue
    found = name
    least = count
  }
  return found
}
