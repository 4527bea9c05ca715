import { faultAt } from './fault.ts'

/** @throws ImageFault `syntax` */
export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = (error as Error).message
    const offset = Number(/position (\d+)/.exec(reason)?.[1] ?? text.length)
    throw faultAt(
      { kind: 'syntax', reason: reason.replace(/ in JSON at position.*| \(line .*/s, '') },
      file,
      text,
      offset,
    )
  }
}
