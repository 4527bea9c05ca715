import type { Model } from './model.ts'

/**
 * A seed is a whole schedule in one short word: the model's id, a dot, and one character a step. The character stands
 * for a *move*, an actor and what happens where its step has a choice.
 */
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

export const MOST_MOVES = ALPHABET.length

export const moveOf = (actor: number, choice: number, actors: number): number => actor + choice * actors

export const actorOf = (move: number, actors: number): { actor: number; choice: number } => ({
  actor: move % actors,
  choice: Math.floor(move / actors),
})

export function encodeSeed(model: Model, schedule: readonly number[]): string {
  return `${model.id}.${schedule.map(move => ALPHABET[move]).join('')}`
}

/** The schedule in a seed of this model. Throws RangeError for anything else. */
export function decodeSeed(model: Model, seed: string): number[] {
  const { id, moves } = splitSeed(seed)
  if (id !== model.id) throw new RangeError(`the seed is for ${id}, not for ${model.id}`)
  return [...moves].map((char, i) => {
    const move = ALPHABET.indexOf(char)
    if (move < 0) throw new RangeError(`the seed's step ${i + 1} is '${char}', which stands for no move`)
    return move
  })
}

export const SEED_FORM = 'it has the form MODEL.CPUS.MODULES.ROUNDS.MOVES'

/** Takes the model's id off a seed. */
export function splitSeed(seed: string): { id: string; moves: string } {
  const dot = seed.lastIndexOf('.')
  if (dot <= 0) throw new RangeError(`'${seed}' is not a seed: ${SEED_FORM}`)
  return { id: seed.slice(0, dot), moves: seed.slice(dot + 1) }
}
