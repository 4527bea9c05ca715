import { parentPort, workerData } from 'node:worker_threads'
import {
  type CallCount,
  countOf,
  FREED,
  LOCK,
  memoryOf,
  OUT_OF_IMAGES,
  PRESENT,
  STOP,
  TABLE,
  type Task,
  type UnloadCount,
} from './shared.ts'

const { scheme, role, shared, calls: most, images } = workerData as Task
const words = new Int32Array(shared)
const load = (at: number) => Atomics.load(words, at)
const store = (at: number, value: number) => Atomics.store(words, at, value)
const isGone = (image: number) => load(memoryOf(image)) !== PRESENT
const isStopped = () => load(STOP) !== 0

/** False when the threads are to stop before it had the lock. */
function lock(): boolean {
  while (Atomics.compareExchange(words, LOCK, 0, 1) !== 0) if (isStopped()) return false
  return true
}

const unlock = () => store(LOCK, 0)

/** The body of a module's function: something to be in the middle of. Returns true when its code went meanwhile. */
function runsGoneCode(image: number): boolean {
  for (let instruction = 0; instruction < 8; instruction++) if (isGone(image)) return true
  return false
}

/**
 * One call each: true when the code went while the thread was in it, undefined when there was no module to call. What is
 * a step in the models is an atomic operation here.
 */
const callers = {
  inside(): boolean | undefined {
    const f = load(TABLE)
    if (f === 0) return undefined
    let gone = isGone(f)
    Atomics.add(words, countOf(f), 1)
    gone = runsGoneCode(f) || gone
    Atomics.sub(words, countOf(f), 1)
    return isGone(f) || gone
  },
  outside(): boolean | undefined {
    if (!lock()) return undefined
    const f = load(TABLE)
    const counted = f !== 0 && tryModuleGet(f)
    unlock()
    if (!counted) return undefined
    const gone = runsGoneCode(f)
    Atomics.sub(words, countOf(f), 1)
    return gone
  },
  retain(): boolean | undefined {
    const f = load(TABLE)
    return f === 0 ? undefined : runsGoneCode(f)
  },
}

/**
 * A count of 1 means loaded and idle, 0 means that rmmod has taken it; going up from 0 is refused. So testing the count
 * and becoming GOING is one compare-and-exchange, as in the kernel since 3.19.
 */
function tryModuleGet(image: number): boolean {
  for (;;) {
    const count = load(countOf(image))
    if (count === 0) return false
    if (Atomics.compareExchange(words, countOf(image), count, count + 1) === count) return true
  }
}

/** rmmod of the image, each its own way; false when refused. */
const removers = {
  inside(image: number): boolean {
    if (load(countOf(image)) !== 0) return false
    store(TABLE, 0)
    store(memoryOf(image), FREED)
    return true
  },
  outside(image: number): boolean {
    if (Atomics.compareExchange(words, countOf(image), 1, 0) !== 1) return false
    if (!lock()) return false
    store(TABLE, 0)
    unlock()
    store(memoryOf(image), FREED)
    return true
  },
  retain(_image: number): boolean {
    store(TABLE, 0)
    return true
  },
}

function insmod(image: number): void {
  store(memoryOf(image), PRESENT)
  if (scheme === 'outside') {
    store(countOf(image), 1)
    if (!lock()) return
    store(TABLE, image)
    unlock()
  } else store(TABLE, image)
}

function makeCalls(): CallCount {
  const call = callers[scheme]
  let turnedAway = 0
  let gone = 0
  let calls = 0
  while (calls < most && !isStopped()) {
    const outcome = call()
    if (outcome === undefined) {
      turnedAway++
      continue
    }
    calls++
    if (outcome) gone++
  }
  return { calls, turnedAway, gone }
}

/** Leaves the module in for a while, each image for another length of time, so that calls find it. */
function staysLoaded(image: number): void {
  for (let i = (image % 61) * 16; i > 0; i--) load(TABLE)
}

function unloadUntilStopped(): UnloadCount {
  const remove = removers[scheme]
  let refused = 0
  let image = 1
  while (!isStopped()) {
    staysLoaded(image)
    if (image === images) store(STOP, OUT_OF_IMAGES)
    else if (remove(image)) insmod(++image)
    else refused++
  }
  return { unloads: image - 1, refused }
}

if (role === 'unloads') insmod(1)
parentPort?.once('message', () => parentPort?.postMessage(role === 'calls' ? makeCalls() : unloadUntilStopped()))
