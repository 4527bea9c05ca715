import { basename, relative } from 'node:path'
import type { Kernel } from '../../kernel/kernel.ts'
import { tryToRead } from '../../kernel/thrown.ts'
import { styled, type Terminal } from '../terminal.ts'
import type { HttpRoute } from './http_host.ts'

/** The module that the guide begins with. */
const FIRST_MODULE = 'hello'

/** Says where the host is, and what its user can do now. */
export function greet(
  terminal: Terminal,
  kernel: Kernel,
  host: { name: string; url: string | undefined; socket: string },
): void {
  const { name, url, socket } = host
  if (terminal.json) {
    const modules = kernel.folders.map(folder => basename(folder)).join(', ')
    terminal.data({ event: 'ready', name, modules, url, socket })
    return
  }
  const modules = kernel.folders.map(asTyped).join(', ')
  if (url !== undefined) terminal.out('listening on ', styled('cyan', url))
  const none = kernel.lsmod().length === 0 ? ', none loaded' : ''
  terminal.out(`host ${name}, modules in ${modules}${none}. Try next, in another terminal:`)
  for (const command of thingsToTry(kernel, url)) terminal.out(`  ${command}`)
}

/** As a user would name it from here. */
function asTyped(folder: string): string {
  const path = relative(process.cwd(), folder)
  return path === '' || path.startsWith('..') ? folder : path
}

/** A request that a module answers, and commands with the name of a module that is there. */
function thingsToTry(kernel: Kernel, url: string | undefined): string[] {
  const names = kernel.lsmod().map(module => module.name)
  const name = names.includes(FIRST_MODULE) ? FIRST_MODULE : names[0]
  const path = url === undefined ? undefined : pathServed(kernel, name)
  return [
    path === undefined ? 'npx outlive dmesg -w' : `curl ${url}${path}`,
    'npx outlive lsmod',
    name === undefined ? 'npx outlive modprobe --help' : `npx outlive replace ${name}`,
  ]
}

const isPlain = ({ method, url }: HttpRoute): boolean =>
  method === 'GET' && typeof url === 'string' && /^\/[\w/:.-]*$/.test(url)

/** A path that is answered with GET, by this module if it can be. */
function pathServed(kernel: Kernel, module: string | undefined): string | undefined {
  const routes = kernel.point<HttpRoute>('http.route')
  // What a module registers may be anything.
  const plain = [...routes].filter(route => tryToRead(() => isPlain(route)))
  const route = plain.find(each => routes.owner(each)?.module === module) ?? plain[0]
  return route?.url.replaceAll(/:\w+/g, 'world')
}
