import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { refusal, stage } from '../support/stage.ts'

const names = (rows: readonly { readonly name: string }[]): string[] => rows.map(({ name }) => name)
const live = (kernel: { lsmod(): readonly { readonly name: string }[] }): string[] => names(kernel.lsmod()).sort()

describe('modprobe -r', () => {
  const FILES = {
    'llc.ts': 'export const llc = 1',
    'stp.ts': `import { llc } from './llc.ts'\nexport const stp = llc`,
    'bridge.ts': `import { llc } from './llc.ts'\nimport { stp } from './stp.ts'\nexport const bridge = stp + llc`,
    'other.ts': `import { llc } from './llc.ts'`,
  }

  it('takes out what only the module needed, all the way down', async t => {
    const { kernel } = stage(t, FILES)
    assert.deepEqual(names(await kernel.modprobe('bridge')), ['llc', 'stp', 'bridge'])
    assert.deepEqual(await kernel.showRemoval('bridge'), ['bridge', 'stp', 'llc'])
    const reports = await kernel.modprobeRemove('bridge')
    assert.deepEqual(
      reports.map(({ module }) => module),
      ['bridge', 'stp', 'llc'],
    )
  })

  it('leaves what others need, and refuses what others hold', async t => {
    const { kernel } = stage(t, FILES)
    await kernel.modprobe('bridge')
    await kernel.modprobe('other')
    await refusal(kernel.modprobeRemove('llc'), 'EHOLDERS', 'EAGAIN', 'Module llc is in use by: bridge other stp')
    await kernel.modprobeRemove('bridge')
    assert.deepEqual(live(kernel), ['llc', 'other'])
  })

  it('is silent about what is not loaded, unless it is the first time, and refuses what is unknown', async t => {
    const { kernel } = stage(t, FILES)
    assert.deepEqual(await kernel.modprobeRemove('bridge'), [])
    await refusal(
      kernel.modprobeRemove('bridge', { firstTime: true }),
      'ENOENT',
      'ENOENT',
      'Module bridge is not in kernel',
    )
    await refusal(kernel.modprobeRemove('nothing'), 'ENOENT', 'ENOENT', /^Module nothing not found in directory /)
  })
})

describe('what the configuration says', () => {
  const FILES = {
    'db.ts': `export const db = 1\nexport const init = k => probe.say('db ' + k.params.size)\nexport const info = { params: { size: { type: 'int', default: 1 } }, aliases: ['sql'] }`,
    'api.ts': `import { db } from './db.ts'\nexport const init = () => probe.say('api')`,
  }

  it('is found beside the modules, in TypeScript too; its hooks run in place of what they stand for', async t => {
    const { kernel, probe } = stage(t, {
      ...FILES,
      'outlive.config.ts': `
        declare const probe: { say(text: string): void }
        export default {
          options: { db: { size: 2 }, sql: { size: 3 } },
          softdeps: {},
          install: { api: async (call: { module: string; proceed(): Promise<void> }) => { probe.say('before ' + call.module); await call.proceed(); probe.say('after') } },
          remove: { api: async (call: { proceed(): Promise<void> }) => { probe.say('removing'); await call.proceed() } },
        }`,
    })
    assert.deepEqual(
      kernel.available().map(({ name }) => name),
      ['api', 'db'],
    )
    await kernel.modprobe('api')
    assert.deepEqual(probe.take(), ['db 2', 'before api', 'api', 'after'])
    await kernel.modprobeRemove('api')
    assert.deepEqual([probe.take(), live(kernel)], [['removing'], []])
    await kernel.modprobe('sql')
    assert.deepEqual(probe.take(), ['db 3'])
    await kernel.modprobeRemove('sql')
    await kernel.modprobe('db', { size: '4' })
    assert.deepEqual(probe.take(), ['db 4'])
  })

  it('refuses with false, dependents too', async t => {
    const { kernel, folder } = stage(t, { ...FILES, 'outlive.config.json': '{ "install": { "db": false } }' })
    const message = 'could not insert module db: Operation not permitted: the configuration refuses it'
    await refusal(kernel.modprobe('db'), 'EPERM', 'EPERM', message)
    await refusal(kernel.modprobe('api'), 'EPERM', 'EPERM', message)
    assert.deepEqual(live(kernel), [])
    folder.write({ 'outlive.config.json': '{ "install": { } } ' })
    await kernel.modprobe('api')
    assert.deepEqual(live(kernel), ['api', 'db'])
  })

  it('may run a command, which gets parameters by its environment and not as a part of its text', async t => {
    const { kernel, folder } = stage(t, { ...FILES })
    folder.write({
      'outlive.config.json': JSON.stringify({
        install: { api: `printf %s "$CMDLINE_OPTS" > '${folder.file('out')}'`, db: 'exit 3' },
      }),
    })
    await kernel.modprobe('api', { x: '$(false); exit 1' }, {}).catch(error => error)
    await refusal(
      kernel.modprobe('db'),
      'EINVAL',
      'EINVAL',
      /error running install command 'exit 3' for module db: retcode 3/,
    )
  })

  it('is an error of one line when it cannot be used', async t => {
    for (const [name, text, message] of [
      ['outlive.config.json', '{ "blacklist": "db" }', /outlive\.config\.json: blacklist: must be an array of strings/],
      ['outlive.config.json', '{', /outlive\.config\.json: /],
      ['outlive.config.mjs', 'export const x = 1', /must export the configuration by default/],
      [
        'outlive.config.ts',
        'export default { install: { db: 7 } }',
        /install\.db: must be a command, a function or false/,
      ],
    ] as const) {
      const { kernel } = stage(t, { ...FILES, [name]: text })
      await refusal(kernel.modprobe('db'), 'EINVAL', 'EINVAL', message)
    }
  })

  it('is refused with what it throws, whatever that is', async t => {
    for (const [text, message] of [
      ['throw null', /outlive\.config\.mjs: null$/],
      [`throw 'not today'`, /outlive\.config\.mjs: not today$/],
      [`throw new Error('broken')`, /outlive\.config\.mjs: broken$/],
    ] as const) {
      const { kernel } = stage(t, { ...FILES, 'outlive.config.mjs': text })
      await refusal(kernel.modprobe('db'), 'EINIT', 'ECANCELED', message)
    }
  })

  it('blacklists by alias; by name only when asked; never a dependency', async t => {
    const { kernel } = stage(t, { ...FILES, 'outlive.config.json': '{ "blacklist": ["db"] }' })
    assert.deepEqual(await kernel.modprobe('sql'), [])
    assert.deepEqual(await kernel.modprobe('db', {}, { useBlacklist: true }), [])
    assert.deepEqual(await kernel.resolveAlias('sql'), ['db'])
    assert.deepEqual(await kernel.showDepends('sql'), [])
    assert.deepEqual(names(await kernel.modprobe('api')), ['db', 'api'])
  })
})

