import type { Model, Steps } from './model.ts'
import { call } from './model_calls.ts'
import { insmod } from './model_load.ts'
import { modprobe, modprobeRemove, request } from './model_probe.ts'
import { type Removal, replace, rmmod } from './model_remove.ts'
import type { Operation, Text } from './operations.ts'
import { fitting, type Name, PATHS, type Script } from './script.ts'
import { reported, type World } from './world.ts'

/** One operation, to be begun in the model and in the world. */
interface Halves {
  inModel(): void
  inWorld(): void
}

let lastVersion = 0
let lastId = 0

export function write(model: Model, world: World, name: Name, text: Text): void {
  const script: Script = fitting(name, { ...text, version: ++lastVersion })
  world.write(name, script)
  model.disk.set(name, script)
}

/** Is there anything that it could be done to? */
export function isPossible(model: Model, operation: Operation): boolean {
  switch (operation.do) {
    case 'modprobe':
    case 'modprobe -r':
    case 'request':
    case 'depmod':
      // In which order it goes on must not matter.
      return (
        model.pending.length + model.listeners.length === 0 &&
        ![...model.disk.values(), ...model.list.map(({ script }) => script)].some(hasDoor)
      )
    case 'remove file':
      return model.disk.has(operation.name)
    case 'call off':
      return model.list.some(({ waiting }) => waiting)
    case 'open':
      return model.doors.some(({ opened }) => !opened)
    case 'call':
      return (operation.old ? model.pointers : [...model.points.p, ...model.points.q]).length > 0
    case 'on':
      // Of two that wait for each other's modules, or for one that goes, it is chance who is first.
      return model.listeners.length === 0 && (operation.event !== 'going' || operation.begins.do === 'rmmod')
    case 'put':
      return model.held.length > 0
    default:
      return true
  }
}

const hasDoor = ({ evaluation, init, exit }: Script): boolean => [evaluation, init, exit].includes('door')

const labels = (rows: readonly { readonly name: string; readonly generation: number }[]): string[] =>
  rows.map(({ name, generation }) => `${name}#${generation}`)

/** Does it, where it takes no time, or begins it. */
export function perform(model: Model, world: World, operation: Operation): void {
  switch (operation.do) {
    case 'write':
      write(model, world, operation.name, operation.script)
      break
    case 'remove file':
      world.remove(operation.name)
      model.disk.delete(operation.name)
      break
    case 'call off': {
      const waiting = model.list.filter(mod => mod.waiting)
      const { name } = waiting[operation.which % waiting.length]!
      model.calledOff.add(name)
      world.waits.get(name)!.abort()
      break
    }
    case 'open': {
      const closed = model.doors.filter(({ opened }) => !opened)
      const door = closed[operation.which % closed.length]!
      door.opened = operation.how
      world.hub.open(door.key, operation.how)
      break
    }
    case 'get': {
      const mod = model.find(operation.name)
      const isLive = mod?.state === 'LIVE'
      if (isLive) {
        mod.references++
        model.held.push(mod)
      }
      world.get(operation.name, isLive)
      break
    }
    case 'put': {
      const which = operation.which % model.held.length
      model.held.splice(which, 1)[0]!.references--
      world.references.splice(which, 1)[0]!.put()
      break
    }
    case 'on': {
      const { inModel, inWorld } = halves(model, world, operation.begins)
      model.listeners.push({ event: operation.event, run: inModel })
      world.kernel.once(operation.event, inWorld)
      break
    }
    default: {
      const { inModel, inWorld } = halves(model, world, operation)
      inWorld()
      inModel()
    }
  }
}

function halves(model: Model, world: World, operation: Operation): Halves {
  const id = ++lastId
  const what = `${operation.do} ${JSON.stringify(operation)}`
  const [steps, work] = sides(model, world, operation, id)
  return {
    inModel: () => void model.begin(id, what, steps()),
    inWorld: () => world.begin(id, what, work),
  }
}

function sides(model: Model, world: World, operation: Operation, id: number): [() => Steps<unknown>, () => unknown] {
  const { kernel, folder } = world
  switch (operation.do) {
    case 'insmod': {
      const { name, params } = operation
      const given = world.path(name)
      return [
        () => insmod(model, name, { given, params }),
        () => kernel.insmod(given, params).then(row => labels([row])[0]),
      ]
    }
    case 'modprobe': {
      const { asked, params, firstTime, useBlacklist } = operation
      return [
        () => modprobe(model, folder.path, asked, params, { firstTime, useBlacklist }),
        () => kernel.modprobe(asked, params, { firstTime, useBlacklist }).then(rows => labels(rows).sort()),
      ]
    }
    case 'modprobe -r':
      return [
        () => modprobeRemove(model, folder.path, operation.asked),
        () => kernel.modprobeRemove(operation.asked).then(reports => reports.map(reported).sort(byImage)),
      ]
    case 'request':
      // It takes the folder for what it was a second ago.
      world.skip(10_000)
      return [() => request(model, folder.path, operation.asked), () => kernel.request(operation.asked)]
    case 'depmod':
      return [() => count(model), () => kernel.depmod().then(({ modules }) => modules)]
    case 'rmmod': {
      const { name, options } = operation
      return [() => remove(model, name, options), () => world.rmmod(name, options)]
    }
    case 'replace': {
      const { name, params, script } = operation
      if (script) write(model, world, name, script)
      const given = folder.file(PATHS[name])
      return [
        () => replace(model, name, { given, params }),
        () =>
          kernel.replace(name, { params }).then(({ module, generation, unloaded }) => ({
            image: `${module}#${generation}`,
            unloaded: reported(unloaded),
          })),
      ]
    }
    case 'call': {
      const entries = operation.old ? model.pointers : [...model.points.p, ...model.points.q]
      const entry = entries[operation.which % entries.length]!
      const door = `call ${id}`
      return [() => call(model, entry, operation.how, door), () => world.call(entry, operation.how, door)]
    }
    default:
      throw new TypeError(operation.do)
  }
}

const byImage = (a: { readonly image: string }, b: { readonly image: string }): number => (a.image < b.image ? -1 : 1)

function* count(model: Model): Steps<number> {
  yield () => true
  return model.disk.size
}

const remove = (model: Model, name: Name, options: Removal): Steps<unknown> => {
  model.calledOff.delete(name)
  return rmmod(model, name, { ...options, isCalledOff: () => model.calledOff.has(name) })
}
