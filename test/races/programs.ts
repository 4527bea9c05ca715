import fc from 'fast-check'
import { type Actor, type Cell, Memory, type Model, type Step, type Violation } from '#dist/races/index.js'

/** One instruction of a random program over a few cells. */
type Instruction =
  | { op: 'set' | 'wait' | 'fail if'; cell: Cell; value: number }
  | { op: 'add'; cell: Cell }
  | { op: 'copy'; cell: Cell; from: Cell }
  | { op: 'choose'; cell: Cell }
  | { op: 'jump if'; cell: Cell; value: number; to: number }

const CELLS = 3
const VALUES = 3

const cell = fc.nat({ max: CELLS - 1 })
const value = fc.nat({ max: VALUES - 1 })

const instruction = (loops: boolean): fc.Arbitrary<Instruction> => {
  const straight: fc.Arbitrary<Instruction>[] = [
    fc.record({ op: fc.constantFrom('set', 'wait', 'fail if'), cell, value }),
    fc.record({ op: fc.constant('add'), cell }),
    fc.record({ op: fc.constant('copy'), cell, from: cell }),
    fc.record({ op: fc.constant('choose'), cell }),
  ]
  const jump = fc.record({ op: fc.constant('jump if'), cell, value, to: fc.nat({ max: 4 }) })
  return fc.oneof(...straight, ...(loops ? [jump] : []))
}

/** Random small models: two or three actors with a few instructions each; `loops` lets them jump back. */
export const models = (loops: boolean): fc.Arbitrary<Model> =>
  fc
    .record({
      programs: fc.array(fc.array(instruction(loops), { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 3 }),
      watched: fc.option(fc.tuple(cell, cell), { nil: undefined }),
      lost: fc.option(fc.tuple(cell, value), { nil: undefined }),
    })
    .map(({ programs, watched, lost }) => {
      const memory = new Memory()
      for (let i = 0; i < CELLS; i++) memory.cell(`c${i}`)
      return {
        name: 'random',
        id: 'random',
        summary: JSON.stringify({ programs, watched, lost }),
        expects: 'none',
        columns: programs.map((_, i) => `CPU ${i}`),
        cells: memory.names,
        initial: memory.initial,
        actors: programs.map(
          (program, i): Actor => ({
            name: `CPU ${i}`,
            column: i,
            program: [program.map((each, at) => stepOf(each, `${i}:${at}`, at, program.length))],
          }),
        ),
        invariants: watched
          ? [{ name: 'below 4', cells: watched, holds: s => s[watched[0]]! + s[watched[1]]! < 4 }]
          : [],
        ...(lost && {
          atEnd: s => (s[lost[0]] === lost[1] ? ({ kind: 'lost', what: 'the end is wrong' } as const) : undefined),
        }),
      } satisfies Model
    })

function stepOf(each: Instruction, point: string, at: number, length: number): Step {
  const base = { point, text: `${point} ${JSON.stringify(each)}`, label: `l${at}`, reads: [], writes: [] }
  const broken: Violation = { kind: 'freed', what: 'it failed' }
  switch (each.op) {
    case 'set':
      return { ...base, writes: [each.cell], run: s => void (s[each.cell] = each.value) as undefined }
    case 'add':
      return { ...base, writes: [each.cell], run: s => void (s[each.cell] = (s[each.cell]! + 1) % VALUES) as undefined }
    case 'copy':
      return {
        ...base,
        reads: [each.from],
        writes: [each.cell],
        run: s => void (s[each.cell] = s[each.from]!) as undefined,
      }
    case 'choose':
      return {
        ...base,
        writes: [each.cell],
        choices: ['0', '1'],
        run: (s, choice) => void (s[each.cell] = choice) as undefined,
      }
    case 'wait':
      return { ...base, reads: [each.cell], when: s => s[each.cell] === each.value, run: () => undefined }
    case 'fail if':
      return { ...base, reads: [each.cell], run: s => (s[each.cell] === each.value ? broken : undefined) }
    case 'jump if': {
      const to = `l${each.to % length}`
      return { ...base, reads: [each.cell], goes: [to], run: s => (s[each.cell] === each.value ? to : undefined) }
    }
  }
}
