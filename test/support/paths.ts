import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the project. Tests run from build/test; this is compiled to build/test/support. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A path below test/fixtures. Fixtures are not compiled and not copied: they stay where they are in the source tree. */
export const fixture = (...path: string[]): string => join(root, 'test', 'fixtures', ...path)
