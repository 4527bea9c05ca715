import { Session } from 'node:inspector/promises'

/** Where time goes, by the name of the innermost function on the stack that is named here. */
const STAGES = {
  writeFileSync: 'write the file',
  locate: 'locate',
  createViews: 'views of globals',
  read: 'read',
  scanModule: 'scan',
  parseModule: 'parse',
  resolveTarget: 'resolve',
  forgetDisk: 'resolve',
  isModule: 'resolve',
  formatOf: 'format by package.json',
  parseInfo: 'read info',
  applyEdits: 'compile',
  compileModule: 'compile',
  compileUncached: 'compile in V8',
  execute: 'evaluate',
  readHooks: 'namespace and hooks',
  get: undefined,
  finishRemoval: 'unload',
  withdraw: 'unload',
  rmmod: 'unload',
  freshModule: 'make the text (not in the figures)',
  '(garbage collector)': 'garbage collection',
  '(idle)': undefined,
}

const INTERVAL_US = 100

/** Microseconds of CPU that `run` took, by stage. */
export async function profileStages(run) {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US })
  await session.post('Profiler.start')
  await run()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  return sumByStage(profile)
}

function sumByStage({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map(child => [child, id])))
  const stageOf = id => {
    for (let at = id; at !== undefined; at = parents.get(at)) {
      const { functionName } = byId.get(at).callFrame
      if (functionName in STAGES) return STAGES[functionName]
    }
    return 'other'
  }
  const sums = {}
  for (const [index, id] of samples.entries()) {
    const stage = stageOf(id)
    if (stage !== undefined) sums[stage] = (sums[stage] ?? 0) + timeDeltas[index]
  }
  return sums
}
