/**
 * Proves that whatever the kernel waits for goes through its seam (`src/kernel/seam.ts`), so that a schedule controls it. A promise that
 * comes from outside the kernel's own asynchronous functions (a module's code, files, timers, the collector, another part that wakes it up)
 * must be handed to `seam.step` where it is made; what an asynchronous function of the kernel waits for is then looked at inside that function.
 */
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const KERNEL = fileURLToPath(new URL('../src/kernel', import.meta.url))

/** Files that wait in somebody else's place, with the reason. What they give out counts as made outside. */
const OUTSIDE = {
  'seam.ts': 'is the seam',
  'gc.ts': "is the seam's collector",
  'policy_source.ts': 'reads files, as one step of whoever asks',
  'config_file.ts': 'reads files, as one step of whoever asks',
  'host_code.ts': 'runs code of the host, as one step of whoever asks',
  'depmod/catalogue.ts': 'reads files, as one step of whoever asks',
  'depmod/fingerprint.ts': 'reads files, as one step of whoever asks',
  'depmod/text_folder.ts': 'is of the command modprobe, without a kernel',
  'call_gate.ts': 'a call is waited for by its caller, not by the kernel; `drained` is',
  'flights.ts': 'the same',
  'gate_entry.ts': 'the same: it makes the functions that callers call',
  'streams.ts': 'the same: it makes the steps of a stream that callers take',
  'unload/reference_count.ts': '`zero` is what others wait for',
  'kmemleak/': 'reads a heap snapshot, as one step of whoever asks; does nothing to modules',
  'leftovers/': 'stands before what modules wait for, not the kernel; closing is looked at',
}
/** Of those, what waits in the kernel's own place all the same. */
const INSIDE = ['leftovers/leftovers.ts', 'leftovers/children.ts']

/** Functions that give out a promise for others to wait for: their calls are looked at instead. */
const GIVES_OUT = new Set(['nextChange', 'gone', 'readSource', 'admit', '#current'])

/** Functions handed from one part of the kernel to another, all of which are made of steps themselves. */
const OWN_CALLBACKS = new Set([
  'inherit',
  'begin',
  'reclaim',
  'proceed',
  'remove',
  'worker',
  'request',
  'loadDependency',
])

/** Single places, with the reason. */
const PLACES = new Map([
  ['insmod.ts: new Promise(resolve => (ended = resolve))', 'tells others, who wait for it in steps'],
  ['livepatch.ts: new Promise<void>(resolve => (ended = resolve))', 'tells others, who wait for it in steps'],
  ['make_core.ts: (await loadExplainer()).explainImage(label, {}, mark)', 'is called in a step'],
  ["explainer.ts: import('./kmemleak/index.ts')", 'is called in a step'],
  ['livepatch.ts: leaving.get(old)', 'is a removal under way, made of steps'],
  ['request.ts: this.#underWay.get(alias)', 'is a load under way, made of steps'],
])

const COMBINES = new Set(['then', 'catch', 'finally', 'all', 'allSettled', 'race', 'any', 'resolve', 'reject'])
const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'nextTick'])
const SEAM = new Set(['step', 'collect', 'loopTurn'])

const isOutside = file =>
  !INSIDE.includes(file) && Object.keys(OUTSIDE).some(key => (key.endsWith('/') ? file.startsWith(key) : file === key))

const files = readdirSync(KERNEL, { recursive: true })
  .map(file => String(file).replaceAll('\\', '/'))
  .filter(file => file.endsWith('.ts'))
  .sort()
const program = ts.createProgram(
  files.map(file => join(KERNEL, file)),
  {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  },
)
const checker = program.getTypeChecker()

const isThenable = type =>
  (type.isUnion() ? type.types : [type]).some(part => checker.getPropertyOfType(part, 'then') !== undefined)

/** The last name of what is called: `drained` of `module.gate.drained(…)`. */
const nameOf = callee =>
  ts.isPropertyAccessExpression(callee) ? callee.name.text : ts.isIdentifier(callee) ? callee.text : ''

