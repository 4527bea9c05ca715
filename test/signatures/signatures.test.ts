import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createKernel } from 'outlive'
import { outlive, socketFolder } from '../support/command.ts'
import { Folder } from '../support/folder.ts'
import { callAll, loaded, refusal, stage } from '../support/stage.ts'

const FILES = {
  'hello.ts': `import { word } from '../parts/word.ts'
export const later = () => import('../parts/later.ts')
export const init = k => k.register('p', later)
export const hello: string = word`,
  '../parts/word.ts': `export const word = 'hello'`,
  '../parts/later.ts': `export const later = 1`,
  'folder/package.json': '{ "name": "folder", "type": "module", "main": "index.js" }',
  'folder/index.js': `export const init = k => k.register('q', name => import('./' + name + '.js'))`,
  'folder/other.js': `export const other = 1`,
}

const run = (t: TestContext, ...words: string[]) => outlive(words, socketFolder(t))

/** Modules in a folder, files of the first beside it, and keys with which they are signed. */
const template = new Folder(
  Object.fromEntries(Object.entries(FILES).map(([name, text]) => [join('modules', name), text])),
)

before(async () => {
  const modules = ['hello.ts', 'folder'].map(name => template.file(join('modules', name)))
  const words = ['sign', '--new-key', template.file('me'), ...modules, '--signer', 'A. Uthor']
  const done = await outlive(words, template.path)
  assert.deepEqual([done.stderr, done.code], ['', 0])
})

after(() => template.remove())

/** A copy of it all, to be changed. */
function signed(t: TestContext) {
  const folder = new Folder()
  t.after(() => folder.remove())
  cpSync(template.path, folder.path, { recursive: true })
  const key = folder.file('me')
  const publicKey = readFileSync(`${key}.pub`, 'utf8')
  const start = (required = false) => {
    const kernel = createKernel({ modules: folder.file('modules'), signatures: { keys: [publicKey], required } })
    t.after(() => kernel.close())
    return kernel
  }
  return { folder, file: (name: string): string => folder.file(join('modules', name)), key, start }
}

const lettersOf = (kernel: ReturnType<typeof createKernel>): string[] => kernel.taints.map(({ letter }) => letter)

describe('signed modules', () => {
  it('are loaded where only signed ones are, and taint nothing', async t => {
    const { start, file } = signed(t)
    const kernel = start(true)
    await kernel.modprobe('folder')
    await kernel.insmod(file('hello.ts'))
    for (const later of kernel.point('p')) assert.equal((await (later as () => Promise<{ later: number }>)()).later, 1)
    assert.deepEqual([loaded(kernel), lettersOf(kernel)], [['folder#1 LIVE', 'hello#1 LIVE'], []])
  })

  for (const changed of ['hello.ts', '../parts/word.ts'])
    it(`are refused when ${changed} has changed, also by force where signatures are required`, async t => {
      const { start, file } = signed(t)
      writeFileSync(file(changed), `${FILES[changed as keyof typeof FILES]}\n`)
      const text = `could not insert module ${file('hello.ts')}: Key was rejected by service`
      const kernel = start()
      await refusal(kernel.modprobe('hello'), 'EKEYREJECTED', 'EKEYREJECTED', text)
      assert.ok(kernel.log.entries().some(({ text }) => text.includes('is not as it was signed')))
      assert.deepEqual([loaded(kernel), lettersOf(kernel)], [[], []])
      await refusal(start(true).insmod(file('hello.ts'), {}, { force: true }), 'EKEYREJECTED', 'EKEYREJECTED', text)
      await kernel.insmod(file('hello.ts'), {}, { force: true })
      assert.deepEqual([loaded(kernel), lettersOf(kernel)], [['hello#1 LIVE'], ['F', 'E']])
      assert.equal(kernel.lsmod()[0]!.taints, 'EF')
    })

  it('refuse a file that is read late and is not as it was signed, or is not signed', async t => {
    const { start, file } = signed(t)
    writeFileSync(file('../parts/later.ts'), 'export const later = 2')
    writeFileSync(file('folder/new.js'), 'export const fresh = 1')
    const kernel = start()
    await kernel.modprobe('hello')
    for (const later of kernel.point('p'))
      await assert.rejects((later as () => Promise<unknown>)(), { code: 'EKEYREJECTED' })
    await kernel.modprobe('folder')
    for (const more of kernel.point('q') as Iterable<(name: string) => Promise<object>>) {
      await assert.rejects(more('new'), { code: 'EKEYREJECTED' })
      assert.deepEqual({ ...(await more('other')) }, { other: 1 })
    }
  })

  it('need no signature of the own packages that the host has installed, and of their own ones do', async t => {
    const { folder, file, key } = signed(t)
    const text = (of: string) => `exports.of = '${of}'`
    const using = `import { of } from 'pack'\nexport const init = k => k.register('of', () => of)`
    folder.write({
      'node_modules/pack/index.js': text('host'),
      'modules/single.js': using,
      'modules/nested/package.json': '{ "name": "nested", "type": "module", "main": "index.js" }',
      'modules/nested/index.js': using,
    })
    const signedAnew = ['sign', file('single.js'), file('nested'), '--key', `${key}.pem`]
    assert.equal((await run(t, ...signedAnew)).code, 0)
    const kernel = createKernel({
      modules: folder.file('modules'),
      ownPackages: ['pack'],
      signatures: { keys: [readFileSync(`${key}.pub`, 'utf8')], required: true },
    })
    t.after(() => kernel.close())
    await kernel.modprobe('single')
    await kernel.modprobe('nested')
    assert.deepEqual(await callAll(kernel, 'of'), ['host', 'host'])
    await kernel.rmmod('nested')
    folder.write({ 'modules/nested/node_modules/pack/index.js': text('nobody') })
    await assert.rejects(kernel.modprobe('nested'), { code: 'EKEYREJECTED' })
  })

  it('keep serving when a replacement is not as it was signed, until it is signed again', async t => {
    const { start, file, key } = signed(t)
    const kernel = start()
    await kernel.modprobe('folder')
    writeFileSync(file('folder/index.js'), 'export const n = 2')
    await assert.rejects(kernel.replace('folder'), { code: 'EKEYREJECTED' })
    assert.deepEqual(loaded(kernel), ['folder#1 LIVE'])
    assert.equal((await run(t, 'sign', file('folder'), '--key', `${key}.pem`)).code, 0)
    await kernel.replace('folder')
    assert.deepEqual([loaded(kernel), lettersOf(kernel)], [['folder#2 LIVE'], []])
  })

  it('are refused when the signature itself was changed, or is none', async t => {
    const { start, file } = signed(t)
    const signature = file('hello.ts.sig')
    const text = readFileSync(signature, 'utf8')
    for (const forged of [text.replace('A. Uthor', 'Another'), text.slice(0, -4), '{}', 'null']) {
      writeFileSync(signature, forged)
      await assert.rejects(start().modprobe('hello'), { code: 'EKEYREJECTED' })
    }
  })

  it('count as unsigned when nobody knows the key', async t => {
    const { folder } = signed(t)
    const { publicKey } = generateKeyPairSync('ed25519')
    const start = (required: boolean) => {
      const kernel = createKernel({ modules: folder.file('modules'), signatures: { keys: [publicKey], required } })
      t.after(() => kernel.close())
      return kernel
    }
    const lenient = start(false)
    await lenient.modprobe('hello')
    assert.deepEqual([loaded(lenient), lettersOf(lenient)], [['hello#1 LIVE'], ['E']])
    await assert.rejects(start(true).modprobe('hello'), { code: 'EKEYREJECTED' })
  })
})

