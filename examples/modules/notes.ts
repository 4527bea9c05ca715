import type { ModuleContext } from 'outlive'
import { query } from './db.ts'

export const info = {
  description: 'Notes over HTTP, kept in the database of the module db',
  version: '1.0.0',
  license: 'MIT',
  aliases: ['http:*:/notes*'],
}

interface Request {
  params: { id: string }
  body: unknown
}

class HttpError extends Error {
  status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const find = (id: string) => {
  const [note] = query('SELECT id, text, made FROM notes WHERE id = ?', Number(id))
  if (!note) throw new HttpError(404, `no note ${id}`)
  return note
}

export function init(k: ModuleContext) {
  query('CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, made TEXT NOT NULL)')
  const route = (method: string, url: string, handler: (request: Request) => unknown) =>
    k.register('http.route', { method, url, handler })

  route('GET', '/notes', () => query('SELECT id, text, made FROM notes ORDER BY id'))
  route('GET', '/notes/:id', ({ params }) => find(params.id))
  route('POST', '/notes', ({ body }) => {
    const text = (body as { text?: unknown } | undefined)?.text
    if (typeof text !== 'string' || text === '') throw new HttpError(400, 'a note is JSON: { "text": "..." }')
    const [note] = query(
      'INSERT INTO notes (text, made) VALUES (?, ?) RETURNING id, text, made',
      text,
      new Date().toISOString(),
    )
    return Response.json(note, { status: 201 })
  })
  route('DELETE', '/notes/:id', ({ params }) => {
    find(params.id)
    query('DELETE FROM notes WHERE id = ?', Number(params.id))
  })
}
