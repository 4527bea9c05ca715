import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'

/** The comment at the head of a bench, which says what it measures and how it is called. */
export function usageOf(file) {
  const [, comment] = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(readFileSync(file, 'utf8'))
  return comment.replace(/^ \* ?/gm, '')
}

/** As `parseArgs`, for the bench that runs: `--help` prints its usage, and wrong usage is told in one line. */
export function parseOptions(config) {
  const file = process.argv[1]
  try {
    const options = { ...config.options, help: { type: 'boolean' } }
    const { values, positionals } = parseArgs({ ...config, options })
    if (!values.help) return { values, positionals }
    console.log(usageOf(file))
    process.exit(0)
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS_')) throw error
    console.error(`bench ${basename(file, '.mjs')}: ${error.message.split('\n')[0]}`)
    process.exit(2)
  }
}
