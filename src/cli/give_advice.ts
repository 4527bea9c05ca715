import type { ControlClient, Refused } from '../control/client.ts'
import type { CommandLine } from './command.ts'
import { connect } from './connect.ts'

/** Tells people what they may do next whom the host refused. */
export async function adviseOnRefusal(command: string, line: CommandLine, { error }: Refused): Promise<void> {
  if (!line.terminal.advises) return
  try {
    const { adviceOn } = await import('./advice.ts')
    const advice = await adviceOn(error, command, await connect(line))
    if (advice !== undefined) line.terminal.advise(`(${advice})`)
  } catch {
    // The host may be gone by now. What it refused has been told.
  }
}

/** Tells people of parameters that were ignored. */
export async function adviseOnParams(
  { terminal }: CommandLine,
  params: Readonly<Record<string, string>>,
  module: string | undefined,
  host: ControlClient,
): Promise<void> {
  if (!terminal.advises || module === undefined) return
  try {
    const { adviceOnParams } = await import('./advice.ts')
    for (const advice of await adviceOnParams(params, module, host)) terminal.advise(`(${advice})`)
  } catch {
    // What was asked for is done.
  }
}
