import type { Model } from '../model.ts'
import { SEED_FORM, splitSeed } from '../seed.ts'
import { type Size, SMALLEST } from './parts.ts'
import {
  collectModel,
  insideModel,
  outsideIgnoringModel,
  outsideModel,
  retainModel,
  retainReclaimModel,
} from './schemes.ts'

const BUILDERS = {
  inside: insideModel,
  outside: outsideModel,
  'outside-ignoring': outsideIgnoringModel,
  retain: retainModel,
  'retain-reclaim': retainReclaimModel,
  collect: collectModel,
} as const

export type ModelName = keyof typeof BUILDERS

/** The six models, in the order in which the story goes. */
export const MODEL_NAMES = Object.keys(BUILDERS) as ModelName[]

/** The most of each that a model is built with; beyond it no exploration ends anyway. */
export const LARGEST: Size = { cpus: 8, modules: 4, rounds: 20 }

export const isModelName = (name: string): name is ModelName => Object.hasOwn(BUILDERS, name)

/** Builds one of the six models. Throws RangeError for a size that it cannot have. */
export function createModel(name: ModelName, size: Partial<Size> = {}): Model {
  const { cpus, modules, rounds } = { ...SMALLEST, ...size }
  const check = (what: keyof Size, value: number) => {
    if (!Number.isInteger(value) || value < SMALLEST[what] || value > LARGEST[what])
      throw new RangeError(`${what}: expected a whole number from ${SMALLEST[what]} to ${LARGEST[what]}, got ${value}`)
  }
  check('cpus', cpus)
  check('modules', modules)
  check('rounds', rounds)
  return BUILDERS[name]({ cpus, modules, rounds })
}

/** The model that a seed was made from. Throws RangeError when it is none of the six. */
export function modelOfSeed(seed: string): Model {
  const { id } = splitSeed(seed)
  const [name, cpus, modules, rounds, ...rest] = id.split('.')
  if (name === undefined || !isModelName(name) || rest.length > 0)
    throw new RangeError(`'${seed}' is not a seed of any of ${MODEL_NAMES.join(', ')}`)
  if (rounds === undefined) throw new RangeError(`'${seed}' is not a seed: ${SEED_FORM}`)
  return createModel(name, { cpus: Number(cpus), modules: Number(modules), rounds: Number(rounds) })
}
