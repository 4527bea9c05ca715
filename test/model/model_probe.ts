import { labelOf, type Mod, type Model, Refusal, type Steps } from './model.ts'
import { insmod } from './model_load.ts'
import { type Report, rmmod } from './model_remove.ts'
import { ALIASES, NAMES, type Name, PATHS, type Script } from './script.ts'

interface Candidate {
  readonly name: Name
  readonly alias: string | undefined
}

const folded = (name: string): string => name.replaceAll('-', '_')

/** What each alias of `ALIASES` matches, of what is asked for here. */
const matches = (alias: string, asked: string): boolean =>
  alias === ALIASES[0]
    ? asked === 'svc:one'
    : alias === ALIASES[1]
      ? asked.startsWith('svc:')
      : /^net_[ab]$/.test(folded(asked))

/** A name, or an alias of all that have it. */
export function lookup(model: Model, asked: string): Candidate[] {
  const name = folded(asked) as Name
  if (model.disk.has(name)) return [{ name, alias: undefined }]
  const found = [...NAMES].sort().filter(each => model.disk.get(each)?.aliases.some(alias => matches(alias, asked)))
  return found.map(each => ({ name: each, alias: folded(asked) }))
}

/** All that a module's file needs, directly or not. @throws Refusal ELOOP */
export function needsOf(model: Model, name: Name): Set<Name> {
  const needs = new Set<Name>()
  const visit = (each: Name, path: readonly Name[]): void => {
    if (path.includes(each)) throw new Refusal('ELOOP', '')
    for (const { from } of importsOf(model.disk.get(each)))
      if (model.disk.has(from)) {
        visit(from, [...path, each])
        needs.add(from)
      }
  }
  visit(name, [])
  return needs
}

const importsOf = (script: Script | undefined) => script?.imports ?? []

/** The same of what is only wished for: nothing where it is a circle. */
function wishesOf(model: Model, name: Name): Set<Name> | undefined {
  try {
    return needsOf(model, name)
  } catch {
    return undefined
  }
}

/** Soft dependencies of these and of all that they need, which nobody minds the failure of. */
function softOf(model: Model, names: ReadonlySet<Name>): Set<Name> {
  const seen = new Set<Name>(names)
  for (const name of seen) {
    const script = model.disk.get(name)
    for (const soft of [...(script?.pre ?? []), ...(script?.post ?? [])])
      for (const found of lookup(model, soft)) {
        const needs = wishesOf(model, found.name)
        if (!needs) continue
        seen.add(found.name)
        for (const needed of needs) seen.add(needed)
      }
  }
  return seen
}

export interface ProbeOptions {
  readonly firstTime?: boolean
  readonly useBlacklist?: boolean
}

const withoutBlacklisted = ({ settings }: Model, found: readonly Candidate[], byName: boolean): Candidate[] =>
  found.filter(({ name, alias }) => !settings.blacklist.includes(name) || (alias === undefined && !byName))

export function* modprobe(
  model: Model,
  folder: string,
  asked: string,
  params: Readonly<Record<string, unknown>>,
  options: ProbeOptions = {},
): Steps<string[]> {
  yield () => true
  const found = lookup(model, asked)
  if (found.length === 0 && model.find(folded(asked) as Name)?.state !== 'LIVE')
    throw new Refusal('ENOENT', `Module ${asked} not found in directory ${folder}`)
  return yield* insertAll(
    model,
    folder,
    withoutBlacklisted(model, found, options.useBlacklist === true),
    params,
    options,
  )
}

export function* request(model: Model, folder: string, alias: string): Steps<boolean> {
  yield () => true
  const wanted = withoutBlacklisted(model, lookup(model, alias), false)
  if (wanted.length === 0) return false
  const missing = wanted.filter(({ name }) => model.find(name)?.state !== 'LIVE')
  yield* insertAll(model, folder, missing, {}, {})
  return true
}

