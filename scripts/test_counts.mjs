/** A reporter for Node's test runner: what the runner itself counted, as JSON. Its sums are diagnostics, `pass 12` and so on, on every line of Node. */
export default async function* countTests(events) {
  const counts = {}
  for await (const { type, data } of events) {
    const found = type === 'test:diagnostic' && data.nesting === 0 && /^([a-z]+) (\d+)$/.exec(data.message)
    if (found) counts[found[1]] = Number(found[2])
  }
  const { pass = 0, fail = 0, cancelled = 0, skipped = 0, todo = 0 } = counts
  yield JSON.stringify({ passed: pass, failed: fail + cancelled, skipped: skipped + todo })
}
