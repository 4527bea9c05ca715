/** Loads a file by Node's own loader and prints what comes of it. Run by native_process.ts. */
import { type Namespace, outcomeOf } from './image_harness.ts'

Error.stackTraceLimit = 40
let error: unknown
const outcome = await outcomeOf(async () => {
  try {
    return (await import(process.argv[2]!)) as Namespace
  } catch (thrown) {
    error = thrown
    throw thrown
  }
})
process.stdout.write(JSON.stringify({ outcome, stack: error instanceof Error ? error.stack : undefined }))
