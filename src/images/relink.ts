import { ImageFault } from './fault.ts'
import type { Image } from './image.ts'
import type { ModuleRecord } from './module_record.ts'

/** What is imported from one record, and from which other from now on. */
interface Move {
  readonly from: ModuleRecord
  readonly to: ModuleRecord
}

/**
 * Points every import of a `from` in these images at its `to`, also where it came by way of a re-export of another module. All is resolved before anything is
 * bound: when an export is missing, `refuse` is told and nothing has changed.
 *
 * @returns what binds the new values, and cannot fail
 */
export function relink(
  images: readonly Image[],
  moves: readonly Move[],
  refuse: (error: ImageFault, image: Image) => never,
): () => void {
  const undo: (() => void)[] = []
  const commit: (() => void)[] = []
  for (const { from, to } of moves)
    for (const image of images) for (const module of image.sourceModules()) undo.unshift(module.retarget(from, to))
  for (const image of images)
    for (const module of image.sourceModules()) {
      try {
        commit.push(module.resolveAgain())
      } catch (error) {
        for (const step of undo) step()
        if (error instanceof ImageFault) refuse(error, image)
        throw error
      }
    }
  return () => {
    for (const step of commit) step()
  }
}
