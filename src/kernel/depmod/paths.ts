import { basename } from 'node:path'
import { foldName } from '../module.ts'

/** The modules of the folders by their entry files, as far as a path alone tells. */
export interface KnownModules {
  nameOf(file: string): string | undefined
}

/** What a specifier and a module's file have in common when the one may lead to the other. */
export const stemOf = (path: string): string => foldName(basename(path).replace(/(?<=.)\.[^.]*$/, ''))
