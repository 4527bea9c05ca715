import type { ModuleContext } from 'outlive'

export const info = {
  description: 'Greets over HTTP',
  version: '1.0.0',
  license: 'MIT',
  params: { greeting: { type: 'string', default: 'Hello', description: 'first word' } },
  aliases: ['http:GET:/hello*'],
}

let hits = 0

export function init(k: ModuleContext<typeof info>) {
  // At a replace the new version goes on counting where the old one stopped.
  hits = (k.inherited as { hits: number } | undefined)?.hits ?? 0
  k.register('http.route', {
    method: 'GET',
    url: '/hello/:name',
    handler: (request: { params: { name: string } }) => {
      hits++
      return `${k.params.greeting} ${request.params.name}, you are visitor ${hits} of ${k.module.name}#${k.module.generation}\n`
    },
  })
}

export const handoff = () => ({ hits })
