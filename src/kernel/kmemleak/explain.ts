import { type Anchor, type HolderKind, INTERNAL_KINDS, isGone, rankOf } from './anchor.ts'
import { type Held, HeldPieces } from './held.ts'
import type { ImageInHeap } from './image_nodes.ts'
import type { Leads } from './leads.ts'
import type { Labels } from './names.ts'
import type { Places } from './places.ts'
import type { Path } from './retainers.ts'
import { CLOSURE, type HeapSnapshot, PROPERTY, SYNTHETIC } from './snapshot.ts'
import { shortPlace, Wording } from './wording.ts'

/** A thing on the way from a holder to an image. */
export interface PathStep {
  /** How it is reached from the one before: a property, an index, the name of a variable, or V8's word. */
  readonly edge: string
  /** A class, the name of a function, or V8's word for the thing. */
  readonly node: string
  readonly place?: string
}

/** One thing that keeps an image in memory. */
export interface Holder {
  readonly kind: HolderKind
  /** In words: from the name of what holds it to the function or object of the image. */
  readonly text: string
  /** Where that name is: `file:line:column`, or a file. */
  readonly place?: string
  /** The piece of the image that is held. */
  readonly held: Held
  readonly path: readonly PathStep[]
  /** How many pieces of the image are held in this way, by the same thing. */
  readonly count: number
  /** Other names by which the same is kept. */
  readonly also: readonly string[]
}

interface Draft {
  readonly path: Path
  readonly kind: HolderKind
  readonly stops: readonly string[]
  readonly held: Held
  readonly targets: ReadonlySet<number>
}

/** All that has one text. */
interface Sort {
  draft: Draft
  readonly targets: Set<number>
  /** Those that are in `targets` already: paths through one collection share theirs. */
  readonly added: Set<ReadonlySet<number>>
}

/** Kinds that are worth telling as another name of the same thing. */
const ALSO: ReadonlySet<HolderKind> = new Set<HolderKind>(['timer', 'global', 'package', 'variable', 'module'])
const ALSO_LIMIT = 6

/** Puts paths into words. */
export class Explainer {
  readonly #snapshot: HeapSnapshot
  readonly #places: Places
  readonly #wording: Wording
  readonly #pieces: HeldPieces
  readonly #leads: Leads

  constructor(snapshot: HeapSnapshot, labels: Labels, places: Places, image: ImageInHeap, leads: Leads) {
    this.#snapshot = snapshot
    this.#places = places
    this.#wording = new Wording(snapshot, labels, places)
    this.#pieces = new HeldPieces(snapshot, labels, places, image)
    this.#leads = leads
  }

  /** Best first: what the program's author can name and change before what he cannot, short ways before long ones. Alike ones are one. */
  explain(paths: readonly Path[]): Holder[] {
    const sorts = new Map<string, Sort>()
    for (const path of paths) {
      const { key, draft } = this.#draft(path)
      let sort = sorts.get(key)
      if (!sort) sorts.set(key, (sort = { draft, targets: new Set(), added: new Set() }))
      if (path.edges.length < sort.draft.path.edges.length) sort.draft = draft
      if (sort.added.has(draft.targets)) continue
      sort.added.add(draft.targets)
      for (const target of draft.targets) sort.targets.add(target)
    }
    return [...sorts.values()]
      .map(({ draft, targets }): Draft => ({ ...draft, targets }))
      .sort(
        (a, b) =>
          Number(isGone(a.path.anchor)) - Number(isGone(b.path.anchor)) ||
          rankOf(a) - rankOf(b) ||
          a.stops.length - b.stops.length ||
          b.targets.size - a.targets.size,
      )
      .filter(this.#isFirstOfItsSource())
      .map(draft => this.#holder(draft))
  }

  /** Who clears a timer or closes a handle ends every way from there, so one is told: the best. */
  #isFirstOfItsSource(): (draft: Draft) => boolean {
    const told = new Set<number>()
    return ({ path }) => {
      const source = this.#sourceOf(path)
      if (source === undefined) return true
      const isFirst = !told.has(source)
      told.add(source)
      return isFirst
    }
  }

  #sourceOf({ anchor, edges }: Path): number | undefined {
    const snapshot = this.#snapshot
    const from = snapshot.edgeFrom(edges[0]!)
    if (anchor.kind === 'timer') return from
    return anchor.kind === 'native' && snapshot.nodeKind[from] === SYNTHETIC ? snapshot.edgeTo[edges[0]!]! : undefined
  }

