import { type Search, search } from './search.ts'

/** A search in a process of its own: its order on the command line, what it found on standard output. */
const found = await search(JSON.parse(process.argv[2]!) as Search)
console.log(JSON.stringify(found))
