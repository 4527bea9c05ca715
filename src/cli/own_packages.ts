import { isPackageName } from '../kernel/kernel_options.ts'
import type { CommandOption } from './command.ts'
import { UsageError, valuesOf } from './usage.ts'

/** Of the commands that make a kernel of their own in which modules run. */
export const OWN_PACKAGE: CommandOption = {
  flags: '--own-package <name>',
  description: 'a package of which each module has an instance of its own; may be given again',
  repeatable: true,
}

/** @throws UsageError */
export function ownPackagesOf({ ownPackage }: Readonly<Record<string, unknown>>): readonly string[] {
  const names = valuesOf(ownPackage)
  const wrong = names.find(name => !isPackageName(name))
  if (wrong !== undefined)
    throw new UsageError(`--own-package takes the name of a package, such as ws or @scope/name, got '${wrong}'`)
  return names
}
