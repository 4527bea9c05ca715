import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError, type ConfigFile, parseConfig } from '#dist/modprobe/config.js'
import { Policy } from '#dist/modprobe/policy.js'
import { TextCatalogue } from '#dist/modprobe/text_catalogue.js'

const FORMS = {
  dep: 'kernel/alpha.ko:\nkernel/beta.ko:\nkernel/gamma.ko:\nkernel/delta.ko: kernel/alpha.ko\n',
  alias: 'alias thing alpha\nalias thing beta\nalias t-* alpha\nalias gal gamma\n',
  builtin: 'kernel/bin-one.ko\n',
}

function catalogue(config: ConfigFile): TextCatalogue {
  return new TextCatalogue(FORMS, new Policy(parseConfig(config, 'test')))
}

function resolved(config: ConfigFile, name: string): string[] {
  return catalogue(config)
    .lookup(name)
    .map(({ module }) => module)
}

function shown(config: ConfigFile, name: string): string[] {
  return catalogue(config)
    .steps(name)
    .map(({ module }) => module)
}

describe('a configuration', () => {
  it('may have all keys or none', () => {
    parseConfig({}, 'outlive.config.json')
    parseConfig(
      {
        aliases: { mynet: 'dummy', 'my-*': ['loop', 'dummy'] },
        options: { t_ok: { num: 11, str: 'conf', flag: true, arr: [1, 2] } },
        blacklist: ['dummy'],
        softdeps: { loop: { pre: ['nls_utf8'], post: ['dummy'] }, 'snd-*': { pre: ['soundcore'] } },
        install: { dummy: 'echo installing', db: async (call: { proceed(): Promise<void> }) => call.proceed() },
        remove: { dummy: 'echo removing' },
      },
      'outlive.config.ts',
    )
  })

  for (const [value, message] of [
    [[], 'must be an object, not an array'],
    [{ alias: {} }, 'alias: unknown key; known are aliases, options, blacklist, softdeps, install, remove'],
    [{ aliases: { a: 1 } }, 'aliases.a: must be an array of strings, not 1'],
    [{ aliases: { 'http:*': [''] } }, 'aliases["http:*"][0]: must be a non-empty string, not an empty string'],
    [{ aliases: { 'b[': 'beta' } }, 'aliases["b["]: unmatched bracket'],
    [{ options: { hello: 'x=1' } }, 'options.hello: must be an object, not the string "x=1"'],
    [
      { options: { hello: { x: null } } },
      'options.hello.x: must be a string, a number, a boolean or an array of these, not null',
    ],
    [{ blacklist: 'dummy' }, 'blacklist: must be an array of strings, not the string "dummy"'],
    [{ softdeps: { loop: ['dummy'] } }, 'softdeps.loop: must be an object, not an array'],
    [{ softdeps: { loop: { before: [] } } }, 'softdeps.loop.before: unknown key; known are pre, post'],
    [{ softdeps: { loop: { pre: [7] } } }, 'softdeps.loop.pre[0]: must be a non-empty string, not 7'],
    [{ install: { dummy: true } }, 'install.dummy: must be a command, a function or false, not true'],
  ] as const) {
    it(`is refused: ${message}`, () => {
      throws(
        () => parseConfig(value, 'outlive.config.json'),
        error => error instanceof ConfigError && error.message === `outlive.config.json: ${message}`,
      )
    })
  }
})

