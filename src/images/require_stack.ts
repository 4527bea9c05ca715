import type { CommonJsModule } from './commonjs.ts'

const REQUIRE_STACK = /\nRequire stack:(?:\n- .*)*/

/** Node has been told of the file that asked for what is not there. Who required that file, and so on, is told here, as Node tells it of its own files. */
export function withRequireStack(error: Error & { requireStack?: string[] }, from: CommonJsModule): Error {
  if (!error.requireStack || !from.parent) return error
  const files = new Set<string>()
  for (let module: CommonJsModule | undefined = from; module && !files.has(module.filename); module = module.parent)
    files.add(module.filename)
  error.requireStack = [...files]
  const told = `\nRequire stack:\n- ${error.requireStack.join('\n- ')}`
  const { stack } = error
  error.message = error.message.replace(REQUIRE_STACK, () => told)
  if (stack !== undefined) error.stack = stack.replace(REQUIRE_STACK, () => told)
  return error
}
