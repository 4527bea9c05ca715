import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isRecentTime } from '#dist/images/stamp.js'

it('a time may stand for what is there once the clock of the file system must have gone on: later where that keeps whole seconds', t => {
  const second = 1_700_000_000_000
  const recentAt = (now: number, time: number): boolean => {
    t.mock.method(Date, 'now', () => now)
    return isRecentTime(time)
  }
  const fine = second + 123.5
  assert.deepEqual([recentAt(fine + 15, fine), recentAt(fine + 25, fine)], [true, false])
  assert.deepEqual([recentAt(second + 1999, second), recentAt(second + 2001, second)], [true, false])
  // A clock that was put back reaches it once more.
  assert.equal(recentAt(second, fine + 60_000), true)
})
