/**
 * A line chart as SVG, readable on white and on black. `lines`: `{ name, values, color: { light, dark }, dash }`, the values at equal steps from 0 to `to`.
 */
export function lineChart({ title, lines, to, xLabel, yLabel, yUnit }) {
  const width = 720
  const height = 360
  const plot = { left: 64, right: width - 190, top: 48, bottom: height - 48 }
  const top = niceTop(Math.max(...lines.flatMap(line => line.values)))
  const x = share => plot.left + share * (plot.right - plot.left)
  const y = value => plot.bottom - (value / top) * (plot.bottom - plot.top)
  const round = number => Number(number.toFixed(1))
  const ticks = [0, 0.25, 0.5, 0.75, 1]
  const rows = ticks.map(
    tick => `  <line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${round(y(tick * top))}" y2="${round(y(tick * top))}"/>
  <text class="axis" x="${plot.left - 8}" y="${round(y(tick * top) + 4)}" text-anchor="end">${round(tick * top)}</text>`,
  )
  const columns = ticks.map(
    tick =>
      `  <text class="axis" x="${round(x(tick))}" y="${plot.bottom + 20}" text-anchor="middle">${(tick * to).toLocaleString('en')}</text>`,
  )
  const paths = lines.map(({ values }, index) => {
    const points = values.map((value, at) => `${round(x(at / (values.length - 1)))},${round(y(value))}`)
    return `  <polyline class="line l${index}" points="${points.join(' ')}"/>`
  })
  const labels = placeLabels(lines.map(({ values }) => y(values.at(-1)))).map(
    (at, index) =>
      `  <text class="label t${index}" x="${plot.right + 10}" y="${round(at + 4)}">${lines[index].name}</text>`,
  )
  const colors = mode =>
    lines.map(({ color }, index) => `.l${index}{stroke:${color[mode]}} .t${index}{fill:${color[mode]}}`).join(' ')
  const dashes = lines.map(({ dash }, index) => (dash ? `.l${index}{stroke-dasharray:${dash}}` : '')).join('')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
  <style>
    .back{fill:#fff} text{font:13px system-ui,sans-serif} .title{font-weight:600;font-size:15px;fill:#1f2328} .axis{fill:#59636e} .label{font-weight:600}
    .grid{stroke:#d1d9e0} .line{fill:none;stroke-width:2.5;stroke-linejoin:round} ${dashes}
    ${colors('light')}
    @media (prefers-color-scheme:dark){.back{fill:#0d1117} .title{fill:#f0f6fc} .axis{fill:#9198a1} .grid{stroke:#3d444d} ${colors('dark')}}
  </style>
  <rect class="back" width="${width}" height="${height}" rx="6"/>
  <text class="title" x="${plot.left}" y="24">${title}</text>
  <text class="axis" x="${plot.left - 8}" y="${plot.top - 12}" text-anchor="end">${yUnit}</text>
${rows.join('\n')}
${columns.join('\n')}
  <text class="axis" x="${round(x(0.5))}" y="${height - 10}" text-anchor="middle">${xLabel}</text>
${paths.join('\n')}
${labels.join('\n')}
  <desc>${yLabel}</desc>
</svg>
`
}

/** The next number above it that divides into four round steps. */
function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].map(step => step * power).find(step => step >= value)
}

/** Labels at the ends of lines that end close together are moved apart. */
function placeLabels(wanted) {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b])
  const placed = [...wanted]
  for (let n = order.length - 2; n >= 0; n--) placed[order[n]] = Math.min(placed[order[n]], placed[order[n + 1]] - 18)
  return placed
}
