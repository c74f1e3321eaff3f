import { createRequire } from 'node:module'
import { createDecoder, hasContent, readVarUint } from 'lib0/decoding'
import * as Y from 'yjs'
import type { ClauseId, DocumentId, Hash, IncarnationId, LeafId, TrackId } from '#shared/ids.ts'
import { instant } from '#shared/ids.ts'
import { textHash } from '#shared/text/compose.ts'
import { keepMarks } from '#shared/text/keep-marks.ts'
import { wordsOf } from '#shared/text/leaf.ts'
import type { Bracket, ClauseView, Run, Text } from '#shared/text/structure.ts'
import { structureView } from '#shared/text/structure-view.ts'
import type { LiveText } from './documents.ts'
import { leafNameOf } from './leaf-name.ts'

/** Before it, a string that lies about its length copies foreign memory of this process into the text. */
const SAFE_LIB0 = [0, 2, 118] as const

/** Throws one sentence when the `lib0` that Yjs reads updates with is older than 0.2.118. */
export function requireSafeLib0(version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const [safeMajor, safeMinor, safePatch] = SAFE_LIB0
  const newer = major !== safeMajor ? major > safeMajor : minor !== safeMinor ? minor > safeMinor : patch >= safePatch
  if (!newer)
    throw new Error(`lib0 ${version} can leak memory into texts; install lib0 ${SAFE_LIB0.join('.')} or newer.`)
}
const fromYjs = createRequire(createRequire(import.meta.url).resolve('yjs'))
requireSafeLib0((fromYjs('lib0/package.json') as { version: string }).version)

/**
 * Opens a text from an encoded state (a snapshot, or what `buildText` made). `text` names document and incarnation;
 * its structure is not read. Throws when `state` is no state.
 */
export function openLive(track: TrackId, text: Text, state: Uint8Array): LiveText {
  return new OpenedText(track, text, state)
}

/** What a clause's hash was made of; while all of it is the same, so is the hash. */
interface Hashed {
  leaf: LeafId
  language: string
  brackets: Bracket[]
  versions: number
  hash: Hash | null
}

class OpenedText implements LiveText {
  readonly track: TrackId
  readonly document: DocumentId
  readonly incarnation: IncarnationId
  readonly #doc = new Y.Doc({ gc: true })
  #isStuck = false
  /** Taken and not applied yet: those of one batch of the log are applied in one go. */
  #taken: Uint8Array[] = []
  /** How often each leaf changed. */
  readonly #versions = new Map<string, number>()
  readonly #hashed = new Map<ClauseId, Hashed>()
  readonly #words = wordsOf(this.#doc)
  /** The whole state, until it changes. */
  #encoded: Uint8Array | null = null

  constructor(track: TrackId, text: Text, state: Uint8Array) {
    this.track = track
    this.document = text.document
    this.incarnation = text.incarnation
    // Never leased and never written under: Yjs changes a document's id when an update bears it.
    this.#doc.clientID = 0
    keepMarks(this.#doc)
    this.apply(state)
    this.#settle()
  }

  get doc(): Y.Doc {
    this.#settle()
    return this.#doc
  }

  get stuck(): boolean {
    this.#settle()
    return this.#isStuck
  }

  apply(update: Uint8Array): void {
    this.#taken.push(update)
  }

  #settle(): void {
    if (this.#taken.length === 0) return
    const updates = this.#taken
    this.#taken = []
    this.#encoded = null
    Y.transact(this.#doc, (transaction) => {
      for (const update of updates) Y.applyUpdate(this.#doc, update)
      for (const type of transaction.changed.keys()) {
        const leaf = leafNameOf(this.#doc, type) ?? ''
        this.#versions.set(leaf, (this.#versions.get(leaf) ?? 0) + 1)
      }
    })
    const { store } = this.#doc
    if (store.pendingStructs === null && store.pendingDs === null) return
    store.pendingStructs = null
    store.pendingDs = null
    this.#isStuck = true
  }

  encode(vector?: Uint8Array): Uint8Array {
    this.#settle()
    if (vector && isVector(vector)) return Y.encodeStateAsUpdate(this.#doc, vector)
    this.#encoded ??= Y.encodeStateAsUpdate(this.#doc)
    return this.#encoded
  }

  hashOf(text: Text, language: string, id: ClauseId): Hash | null {
    this.#settle()
    const clause = text.clauses[id]
    const view = viewsOf(text).get(id)
    if (!clause || !view) return null
    const brackets = bracketsOf(text).get(id) ?? []
    const versions = brackets.reduce((sum, { leaf }) => sum + this.#versionOf(leaf), this.#versionOf(clause.leaf))
    const known = this.#hashed.get(id)
    const isSame =
      known?.leaf === clause.leaf &&
      known.language === language &&
      known.versions === versions &&
      known.brackets.length === brackets.length &&
      known.brackets.every((bracket, i) => bracket === brackets[i])
    if (known && isSame) return known.hash
    const hash = textHash(view, language, this.#words)
    this.#hashed.set(id, { leaf: clause.leaf, language, brackets, versions, hash })
    return hash
  }

  words(leaf: LeafId): Run[] {
    this.#settle()
    return this.#words.runs(leaf)
  }

  #versionOf(leaf: LeafId | null): number {
    return (leaf && this.#versions.get(leaf)) ?? 0
  }
}

const viewsOfText = new WeakMap<Text, Map<ClauseId, ClauseView>>()
/** Each clause as the hash needs it: what it makes of a clause is equal for every viewer and at every instant. */
function viewsOf(text: Text): Map<ClauseId, ClauseView> {
  let views = viewsOfText.get(text)
  if (views) return views
  views = new Map()
  const waiting = structureView(text, instant(0)).articles.flatMap((article) => article.clauses)
  for (let view = waiting.pop(); view; view = waiting.pop()) {
    views.set(view.id, view)
    waiting.push(...view.items)
  }
  viewsOfText.set(text, views)
  return views
}

const bracketsOfTable = new WeakMap<Text['brackets'], Map<ClauseId, Bracket[]>>()
function bracketsOf({ brackets }: Text): Map<ClauseId, Bracket[]> {
  const grouped = bracketsOfTable.get(brackets) ?? Map.groupBy(Object.values(brackets), ({ clause }) => clause)
  bracketsOfTable.set(brackets, grouped)
  return grouped
}

/** Whether the bytes are a state vector. A client's own: a broken one is answered as none, with the whole text. */
function isVector(vector: Uint8Array): boolean {
  try {
    const decoder = createDecoder(vector)
    for (let rows = readVarUint(decoder); rows > 0; rows--) {
      readVarUint(decoder)
      readVarUint(decoder)
    }
    return !hasContent(decoder)
  } catch {
    return false
  }
}
