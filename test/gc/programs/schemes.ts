import { createKernel, type SchemeName } from 'outlive'
import { Folder } from '../../support/folder.ts'
import { collectUntil } from '../../support/gc.ts'

/** Removes a module under a scheme, with and without somebody who can still call it, and tells what was collected when. */
const scheme = process.argv[2] as SchemeName
const folder = new Folder({
  'm.ts': `export const init = k => { k.register('p', () => 'called'); k.register('slow', () => globalThis.door) }`,
})
const kernel = createKernel({ modules: folder.path, scheme, grace: 0 })
const events: string[] = []
kernel.on('collected', ({ module, generation, bytes }) => events.push(`${module}#${generation} ${bytes > 0}`))
const lingering = () => kernel.lingering().map(({ image, scheme: kept }) => `${image} ${kept}`)
/** What is held is still there after so many collections; one that goes is waited for with more patience. */
const ENOUGH = 10
const collected = (isHeld = scheme === 'retain') =>
  collectUntil(() => kernel.lingering().length === 0, isHeld ? ENOUGH : undefined)

/** In a function of its own, so that no local variable of the program holds what it made. */
async function withoutCaller(): Promise<void> {
  await kernel.modprobe('m')
  for (const call of kernel.point<() => string>('p')) call()
  await kernel.rmmod('m')
}

async function withCaller(): Promise<{ call: (() => string) | undefined }> {
  await kernel.modprobe('m')
  const [call] = [...kernel.point<() => string>('p')]
  await kernel.rmmod('m')
  return { call }
}

async function withCallInFlight(): Promise<{ open: () => void; call: Promise<unknown> }> {
  let open!: () => void
  Object.assign(globalThis, {
    door: new Promise<void>(resolve => {
      open = resolve
    }),
  })
  await kernel.modprobe('m')
  const call = [...kernel.point<() => Promise<unknown>>('slow')][0]!()
  Object.assign(globalThis, { door: undefined })
  await kernel.rmmod('m')
  return { open, call }
}

const told: Record<string, unknown> = {}
await withoutCaller()
told.alone = { collected: await collected(), lingering: lingering(), events: events.splice(0) }

const held = await withCaller()
told.held = {
  collected: await collected(true),
  lingering: lingering(),
  answer: held.call?.(),
  events: events.splice(0),
}
held.call = undefined
told.letGo = { collected: await collected(), lingering: lingering(), events: events.splice(0) }

const { open, call } = await withCallInFlight()
told.flying = { inFlight: kernel.lingering().at(-1)?.callsInFlight, lingering: lingering() }
open()
await call
await collected()
told.landed = { lingering: lingering(), inFlight: kernel.lingering().at(-1)?.callsInFlight ?? 0 }
await kernel.close()
folder.remove()
console.log(JSON.stringify(told))
