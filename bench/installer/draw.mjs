/** Draws heap over modules tried, a line a scheme, as SVG that reads on light and dark pages. */

const WIDTH = 860
const HEIGHT = 380
const MARGIN = { left: 56, right: 20, top: 46, bottom: 48 }
const COLOURS = ['#3b82c4', '#d1495b', '#c98a12', '#2f9e6e']
const MEGABYTE = 1024 * 1024
/** As many points as one can tell apart. */
const POINTS = 260

/** A heap goes up and down between collections: what counts is what it comes down to, so of each piece the lowest. */
function envelope(samples, total) {
  const size = Math.max(1, Math.ceil(total / POINTS))
  const points = []
  for (let from = 0; from < samples.length; from += size) {
    const piece = samples.slice(from, from + size)
    points.push({ tried: piece.at(-1).tried, heap: Math.min(...piece.map(({ heap }) => heap)) })
  }
  return points
}

export function drawLines(lines, { total, heap }) {
  const top = Math.ceil((heap / MEGABYTE) * 1.1)
  const x = tried => MARGIN.left + (tried / total) * (WIDTH - MARGIN.left - MARGIN.right)
  const y = bytes => HEIGHT - MARGIN.bottom - (bytes / MEGABYTE / top) * (HEIGHT - MARGIN.top - MARGIN.bottom)
  const text = (tx, ty, content, extra = '') =>
    `<text x="${tx.toFixed(1)}" y="${ty.toFixed(1)}" ${extra}>${content}</text>`
  const parts = []
  for (let megabytes = 0; megabytes <= top; megabytes += 16) {
    const at = y(megabytes * MEGABYTE)
    parts.push(
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" class="grid"/>`,
    )
    parts.push(text(MARGIN.left - 8, at + 4, String(megabytes), 'text-anchor="end"'))
  }
  const step = total > 2000 ? 1000 : Math.max(1, Math.round(total / 4))
  for (let tried = 0; tried <= total; tried += step)
    parts.push(text(x(tried), HEIGHT - MARGIN.bottom + 18, String(tried), 'text-anchor="middle"'))
  parts.push(text(WIDTH / 2, HEIGHT - 10, 'modules tried', 'text-anchor="middle"'))
  parts.push(text(8, 20, `heap in use, MB; old space is limited to ${heap / MEGABYTE} MB`))
  for (const [index, { label, samples, alive, out }] of lines.entries()) {
    const colour = COLOURS[index % COLOURS.length]
    const points = envelope(samples, total)
    const path = points.map(
      ({ tried, heap: used }, i) => `${i === 0 ? 'M' : 'L'}${x(tried).toFixed(1)} ${y(used).toFixed(1)}`,
    )
    parts.push(`<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="1.8"/>`)
    const last = points.at(-1)
    if (last !== undefined && (!alive || out))
      parts.push(text(x(last.tried) + 8, y(last.heap) + 4, alive ? `ENOMEM at ${out.at}` : `died`, `fill="${colour}"`))
    const legend = WIDTH - MARGIN.right - (lines.length - index) * 140
    parts.push(`<line x1="${legend}" x2="${legend + 18}" y1="36" y2="36" stroke="${colour}" stroke-width="3"/>`)
    parts.push(text(legend + 24, 40, label, `fill="${colour}"`))
  }
  // Not as a rule for the fill: a line's label has its colour as an attribute, which a rule would override.
  const style = '.grid{stroke:#888;stroke-opacity:.25}'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui,sans-serif" font-size="12" fill="#777" role="img" aria-label="Heap in use over modules tried, by scheme"><style>${style}</style>\n${parts.join('\n')}\n</svg>\n`
}
