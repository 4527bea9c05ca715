import { isInside } from '../images/resolve.ts'
import type { Core } from './core.ts'
import type { Module } from './module.ts'
import { isSourceFile, locateAgain, realPath } from './module_location.ts'

/**
 * Names of the modules that a change of `file` concerns: those LIVE that were made of it, and the one in whose folder it is, if it is code. Data that a module keeps
 * in its folder is no part of it: it may write that itself.
 */
export function modulesOf(core: Core, file: string): string[] {
  const real = realPath(file) ?? file
  const isSource = isSourceFile(file)
  const names = new Set<string>()
  for (const module of core.modules.values())
    if (isMadeOf(module, file, real) || (isSource && isInFolderOf(module, file, real))) names.add(module.name)
  const belonging = isSource ? core.folders.belongingTo(file) : undefined
  if (belonging !== undefined) names.add(belonging)
  return [...names]
}

const isMadeOf = ({ state, placed }: Module, file: string, real: string): boolean =>
  state.is === 'LIVE' && (state.loaded.image.files.includes(real) || file === placed)

const isInFolderOf = ({ state, root, placed }: Module, file: string, real: string): boolean =>
  // The link to the folder may be gone: then only where it was placed tells.
  state.is === 'LIVE' && (isIn(real, root) || isIn(file, placed))

const isIn = (file: string, folder: string | undefined): boolean => folder !== undefined && isInside(file, folder)

export function isInPlace(core: Core, name: string): boolean {
  const module = core.modules.get(name)
  return module !== undefined && locateAgain(module) !== undefined
}

export function filesOf(core: Core, name: string): readonly string[] {
  const state = core.modules.get(name)?.state
  return state?.is === 'LIVE' ? state.loaded.image.files : []
}