function declarationOf(callee) {
  const symbol = checker.getSymbolAtLocation(ts.isPropertyAccessExpression(callee) ? callee.name : callee)
  const aliased = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return aliased?.declarations?.[0]
}

/** A function with a body, not a value that somebody gave. */
const isFunction = declaration =>
  declaration !== undefined &&
  (ts.isFunctionDeclaration(declaration) ||
    ts.isMethodDeclaration(declaration) ||
    (ts.isVariableDeclaration(declaration) &&
      declaration.initializer !== undefined &&
      ts.isArrowFunction(declaration.initializer)))

const kernelFileOf = declaration => {
  const path = relative(KERNEL, declaration.getSourceFile().fileName).replaceAll('\\', '/')
  return path.startsWith('..') ? undefined : path
}

/** Does this expression make a promise that nobody in the kernel settles step by step? */
function comesFromOutside(node) {
  if (ts.isNewExpression(node)) return nameOf(node.expression) === 'Promise'
  if (!ts.isCallExpression(node)) return false
  const callee = node.expression
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true
  const name = nameOf(callee)
  if (TIMERS.has(name)) return true
  if (SEAM.has(name) || COMBINES.has(name) || OWN_CALLBACKS.has(name)) return false
  const declaration = declarationOf(callee)
  const type = checker.getTypeAtLocation(node)
  if (isFunction(declaration)) {
    if (!isThenable(type)) return false
    const file = kernelFileOf(declaration)
    return file === undefined || isOutside(file) || GIVES_OUT.has(name)
  }
  // A function that somebody gave: a module's, the host's.
  const isUnknown = (type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) !== 0
  const given = declaration === undefined || kernelFileOf(declaration) !== undefined
  return isThenable(type) || (isUnknown && given)
}

/** `inTime` of a load is a step with a limit. */
const isStep = node => ts.isCallExpression(node) && ['step', 'inTime'].includes(nameOf(node.expression))

/** Is it, or the constant that it goes into, handed to the seam, or part of a function that gives it out? */
function isGoverned(node, seen = new Set()) {
  if (seen.has(node)) return false
  seen.add(node)
  for (let at = node; at.parent; at = at.parent) {
    const { parent } = at
    if (isStep(parent) && parent.arguments.includes(at)) return true
    if (ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name))
      return usesOf(parent.name).some(use => isGoverned(use, seen))
    if ((ts.isFunctionDeclaration(parent) || ts.isMethodDeclaration(parent)) && GIVES_OUT.has(parent.name?.text))
      return true
    if (ts.isFunctionDeclaration(parent) || ts.isMethodDeclaration(parent)) return false
  }
  return false
}

function usesOf(name) {
  const symbol = checker.getSymbolAtLocation(name)
  const uses = []
  const visit = node => {
    if (ts.isIdentifier(node) && node !== name && checker.getSymbolAtLocation(node) === symbol) uses.push(node)
    node.forEachChild(visit)
  }
  visit(name.getSourceFile())
  return uses
}

const faults = []
const unused = new Set(PLACES.keys())
let waits = 0
for (const file of files) {
  if (isOutside(file)) continue
  const source = program.getSourceFile(join(KERNEL, file))
  const visit = node => {
    if (isStep(node)) waits++
    if (comesFromOutside(node) && !isGoverned(node) && !unused.delete(`${file}: ${node.getText()}`)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart())
      faults.push(`src/kernel/${file}:${line + 1}: ${node.getText().split('\n')[0].slice(0, 80)} bypasses the seam`)
    }
    node.forEachChild(visit)
  }
  visit(source)
}
for (const place of unused) faults.push(`${place} is excused and not there`)
for (const fault of faults) console.error(`seam: ${fault}`)
if (faults.length > 0) process.exitCode = 1
else console.log(`seam: ${waits} steps, and the kernel waits for nothing else`)
