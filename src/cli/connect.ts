import { ControlClient, findHost } from '../control/client.ts'
import type { CommandLine, CommandOption } from './command.ts'

/** The option of every command that talks to a host. */
export const HOST_OPTION: CommandOption = {
  flags: '--host <name|path>',
  description: 'the host to talk to, by name or by the path of its socket; by default the only one that runs',
}

/** @throws ControlError when there is no such host, or several and none is named */
export const connect = async (line: CommandLine): Promise<ControlClient> =>
  new ControlClient(await findHost(line.options.host === undefined ? undefined : String(line.options.host)))
