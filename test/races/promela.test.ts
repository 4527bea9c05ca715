import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createModel, explore, MODEL_NAMES } from '#dist/races/index.js'

const folder = fileURLToPath(new URL('../../../test/promela/', import.meta.url))

const has = (command: string, flag: string) => spawnSync(command, [flag]).status === 0
const missing = ['spin -V', 'gcc --version'].filter(line => {
  const [command, flag] = line.split(' ')
  return !has(command!, flag!)
})
const skip = missing.length > 0 && `not here: ${missing.map(line => line.split(' ')[0]).join(', ')}`

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error ?? ''}${stdout}${stderr}`)
  return stdout
}

/** What spin says of a model, which was searched to the end unless it has an error. */
function check(name: string): 'race' | 'none' {
  const cwd = mkdtempSync(join(tmpdir(), 'outlive-promela-'))
  try {
    run(cwd, 'spin', '-a', join(folder, `${name}.pml`))
    run(cwd, 'gcc', '-O1', '-DSAFETY', '-o', 'pan', 'pan.c')
    const report = run(cwd, './pan', '-m10000')
    assert.doesNotMatch(report, /max search depth too small/)
    const errors = /errors: (\d+)/.exec(report)
    assert.ok(errors, report)
    if (errors[1] !== '0') {
      assert.match(report, /assertion violated/)
      return 'race'
    }
    assert.doesNotMatch(report, /Search not completed/)
    return 'none'
  } finally {
    rmSync(cwd, { recursive: true })
  }
}

describe('spin, on models written apart', () => {
  it('has one for each scheme', () => {
    const files = readdirSync(folder).filter(file => file.endsWith('.pml'))
    assert.deepEqual(files.sort(), MODEL_NAMES.map(name => `${name}.pml`).sort())
  })

  for (const name of MODEL_NAMES)
    it(`finds of ${name} what the explorer finds`, { skip }, () => {
      assert.equal(check(name), explore(createModel(name)).verdict)
    })
})
