import { Session } from 'node:inspector/promises'

/** Of this bench itself, or nothing at all. */
const NOT_MEASURED = ''

/** Where time goes, by the name of the innermost function on the stack that is named here. */
const STAGES = {
  freshModule: NOT_MEASURED,
  post: NOT_MEASURED,
  '(idle)': NOT_MEASURED,
  writeFileSync: 'write the file',
  locate: 'locate the module',
  Views: 'views of globals',
  read: 'read',
  formatOf: 'format',
  readTokens: 'read the tokens',
  scanModule: 'imports and exports',
  parseModule: 'parse',
  keepLate: 'lazily loaded files',
  resolveTarget: 'resolve',
  parseInfo: 'read info',
  compileModule: 'compose the code',
  compileFunctionExpression: 'compile in V8',
  instantiate: 'instantiate',
  execute: 'evaluate',
  hookOf: 'find init and exit',
  within: 'timeouts',
  guard: 'call gates',
  rmmod: 'unload',
  withdraw: 'unload',
  finishRemoval: 'unload',
  '(garbage collector)': 'garbage collection',
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
      if (Object.hasOwn(STAGES, functionName)) return STAGES[functionName]
    }
    return 'other'
  }
  const sums = {}
  for (const [index, id] of samples.entries()) {
    const stage = stageOf(id)
    if (stage !== NOT_MEASURED) sums[stage] = (sums[stage] ?? 0) + timeDeltas[index]
  }
  return sums
}