  #draft(path: Path): { key: string; draft: Draft } {
    const { stops, pattern } = this.#stops(path)
    const kind = this.#kind(path)
    const held = this.#pieces.describe(this.#snapshot.edgeTo[path.edges.at(-1)!]!)
    return { key: `${kind} ${pattern.join(' ')}`, draft: { path, kind, stops, held, targets: path.targets } }
  }

  /** The way in words, from the name of what holds, without what is held. */
  #stops(path: Path): { stops: string[]; pattern: string[] } {
    const { anchor } = path
    const name = [anchor.noun, anchor.name].filter(Boolean).join(' ')
    let where = anchor.where === undefined ? '' : ` in ${shortPlace(anchor.where)}`
    let head = name
    const stops: string[] = []
    const pattern = [name, where]
    for (const index of path.edges.keys()) {
      // How Outlive is put together inside is of no interest.
      const word = anchor.kind === 'outlive' ? undefined : this.#wording.word(path, index)
      if (!word) continue
      pattern.push(word.pattern)
      if (word.is === 'joined') head += word.text
      else {
        stops.push(head + where)
        where = word.where
        head = word.text
      }
    }
    stops.push(head + where)
    return { stops, pattern }
  }

  /** A listener is told as such wherever its emitter is, and so is what waits for a promise. */
  #kind({ anchor, edges }: Path): HolderKind {
    const snapshot = this.#snapshot
    if (INTERNAL_KINDS.has(anchor.kind) || anchor.kind === 'timer' || anchor.kind === 'unknown') return anchor.kind
    let kind = anchor.kind
    for (const edge of edges) {
      if (snapshot.edgeKind[edge] === PROPERTY && EVENTS.has(String(snapshot.edgeLabel(edge)))) return 'listener'
      if (snapshot.name(snapshot.edgeTo[edge]!) === 'system / PromiseReaction') kind = 'promise'
    }
    return kind
  }

  #holder({ path, kind, stops, held, targets }: Draft): Holder {
    const { anchor, also } = path
    const last = `${held.name}${held.place === undefined ? '' : `, ${shortPlace(held.place)}`}`
    const more = targets.size > 1 ? `, and ${targets.size - 1} more like this` : ''
    const own = nameOf(anchor)
    const lead = isGone(anchor) ? this.#leads.to(this.#snapshot.edgeFrom(path.edges[0]!)) : undefined
    const before = lead ? this.#stops({ ...path, anchor: lead.anchor, edges: this.#leads.upToImage(lead) }).stops : []
    const place = this.#placeOf(lead?.anchor ?? anchor)
    const names = new Set(also.filter(other => ALSO.has(other.kind)).map(nameOf))
    names.delete(own)
    return {
      kind,
      text: `${[...before, ...stops, last].join(' -> ')}${more}`,
      ...(place === undefined ? {} : { place }),
      held,
      path: [...(lead?.edges ?? []), ...path.edges].map(edge => this.#step(edge)),
      count: targets.size,
      also: [...names].slice(0, ALSO_LIMIT),
    }
  }

  #placeOf({ declaredIn, name, place }: Anchor): string | undefined {
    return declaredIn ? this.#places.placeOfVariable(declaredIn, name) : place
  }

  #step(edge: number): PathStep {
    const to = this.#snapshot.edgeTo[edge]!
    const place = this.#snapshot.nodeKind[to] === CLOSURE ? this.#places.placeOf(to) : undefined
    return {
      edge: this.#wording.plainLabel(edge),
      node: this.#wording.plainName(to),
      ...(place === undefined ? {} : { place }),
    }
  }
}

/** Tables of listeners: of an EventEmitter, and of an EventTarget. */
const EVENTS: ReadonlySet<string> = new Set(['_events', '<symbol kEvents>'])

const nameOf = ({ noun, name, where }: Anchor): string =>
  `${[noun, name].filter(Boolean).join(' ')}${where === undefined ? '' : ` in ${shortPlace(where)}`}`
