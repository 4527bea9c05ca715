import { lazyRequire } from '../images/lazy.ts'
import type { ConfigValue, Hook } from '../modprobe/config.ts'
import { ModuleError } from './errno.ts'
import type { Params } from './moduleparam.ts'
import type { Seam } from './seam.ts'
import { messageOf, readable } from './thrown.ts'

const childProcess = lazyRequire<typeof import('node:child_process')>('node:child_process')

/**
 * Runs what the configuration has put in place of inserting or removing a module.
 *
 * @throws ModuleError EPERM for `false`, EINVAL for a command that fails, EINIT for a function that throws
 */
export async function runHook(
  seam: Seam,
  hook: Hook,
  what: 'install' | 'remove',
  module: string,
  params: Params,
  proceed: () => Promise<void>,
): Promise<void> {
  if (hook === false)
    throw new ModuleError('EPERM', {
      module,
      verb: what === 'install' ? 'insert' : 'remove',
      reason: 'the configuration refuses it',
    })
  if (typeof hook === 'string') {
    await runCommand(seam, hook, what, module, params)
    return
  }
  const call = { module, params: params as Readonly<Record<string, ConfigValue>>, proceed }
  // In a promise of its own, so that one that throws at once and one that rejects are the same.
  const ended = Promise.resolve().then(() => hook(call))
  try {
    await seam.step(`${module}: its ${what} hook has ended`, ended)
  } catch (thrown) {
    const error = readable(thrown)
    if (error instanceof ModuleError) throw error
    const reason = `its ${what} hook threw: ${messageOf(error)}`
    throw new ModuleError('EINIT', { module, reason }, { cause: error })
  }
}

/** Parameters go by the environment: in the text of a command they could be commands themselves. */
async function runCommand(seam: Seam, command: string, what: string, module: string, params: Params): Promise<void> {
  const words = Object.entries(params).map(([name, value]) => `${name}=${String(value)}`)
  const env = { ...process.env, CMDLINE_OPTS: words.join(' '), MODPROBE_MODULE: module }
  const ended = new Promise<number | null>((resolve, reject) => {
    const child = childProcess().spawn(command, { shell: true, stdio: 'inherit', env })
    child.once('error', reject)
    child.once('exit', resolve)
  })
  const code = await seam.step(`${module}: its ${what} command has ended`, ended)
  if (code !== 0)
    throw new ModuleError('EINVAL', {
      reason: `error running ${what} command '${command}' for module ${module}: retcode ${code ?? 'none'}`,
    })
}
