import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { Kernel, type KernelOptions, ModuleError } from 'outlive'
import type { Seam } from '#dist/kernel/seam.js'
import { Folder } from './folder.ts'
import { Probe } from './probe.ts'

export interface Stage {
  readonly kernel: Kernel
  readonly folder: Folder
  readonly probe: Probe
  /** The path of a file of the folder. */
  file(name: string): string
  /** The kernel log as it prints, without the times. */
  log(): string[]
}

/**
 * A kernel over a temporary folder of modules, both gone after the test. Modules find the probe as the global `probe`.
 */
export function stage(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>> = {},
  options: Omit<KernelOptions, 'control'> & { readonly clock?: Seam } = {},
): Stage {
  const { clock, ...rest } = options
  const folder = new Folder(files)
  const kernel = new Kernel({ modules: folder.path, grace: 2000, ...rest }, clock ? { seam: clock } : {})
  const probe = new Probe()
  const shared = globalThis as { probe?: Probe }
  shared.probe = probe
  t.after(async () => {
    await kernel.close()
    delete shared.probe
    folder.remove()
  })
  return { kernel, folder, probe, file: name => folder.file(name), log: () => logOf(kernel) }
}

export const logOf = (kernel: Kernel): string[] =>
  kernel.log.entries().map(({ module, text }) => (module === undefined ? text : `${module}: ${text}`))

/** The operations at a point, called one after the other with the same arguments. */
export const callAll = async (kernel: Kernel, point: string, ...args: unknown[]): Promise<unknown[]> => {
  const results: unknown[] = []
  for (const entry of kernel.point<(...args: unknown[]) => unknown>(point)) results.push(await entry(...args))
  return results
}

/** Names and states, in the order of lsmod. */
export const loaded = (kernel: Kernel): string[] =>
  kernel.lsmod().map(({ name, generation, state }) => `${name}#${generation} ${state}`)

/** Waits for the refusal, checks what the catalogue says of it, and gives it back for more. */
export async function refusal(
  work: Promise<unknown>,
  code: string,
  errno: string,
  message: string | RegExp,
): Promise<ModuleError> {
  const error = await work.then(
    value => assert.fail(`was not refused, and gave ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ModuleError, `not a ModuleError: ${(error as Error)?.stack ?? String(error)}`)
  if (typeof message === 'string') assert.equal(error.message, message)
  else assert.match(error.message, message)
  assert.deepEqual([error.code, error.errno], [code, errno])
  return error
}
