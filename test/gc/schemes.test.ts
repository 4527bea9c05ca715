import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runProgram } from '../support/program.ts'

describe('a removed image', () => {
  it('under collect is collected when, and only when, nobody can call it any more', async () => {
    assert.deepEqual(await runProgram('gc/programs/schemes', 'collect'), {
      alone: { collected: true, lingering: [], events: ['m#1 true'] },
      held: { collected: false, lingering: ['m#2 collect'], answer: 'called', events: [] },
      letGo: { collected: true, lingering: [], events: ['m#2 true'] },
      flying: { inFlight: 1, lingering: ['m#3 collect'] },
      landed: { lingering: [], inFlight: 0 },
    })
  })

  it('under retain stays for ever, and is counted', async () => {
    assert.deepEqual(await runProgram('gc/programs/schemes', 'retain'), {
      alone: { collected: false, lingering: ['m#1 retain'], events: [] },
      held: { collected: false, lingering: ['m#1 retain', 'm#2 retain'], answer: 'called', events: [] },
      letGo: { collected: false, lingering: ['m#1 retain', 'm#2 retain'], events: [] },
      flying: { inFlight: 1, lingering: ['m#1 retain', 'm#2 retain', 'm#3 retain'] },
      landed: { lingering: ['m#1 retain', 'm#2 retain', 'm#3 retain'], inFlight: 0 },
    })
  })

  it('keeps its text once, as the engine has it', async () => {
    const { texts, answers } = await runProgram<{ texts: number; answers: number[] }>('gc/programs/lingering_text')
    assert.deepEqual(answers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert.ok(texts < 1.5, `${texts} times its text`)
  })
})
