import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

/**
 * A module's text compiled and nothing else: what no loader can do without. Imports are not looked at, of its exports only `init` is.
 *
 * @returns the module's `init`, after its body has run
 */
export function runBare(text, filename) {
  setFlagsFromString('--no-compilation-cache')
  const script = new Script(`(function*(){${text.replaceAll(/^export /gm, '       ')}\nyield init})`, { filename })
  setFlagsFromString('--compilation-cache')
  return script.runInThisContext()().next().value
}