// The expectations below were recorded from kmod 30 with the same lines in its own configuration.
describe('configured aliases', () => {
  it('stand before the names of modules', () => {
    deepEqual(resolved({ aliases: { alpha: 'gamma' } }, 'alpha'), ['gamma'])
  })

  it('all match, in the order of the configuration, and hide the aliases of modules', () => {
    deepEqual(resolved({ aliases: { 'f*': 'gamma', foo: ['beta', 'alpha'] } }, 'foo'), ['gamma', 'beta', 'alpha'])
    deepEqual(resolved({ aliases: { thing: 'gamma' } }, 'thing'), ['gamma'])
  })

  it('name modules, not further aliases', () => {
    deepEqual(resolved({ aliases: { one: 'gal', gal: 'alpha' } }, 'one'), ['gal'])
  })

  it('do not tell a dash from an underscore', () => {
    deepEqual(resolved({ aliases: { 'my-x[a-c]': 'alpha' } }, 'my_xb'), ['alpha'])
  })
})

describe('the blacklist', () => {
  const blacklist = ['alpha']

  it('stops aliases from loading a module, though they still resolve', () => {
    deepEqual(resolved({ blacklist }, 'thing'), ['alpha', 'beta'])
    deepEqual(shown({ blacklist }, 'thing'), ['beta'])
    deepEqual(shown({ blacklist, aliases: { alpha: 'alpha' } }, 'alpha'), [])
  })

  it('stops a plain name only where asked to', () => {
    const policy = new Policy({ blacklist: ['al-pha', 'alpha'] })
    const plain = { module: 'alpha', alias: undefined }
    equal(policy.isBlacklisted(plain), false)
    equal(policy.isBlacklisted(plain, { byName: true }), true)
  })

  it('never stops a dependency or a softdep', () => {
    deepEqual(shown({ blacklist }, 'delta'), ['alpha', 'delta'])
    deepEqual(shown({ blacklist, softdeps: { gamma: { pre: ['thing'] } } }, 'gamma'), ['alpha', 'beta', 'gamma'])
  })

  it('holds names, not patterns', () => {
    equal(new Policy({ blacklist: ['al*'] }).isBlacklisted({ module: 'alpha', alias: 'thing' }), false)
  })
})

describe('options', () => {
  const policy = new Policy(
    { options: { t_ok: { num: 11, str: 'conf' }, 't-ok': { by: 3 }, thing: { b: 2 }, 'al*': { c: 3 } } },
    { options: { t_ok: { num: 12 } } },
  )

  it('add up over several entries and configurations, the last value of one counting', () => {
    deepEqual(policy.options({ module: 't_ok', alias: undefined }), { num: 12, str: 'conf', by: 3 })
  })

  it('are given by module or by alias, and by no pattern', () => {
    deepEqual(policy.options({ module: 'alpha', alias: 'thing' }), { b: 2 })
    deepEqual(policy.options({ module: 'alpha', alias: undefined }), {})
  })
})

describe('hooks', () => {
  const config: ConfigFile = { install: { foo: 'true', 'al*': 'echo hi' }, remove: { bar: 'true' } }

  it('make a name known that no module has', () => {
    deepEqual(resolved(config, 'foo'), ['foo'])
    deepEqual(resolved(config, 'bar'), ['bar'])
    deepEqual(resolved(config, 'baz'), [])
  })

  it('are found by a pattern, the first that fits', () => {
    const policy = new Policy(config, { install: { alpha: 'later' } })
    equal(policy.installHook('alpha'), 'echo hi')
    equal(policy.installHook('beta'), undefined)
    equal(policy.removeHook('bar'), 'true')
  })
})

describe('configured softdeps', () => {
  it('are found by a pattern, the first that fits', () => {
    deepEqual(shown({ softdeps: { 'al*': { pre: ['gamma'] }, alpha: { pre: ['beta'] } } }, 'alpha'), ['gamma', 'alpha'])
  })

  it('may be aliases of several modules', () => {
    deepEqual(shown({ softdeps: { gamma: { post: ['thing'] } } }, 'gamma'), ['gamma', 'alpha', 'beta'])
  })
})

it('a builtin is found after everything else', () => {
  deepEqual(resolved({}, 'bin-one'), ['bin_one'])
  deepEqual(resolved({ aliases: { bin_one: 'alpha' } }, 'bin-one'), ['alpha'])
})