describe('unsigned modules', () => {
  it('taint a kernel that has keys, are refused where signatures are required, and are nothing special elsewhere', async t => {
    const { start, file } = signed(t)
    rmSync(file('hello.ts.sig'))
    const kernel = start()
    await kernel.modprobe('hello')
    assert.deepEqual(
      kernel.taints.map(({ letter, reason }) => `${letter} ${reason}`),
      ['E hello#1 has no valid signature'],
    )
    await assert.rejects(start(true).modprobe('hello'), { code: 'EKEYREJECTED' })
    const { kernel: plain } = stage(t, { 'a.ts': 'export const a = 1' })
    await plain.modprobe('a')
    assert.deepEqual(plain.taints, [])
  })
})

describe('keys', () => {
  it('that are none are refused when the kernel is made', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    const { privateKey } = generateKeyPairSync('ed25519')
    const bad: unknown[] = [{}, { keys: 'x' }, { keys: ['x'] }, { keys: [rsa] }, { keys: [], required: 1 }]
    for (const signatures of [...bad, { keys: [privateKey] }])
      assert.throws(() => createKernel({ signatures: signatures as never }), { code: 'EINVAL' })
  })
})

describe('the command sign', () => {
  it('shows in modinfo what it wrote', async t => {
    const { file } = signed(t)
    const signature = JSON.parse(readFileSync(file('hello.ts.sig'), 'utf8')) as Record<string, unknown>
    assert.deepEqual(Object.keys(signature.files as object), ['../parts/later.ts', '../parts/word.ts', 'hello.ts'])
    const { stdout } = await run(t, 'modinfo', file('hello.ts'))
    const fields = Object.fromEntries(stdout.split('\n').map(line => [line.slice(0, 16).trim(), line.slice(16)]))
    assert.deepEqual(
      [fields['sig_id:'], fields['signer:'], fields['sig_key:'], fields['signature:']],
      ['ed25519', 'A. Uthor', signature.key, signature.signature],
    )
    rmSync(file('hello.ts.sig'))
    assert.equal((await run(t, 'modinfo', file('hello.ts'), '-F', 'signature')).stdout, 'none\n')
  })

  it('says what is wrong', async t => {
    const { file, key } = signed(t)
    const cases: [words: string[], code: number, text: RegExp][] = [
      [[], 2, /needs modules to sign, or --new-key/],
      [[file('hello.ts')], 2, /needs --key/],
      [[file('hello.ts'), '--key', `${key}.pub`], 2, /--key: .*me\.pub/],
      [[file('missing.ts'), '--key', `${key}.pem`], 1, /could not load module .*missing\.ts: No such file/],
      [['--new-key', key], 2, /me\.pem exists/],
      [
        ['--new-key', '/no/such/me'],
        1,
        /^sign: Invalid argument: cannot write \/no\/such\/me\.pem: No such file or directory\n$/,
      ],
    ]
    for (const [words, code, text] of cases) {
      const done = await run(t, 'sign', ...words)
      assert.equal(done.code, code, done.stderr)
      assert.match(done.stderr, text)
    }
  })
})
