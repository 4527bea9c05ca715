import type { CallSite } from './call_site.ts'
import { type HandleSort, trackHandle } from './handle.ts'
import { type Leftovers, NOT_OPEN } from './leftovers.ts'
import { viewClass } from './view_object.ts'

/** What a DatabaseSync of `node:sqlite` is on every Node that has it. */
interface Database {
  readonly isOpen?: boolean
  close(): void
}

const databaseSort = (path: unknown): HandleSort<Database> => ({
  kind: 'database',
  what: () => `database ${String(path)}`,
  isOpen: database => database.isOpen !== false,
  close: database => {
    try {
      database.close()
    } catch (error) {
      if (database.isOpen === undefined && (error as NodeJS.ErrnoException).code === 'ERR_INVALID_STATE')
        return NOT_OPEN
      throw error
    }
    return undefined
  },
})

/** `DatabaseSync` of `node:sqlite`. */
export const viewDatabases = (real: Readonly<Record<string, Function>>, leftovers: Leftovers): object => ({
  DatabaseSync: viewClass(real.DatabaseSync!, (database: Database, site: CallSite, [path]) =>
    trackHandle(leftovers, database, databaseSort(path), site),
  ),
})
