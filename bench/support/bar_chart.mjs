/**
 * Horizontal bars as SVG, readable on white and on black, of the same hand as the line chart. The scale is logarithmic, for what differs by orders of magnitude; a bar
 * begins at `from`, and a line shows where `reference` is. `bars`: `{ name, value, strong }`.
 */
export function barChart({ title, bars, unit, reference }) {
  const width = 720
  const rowHeight = 26
  const plot = { left: 190, right: width - 90, top: 60 }
  const height = plot.top + bars.length * rowHeight + 16
  const values = [...bars.map(({ value }) => value), reference ?? 1].filter(value => value > 0)
  const low = Math.floor(Math.log10(Math.min(...values) * 0.8))
  const high = Math.ceil(Math.log10(Math.max(...values)))
  const x = value =>
    plot.left + ((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (plot.right - plot.left)
  const round = number => Number(number.toFixed(1))
  const number = value => String(Number(value.toPrecision(value < 100 ? 2 : 3)))
  const bottom = plot.top + bars.length * rowHeight
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)).map(
    tick => `  <line class="grid" x1="${round(x(tick))}" x2="${round(x(tick))}" y1="${plot.top - 6}" y2="${bottom}"/>
  <text class="axis" x="${round(x(tick))}" y="${plot.top - 12}" text-anchor="middle">${number(tick)}</text>`,
  )
  const rows = bars.map(({ name, value, strong }, index) => {
    const y = plot.top + index * rowHeight
    const length = Math.max(1.5, x(value) - plot.left)
    return `  <text class="name" x="${plot.left - 10}" y="${y + 17}" text-anchor="end">${escaped(name)}</text>
  <rect class="${strong ? 'own' : 'bar'}" x="${plot.left}" y="${y + 4}" width="${round(length)}" height="${rowHeight - 8}" rx="2"/>
  <text class="axis" x="${round(plot.left + length + 7)}" y="${y + 17}">${number(value)}</text>`
  })
  const mark =
    reference === undefined
      ? ''
      : `  <line class="mark" x1="${round(x(reference))}" x2="${round(x(reference))}" y1="${plot.top - 6}" y2="${bottom}"/>\n`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
  <style>
    .back{fill:#fff} text{font:13px system-ui,sans-serif} .title{font-weight:600;font-size:15px;fill:#1f2328} .axis{fill:#59636e} .name{fill:#1f2328}
    .grid{stroke:#d1d9e0} .mark{stroke:#59636e;stroke-dasharray:4 4} .bar{fill:#8c959f} .own{fill:#1a7f37}
    @media (prefers-color-scheme:dark){.back{fill:#0d1117} .title,.name{fill:#f0f6fc} .axis{fill:#9198a1} .grid{stroke:#3d444d} .mark{stroke:#9198a1} .bar{fill:#656c76} .own{fill:#3fb950}}
  </style>
  <rect class="back" width="${width}" height="${height}" rx="6"/>
  <text class="title" x="16" y="24">${escaped(title)}</text>
  <text class="axis" x="${plot.right + 84}" y="24" text-anchor="end">${escaped(unit)}</text>
${ticks.join('\n')}
${mark}${rows.join('\n')}
</svg>
`
}

const escaped = text =>
  text.replace(/[&<>"]/g, character => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character])
