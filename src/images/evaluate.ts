import type { Promised } from './evaluation_status.ts'
import { type ModuleRecord, SyntheticModule } from './module_record.ts'
import { isAnyPausing } from './opened_file.ts'
import { SourceModule } from './source_module.ts'

/**
 * Evaluation of a module graph as ECMA-262 has it (16.2.1.6.1.3, Evaluate): dependencies first, once each, files of a cycle together, and
 * with top-level await siblings in parallel and parents in the order in which they were met.
 */

let asyncOrder = 0

/** As `evaluate`; undefined when the module has run to its end by now, as most do. */
export function evaluateAtOnce(record: ModuleRecord): Promise<void> | undefined {
  const ended = evaluate(record)
  return record instanceof SourceModule && record.status.is === 'evaluated' ? undefined : ended
}

/** Runs a module and what it requests. Resolves when it has run to its end; rejects, every time alike, with what it threw. */
export async function evaluate(record: ModuleRecord): Promise<void> {
  if (record instanceof SyntheticModule) record.evaluateOnce()
  else if (record instanceof SourceModule) await evaluateSource(record)
}

/**
 * Runs a module at once, for `require`.
 *
 * @param runs whether a CommonJS file is being run, by `import` or by `require`
 * @returns what `require` gives
 * @throws Error ERR_REQUIRE_ASYNC_MODULE, before anything has run, and ERR_REQUIRE_CYCLE_MODULE
 */
export function evaluateNow(module: SourceModule, runs: (file: string) => boolean): unknown {
  refuseAsync(module, runs)
  void evaluateSource(module, 'now')
  if (module.status.is === 'failed') throw module.status.error
  return module.makeRequired()
}

function refuseAsync(first: SourceModule, runs: (file: string) => boolean): void {
  const reached = new Set<ModuleRecord>([first])
  for (const module of reached) {
    const isRunning = module instanceof SourceModule ? module.status.is === 'evaluating' : runs(module.file)
    if (isRunning) throw requireError('CYCLE', `Cannot require('${first.file}'): ${module.file} is being evaluated`)
    if (!(module instanceof SourceModule) || module.status.is === 'evaluated') continue
    if (module.source.hasTopLevelAwait && module.status.is !== 'failed')
      throw requireError('ASYNC', `Cannot require('${first.file}'): ${module.file} has top-level await; import() it`)
    for (const requested of module.requested) reached.add(requested)
  }
}

const requireError = (kind: 'ASYNC' | 'CYCLE', message: string): Error =>
  Object.assign(new Error(message), { code: `ERR_REQUIRE_${kind}_MODULE` })

/** @param when in turn: after those that had to wait before they began */
function evaluateSource(module: SourceModule, when: 'now' | 'in turn' = 'in turn'): Promise<void> {
  const root =
    module.status.is === 'evaluating-async' || module.status.is === 'evaluated' ? (module.cycleRoot ?? module) : module
  if (root.topLevel) return root.topLevel.promise
  const topLevel = promised()
  root.topLevel = topLevel
  const pauses = isAnyPausing() ? pausesOf(root) : []
  if (when === 'now' || (pauses.length === 0 && !lastTurn)) begin(root, topLevel)
  else {
    const turn = Promise.all([lastTurn, ...pauses]).then(() => {
      begin(root, topLevel)
      if (lastTurn === turn) lastTurn = undefined
    })
    lastTurn = turn
  }
  return topLevel.promise
}

/** The last evaluation that had to wait before it began. Those that are asked for after it begin after it. */
let lastTurn: Promise<void> | undefined

function begin(root: SourceModule, topLevel: Promised): void {
  // Meanwhile it may have begun as a part of another module's cycle: then that is what to wait for.
  if (root.cycleRoot && root.cycleRoot !== root) {
    root.topLevel = undefined
    evaluateSource(root.cycleRoot).then(topLevel.resolve, topLevel.reject)
    return
  }
  const stack: SourceModule[] = []
  try {
    innerEvaluate(root, stack, 0)
    if (root.status.is !== 'evaluating-async') topLevel.resolve()
  } catch (error) {
    // Without an iterator: the code that failed may have taken that away from all lists.
    stack.forEach(member => {
      fail(member, error)
    })
    if (root.status.is !== 'failed') fail(root, error)
    topLevel.reject(error)
  }
}

