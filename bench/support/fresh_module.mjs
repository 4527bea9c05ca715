const FUNCTIONS = 200

/** The text of a module of 200 small functions that differs from every other version of it. Its `init` registers the first at the point `bench`. */
export function freshModule(version) {
  const functions = Array.from(
    { length: FUNCTIONS },
    (_, i) => `export function f${i}(a, b) {
  const sum = a + b + ${i}
  return sum < 0 ? \`negative \${sum}\` : { sum, version: ${version} }
}
`,
  )
  return `${functions.join('')}export function init(k) {
  k.register('bench', f0)
}
`
}