it('loads every module that has an alias, in order', async t => {
  const { kernel } = stage(t, {
    'b.ts': `export const info = { aliases: ['usb:v*p0001'] }`,
    'a.ts': `export const info = { aliases: ['usb:*'] }`,
    'c.ts': `export const info = { aliases: ['usb:v[0-4]?p*'] }`,
  })
  assert.deepEqual(await kernel.resolveAlias('usb:v12p0001'), ['a', 'b', 'c'])
  assert.deepEqual(names(await kernel.modprobe('usb:v12p0001')), ['a', 'b', 'c'])
})

/** Up to eight modules, each of which imports from earlier ones, takes a moment, and may fail. */
const trees = fc.array(
  fc.record({
    imports: fc.uniqueArray(fc.nat({ max: 6 }), { maxLength: 3 }),
    wait: fc.nat({ max: 3 }),
    fails: fc.integer({ min: 0, max: 9 }).map(n => n < 2),
  }),
  { minLength: 2, maxLength: 8 },
)

it('several at once of overlapping trees load each module once, and a failure leaves nothing of its own', async t => {
  await fc.assert(
    fc.asyncProperty(trees, fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 5 }), async (modules, picks) => {
      const needs = modules.map(({ imports }, i) => imports.filter(j => j < i))
      const tree = (i: number): number[] => [i, ...needs[i]!.flatMap(tree)]
      const { kernel, probe } = stage(
        t,
        Object.fromEntries(
          modules.map(({ wait, fails }, i) => [
            `m${i}.js`,
            [
              ...needs[i]!.map(j => `import { x as x${j} } from './m${j}.js'`),
              `export const x = ${i}`,
              `export const init = async () => {
  globalThis.probe.say('m${i}')
  for (let i = 0; i < ${wait}; i++) await new Promise(setImmediate)
  ${fails ? `throw new Error('m${i} fails')` : ''}
}`,
            ].join('\n'),
          ]),
        ),
        { config: false },
      )
      const wanted = picks.map(pick => pick % modules.length)
      const results = await Promise.allSettled(wanted.map(i => kernel.modprobe(`m${i}`)))
      const isGood = (i: number): boolean => tree(i).every(j => !modules[j]!.fails)
      assert.deepEqual(
        results.map(({ status }) => status === 'fulfilled'),
        wanted.map(isGood),
      )
      const stay = new Set(wanted.filter(isGood).flatMap(tree))
      assert.deepEqual(live(kernel), [...stay].map(i => `m${i}`).sort())
      const said = probe.take()
      // A module that a success counts on is never taken out and put in again.
      for (const i of stay) if (wanted.every(isGood)) assert.equal(said.filter(name => name === `m${i}`).length, 1)
      await kernel.close()
    }),
    { numRuns: 60 },
  )
})
