import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { races } from '#dist/cli/races.js'
import { MODEL_NAMES } from '#dist/races/index.js'

/** Runs the command as the command line would, on a terminal that remembers. */
async function run(options: Record<string, unknown>, json = false) {
  const out: string[] = []
  const err: string[] = []
  const data: unknown[] = []
  const drawn: string[] = []
  const code = await races.run({
    args: [],
    options,
    terminal: {
      json,
      interactive: true,
      advises: false,
      advise: () => {},
      out: (...parts) => void out.push(parts.map(part => (typeof part === 'string' ? part : part.text)).join('')),
      err: (...parts) => void err.push(parts.join('')),
      outText: text => void out.push(text),
      errText: text => void err.push(text),
      data: value => void data.push(JSON.parse(JSON.stringify(value))),
      progress: text => void (text !== '' && drawn.push(text)),
    },
  })
  return { code, out: out.join('\n'), err, data, drawn }
}

describe('outlive races', () => {
  it('prints a timeline for each race and the table of schemes, and is content', async () => {
    const { code, out, err } = await run({})
    assert.equal(code, 0)
    assert.deepEqual(err, [])
    for (const name of MODEL_NAMES) assert.match(out, new RegExp(`^${name} +(race|none) +(race|none) +\\d+`, 'm'))
    assert.equal(out.match(/=> freed: calls into code that is gone/g)?.length, 3)
    assert.match(out, /outlive races --replay inside\.2\.1\.1\.0111110/)
  })

  it('explores the models that it is given, in the size that it is given', async () => {
    const { code, data } = await run({ model: ['inside', 'retain'], cpus: '3', rounds: '2' }, true)
    assert.equal(code, 0)
    const { models } = data[0] as { models: { model: string; verdict: string; states: number; races: object[] }[] }
    assert.deepEqual(
      models.map(({ model, verdict }) => [model, verdict]),
      [
        ['inside', 'race'],
        ['retain', 'none'],
      ],
    )
    assert.ok(models[0]!.states > 100_000)
    assert.deepEqual(Object.keys(models[0]!.races[0]!), [
      'kind',
      'point',
      'what',
      'length',
      'shortest',
      'seed',
      'timeline',
    ])
  })

  it('prints every race with --all', async () => {
    const { out } = await run({ model: 'inside', all: true })
    assert.equal(out.match(/=> freed/g)?.length, 6)
  })

  it('says in one line how far it came at a limit, and exits with 1', async () => {
    const { code, err } = await run({ model: 'collect', cpus: '4', rounds: '3', maxStates: '2000' })
    assert.equal(code, 1)
    assert.equal(err.length, 1)
    assert.match(err[0]!, /^races: collect: stopped at the limit of 2000 states; \d+ states and schedules of up to/)
  })

  it('exits with 1 when the race that a scheme is known for is out of reach', async () => {
    const { code, err } = await run({ model: 'inside', depth: '6' })
    assert.equal(code, 1)
    assert.match(err[0]!, /^races: inside: schedules are longer than the limit of 6 steps; .*no schedule of at most 6/)
  })

  it('draws progress after a second, not before', async () => {
    const { drawn } = await run({ model: 'collect', cpus: '5', modules: '2', time: '2' })
    assert.match(drawn[0]!, /^collect: \d+ states, \d+ steps deep, [1-9]\d*\.\d s$/)
    assert.deepEqual((await run({ model: 'retain' })).drawn, [])
  })

  it('replays a seed: 0 when it goes wrong, 1 when it goes well', async () => {
    const wrong = await run({ replay: 'inside.2.1.1.0111110' })
    assert.equal(wrong.code, 0)
    assert.match(wrong.out, /=> freed: calls into code that is gone$/)
    const well = await run({ replay: 'inside.2.1.1.0000' })
    assert.equal(well.code, 1)
    assert.deepEqual(well.err, ['races: nothing goes wrong in inside.2.1.1.0000'])
    const { data } = await run({ replay: 'inside.2.1.1.0111110' }, true)
    assert.equal((data[0] as { steps: object[] }).steps.length, 7)
  })

  it('runs the schemes on real threads', async () => {
    const { code, out } = await run({ threads: true, calls: '2000', time: '10' })
    assert.equal(code, 0)
    assert.match(out, /^inside .*\noutside +\d+.* 0 +0\.0 .*\nretain +\d+.* 0 +0\.0 /m)
  })

  it('refuses what it cannot do with 2 and one line', async () => {
    for (const [options, message] of [
      [{ model: 'nothing' }, 'races: no model is called nothing: they are inside, outside,'],
      [{ cpus: '1' }, "races: --cpus takes a whole number from 2 to 8, got '1'"],
      [{ cpus: 'many' }, "races: --cpus takes a whole number from 2 to 8, got 'many'"],
      [{ modules: '0' }, "races: --modules takes a whole number from 1 to 4, got '0'"],
      [{ depth: '-1' }, "races: --depth takes a whole number from 1 to 1000000, got '-1'"],
      [{ maxStates: '' }, 'races: --max-states takes a whole number'],
      [{ rounds: '99' }, "races: --rounds takes a whole number from 1 to 20, got '99'"],
      [{ replay: 'nonsense' }, "races: 'nonsense' is not a seed"],
      [{ replay: 'inside.2.1.1.0z' }, 'races: step 2 of the seed cannot happen'],
    ] as const) {
      const { code, err, out } = await run(options)
      assert.equal(code, 2, JSON.stringify(options))
      assert.equal(out, '')
      assert.equal(err.length, 1)
      assert.ok(err[0]!.startsWith(message), err[0])
    }
  })

  it('has examples that name only options it has', () => {
    const known = new Set(races.options.map(({ flags }) => flags.split(' ')[0]))
    for (const example of races.examples)
      for (const flag of example.match(/--[a-z-]+/g) ?? []) assert.ok(known.has(flag), `${example}: ${flag}`)
  })
})