/** Of what this brought in nothing stays when it fails. Soft dependencies come before or after; which of them, and in which order, is told by kmod's own rules elsewhere. */
function* insertAll(
  model: Model,
  folder: string,
  wanted: readonly Candidate[],
  params: Readonly<Record<string, unknown>>,
  { firstTime }: ProbeOptions,
): Steps<string[]> {
  const brought: Mod[] = []
  function* bring(name: Name, own: Readonly<Record<string, unknown>>, isWanted: boolean): Steps<void> {
    const known = model.find(name)?.state
    if (known === 'LIVE' && isWanted && firstTime && !brought.some(mod => mod.name === name))
      throw new Refusal('EEXIST', `could not insert '${name}': Module already in kernel`)
    if (known === 'LIVE' || (known === 'GOING' && !isWanted)) return
    const given = `${folder}/${PATHS[name]}`
    yield* insmod(model, name, { given, params: own, bring: each => bring(each, {}, false) })
    const mod = model.find(name)
    if (mod) brought.push(mod)
  }
  try {
    const orders = wanted.map(({ name }) => ({ name, needs: needsOf(model, name) }))
    const soft = orders.map(({ name, needs }) => softOf(model, new Set([name, ...needs])))
    model.isLoose = true
    for (const [index, { name, needs }] of orders.entries()) {
      const order = inOrder(model, name, soft[index]!)
      for (const each of order) {
        const isRequired = each === name || needs.has(each)
        const work = bring(each, each === name ? params : {}, each === name)
        if (isRequired) yield* work
        else
          try {
            yield* work
          } catch (error) {
            if (!(error instanceof Refusal)) throw error
          }
      }
    }
    return brought.map(labelOf).sort()
  } catch (error) {
    for (const mod of brought.reverse())
      if (mod.state === 'LIVE' && model.holders(mod).length === 0)
        try {
          yield* rmmod(model, mod.name, {})
        } catch (refused) {
          if (!(refused instanceof Refusal)) throw refused
        }
    throw error
  }
}

/** Takes out what a name stands for, and all that was there only for that. */
export function* modprobeRemove(model: Model, folder: string, asked: string): Steps<Report[]> {
  yield () => true
  const found = lookup(model, asked)
  const own = folded(asked) as Name
  if (found.length === 0 && !model.find(own))
    throw new Refusal('ENOENT', `Module ${asked} not found in directory ${folder}`)
  model.isLoose = true
  const reports: Report[] = []
  for (const { name } of found.length === 0 ? [{ name: own }] : found) {
    const root = model.find(name)
    if (!root) continue
    const going = removable(model, root)
    if (!going.has(root)) reports.push(yield* rmmod(model, name, {}))
    for (let mod = leafOf(model, going); mod; mod = leafOf(model, going)) {
      going.delete(mod)
      try {
        reports.push(yield* rmmod(model, mod.name, {}))
      } catch (error) {
        if (mod === root || !(error instanceof Refusal)) throw error
      }
    }
  }
  return reports.sort((a, b) => (a.image < b.image ? -1 : 1))
}

const leafOf = (model: Model, going: ReadonlySet<Mod>): Mod | undefined =>
  [...going].find(mod => !model.holders(mod).some(holder => going.has(holder)))

/** It, what it needs and what it would have softly, as far as nobody else imports from that. */
function removable(model: Model, root: Mod): Set<Mod> {
  const names = new Set<Name>([root.name])
  for (const name of names) {
    const mod = model.find(name)
    const needs = mod ? [...mod.uses].map(used => used.name) : (wishesOf(model, name) ?? [])
    for (const needed of needs) names.add(needed)
    const { pre, post } = model.disk.get(name) ?? { pre: [], post: [] }
    for (const soft of [...pre, ...post]) for (const found of lookup(model, soft)) names.add(found.name)
  }
  const candidates = [...names].flatMap(name => model.find(name) ?? [])
  const going = new Set(candidates.filter(({ state }) => state === 'LIVE'))
  for (let before = -1; before !== going.size; ) {
    before = going.size
    for (const mod of going) if (model.holders(mod).some(holder => !going.has(holder))) going.delete(mod)
  }
  return going
}

/** What modprobe's own documentation tells of the order: `pre` before, then what is needed, itself, and `post`. */
export function inOrder(model: Model, wanted: Name, all: ReadonlySet<Name>): Name[] {
  const order: Name[] = []
  const begun = new Set<Name>()
  const append = (name: Name): void => {
    const script = model.disk.get(name)
    for (const soft of script?.pre ?? []) for (const found of lookup(model, soft)) visit(found.name)
    order.push(name)
    for (const soft of script?.post ?? []) for (const found of lookup(model, soft)) visit(found.name)
  }
  const visit = (name: Name): void => {
    if (begun.has(name) || !all.has(name)) return
    begun.add(name)
    for (const needed of needsOf(model, name)) append(needed)
    append(name)
  }
  visit(wanted)
  return [...new Set(order)]
}
