import { captureCallSite } from './call_site.ts'
import type { Leftovers } from './leftovers.ts'

const noted = new WeakMap<Leftovers, Set<string>>()

/** Native code cannot be unloaded: the process keeps it, and the host and all images have the one copy. So it is named, once, and not closed. */
export function noteAddon(leftovers: Leftovers, file: string): void {
  const files = noted.get(leftovers) ?? new Set()
  noted.set(leftovers, files)
  if (files.has(file)) return
  files.add(file)
  const site = captureCallSite(noteAddon)
  leftovers.add({
    kind: 'addon',
    site: { place: isOwn => placeOr(file, site.place(isOwn), isOwn) },
    what: () => `native addon ${file}`,
    close: () => {
      throw new Error('native code stays')
    },
  })
}

/** An addon that is imported, or required by the host's own code, is asked for in no line of the image that runs. */
const placeOr = (file: string, place: string, isOwn: (file: string) => boolean): string =>
  isOwn(place.replace(/:\d+:\d+$/, '')) ? place : file
