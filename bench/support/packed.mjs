import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Installs what `npm pack` makes of this project into an empty project below `folder`, as a user would, and other packages beside it.
 *
 * @returns the project's folder
 */
export function installPacked(folder, ...others) {
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  const npm = (cwd, ...args) => execFileSync('npm', args, { cwd, encoding: 'utf8' })
  const [{ filename }] = JSON.parse(npm(ROOT, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder))
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--silent', '--prefer-offline']
  npm(project, 'install', ...quiet, join(folder, filename), ...others)
  return project
}