/** What has to be waited for before anything that `root` reaches may run. */
function pausesOf(root: SourceModule): Promise<void>[] {
  const reached = new Set<ModuleRecord>([root])
  for (const module of reached)
    if (module instanceof SourceModule && module.status.is === 'linked')
      for (const requested of module.requested) reached.add(requested)
  return [...reached].flatMap(module => (module instanceof SourceModule && module.pausing ? [module.pausing] : []))
}

function promised(): Promised {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  // Whoever asked for the evaluation handles it; a second asker gets the same promise.
  promise.catch(() => {})
  return { promise, resolve, reject }
}

const fail = (module: SourceModule, error: unknown): void => {
  module.transition({ is: 'failed', error })
  module.cycleRoot ??= module
}

function innerEvaluate(module: ModuleRecord, stack: SourceModule[], index: number): number {
  if (!(module instanceof SourceModule)) {
    if (module instanceof SyntheticModule) module.evaluateOnce()
    return index
  }
  const { status } = module
  if (status.is === 'failed') throw status.error
  if (status.is !== 'linked') return index
  const own = { is: 'evaluating' as const, index, ancestorIndex: index }
  module.transition(own)
  module.pendingAsyncDependencies = 0
  index++
  stack.push(module)
  for (const requested of module.requested) {
    index = innerEvaluate(requested, stack, index)
    if (!(requested instanceof SourceModule)) continue
    let dependency = requested
    if (dependency.status.is === 'evaluating')
      own.ancestorIndex = Math.min(own.ancestorIndex, dependency.status.ancestorIndex)
    else {
      dependency = dependency.cycleRoot ?? dependency
      if (dependency.status.is === 'failed') throw dependency.status.error
    }
    // Also of a member of the same cycle that waits already.
    if (pendingOrder.has(dependency)) {
      module.pendingAsyncDependencies++
      dependency.asyncParents.push(module)
    }
  }
  const isAsync = module.pendingAsyncDependencies > 0 || module.source.hasTopLevelAwait
  const order = isAsync ? ++asyncOrder : 0
  if (isAsync) {
    pendingOrder.set(module, order)
    if (module.pendingAsyncDependencies === 0) executeAsync(module)
  } else module.execute()
  if (own.ancestorIndex !== own.index) return index
  for (;;) {
    const member = stack.pop()!
    member.transition({ is: pendingOrder.has(member) ? 'evaluating-async' : 'evaluated' })
    member.cycleRoot = module
    if (member === module) return index
  }
}

/** [[AsyncEvaluationOrder]] of modules that are not yet done; weak, since a module may be dropped while it waits. */
const pendingOrder = new WeakMap<SourceModule, number>()

function executeAsync(module: SourceModule): void {
  module.executeAsync(
    () => asyncFulfilled(module),
    error => asyncRejected(module, error),
  )
}

/** GatherAvailableAncestors: those that waited for nothing but this. */
function gatherAvailable(module: SourceModule, found: SourceModule[]): void {
  for (const parent of module.asyncParents) {
    if (found.includes(parent) || parent.cycleRoot?.status.is === 'failed') continue
    parent.pendingAsyncDependencies--
    if (parent.pendingAsyncDependencies > 0) continue
    found.push(parent)
    if (!parent.source.hasTopLevelAwait) gatherAvailable(parent, found)
  }
}

const settle = (module: SourceModule): void => {
  pendingOrder.delete(module)
  module.transition({ is: 'evaluated' })
  module.topLevel?.resolve()
}

function asyncFulfilled(module: SourceModule): void {
  if (module.status.is === 'failed') return
  const available: SourceModule[] = []
  // Parents read pending orders, so gather before this one's is dropped.
  settle(module)
  gatherAvailable(module, available)
  available.sort((a, b) => (pendingOrder.get(a) ?? 0) - (pendingOrder.get(b) ?? 0))
  for (const ancestor of available) {
    if (ancestor.status.is === 'failed') continue
    if (ancestor.source.hasTopLevelAwait) executeAsync(ancestor)
    else
      try {
        ancestor.execute()
        settle(ancestor)
      } catch (error) {
        asyncRejected(ancestor, error)
      }
  }
}

function asyncRejected(module: SourceModule, error: unknown): void {
  if (module.status.is === 'failed' || module.status.is === 'evaluated') return
  pendingOrder.delete(module)
  module.transition({ is: 'failed', error })
  module.topLevel?.reject(error)
  for (const parent of module.asyncParents) asyncRejected(parent, error)
}
