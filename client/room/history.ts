import * as Y from 'yjs'
import { type BracketId, type LeafId, leafOf } from '#shared/ids.ts'
import type { StructureView } from '#shared/text/structure.ts'
import { clausesOf } from '#shared/text/structure-view.ts'
import { type Plan, planInsert, type Sheet, type Step, type TypedCommand } from './plan.ts'
import { bracketNamed, lengthOf, placedRuns } from './sheet.ts'

type Opened = Extract<TypedCommand, { kind: 'insert' }>
type Struck = Extract<TypedCommand, { kind: 'delete' }>
/** A strike that grew, and the strike as it was before. */
interface Grown {
  command: Extract<TypedCommand, { type: 'ExtendStrike' }>
  was: Struck
}

/** One step that can be taken back: words in the document, brackets that they opened, strikes. */
interface Done {
  words: boolean
  opened: Opened[]
  struck: Struck[]
  grown: Grown[]
}
/** A step that was taken back: the words of brackets that closed with it come again in new brackets. */
interface Undone extends Done {
  closed: Revival[]
}
interface Revival {
  host: LeafId
  index: number
  words: string
}

export interface HistoryPorts {
  now(): number
  sheet(): Sheet
  carryOut(steps: Step[]): void
  changed(): void
}

/** Typing within this joins the step before it. */
const CAPTURE_MS = 500

/**
 * What this seat did in one document, step by step, brackets and words as one. Only its own words are taken back: what others
 * typed inside them stays. Commands are taken back by commands, so the server's rules hold for undo as for everything.
 */
export class History {
  readonly #words: Y.UndoManager
  readonly #ports: HistoryPorts
  #done: Done[] = []
  #undone: Undone[] = []
  #lastAt = 0
  /** Strikes that stand under another name since a step was taken back. */
  readonly #renamed = new Map<BracketId, BracketId>()

  /** Changes of `doc` with this `origin` are this seat's. */
  constructor(doc: Y.Doc, origin: unknown, ports: HistoryPorts) {
    const captureTimeout = Number.POSITIVE_INFINITY
    this.#words = new Y.UndoManager(doc, { trackedOrigins: new Set([origin]), captureTimeout })
    this.#ports = ports
  }

  get canUndo(): boolean {
    return this.#done.length > 0
  }
  get canRedo(): boolean {
    return this.#undone.length > 0
  }
  stopCapturing(): void {
    this.#words.stopCapturing()
    this.#lastAt = 0
  }
  clear(): void {
    this.#words.destroy()
    this.#done = []
    this.#undone = []
  }

  /** Does `run`, which carries out `plan`, as one step; plain typing and a strike that goes on growing join the step before. */
  step(plan: Plan, run: () => void): void {
    const now = this.#ports.now()
    if (now - this.#lastAt >= CAPTURE_MS) this.stopCapturing()
    const asks = plan.steps.flatMap((step) => (step.do === 'ask' ? [step.command] : []))
    const step = { words: false, ...this.#asked(asks) }
    const goesOn = this.#lastAt > 0 && this.#growsOn(step, asks)
    if (asks.length > 0) this.#words.stopCapturing()
    const before = this.#words.undoStack.length
    run()
    step.words = this.#words.undoStack.length > before
    this.#lastAt = now
    if (!goesOn && (step.words || step.struck.length + step.grown.length > 0)) this.#done.push(step)
    this.#undone = []
    this.#ports.changed()
  }
  #asked(asks: TypedCommand[]): Omit<Done, 'words'> {
    const { structure } = this.#ports.sheet()
    const grown = asks.flatMap((command): Grown[] => {
      if (command.type !== 'ExtendStrike') return []
      const was = strikeAsOpened(structure, command)
      return was ? [{ command, was }] : []
    })
    return {
      opened: asks.filter((command): command is Opened => 'kind' in command && command.kind === 'insert'),
      struck: asks.filter((command): command is Struck => 'kind' in command && command.kind === 'delete'),
      grown,
    }
  }
  /** Whether this only lets the strike of the step before grow further: then that step is taken back whole. */
  #growsOn({ grown }: Done, asks: TypedCommand[]): boolean {
    const last = this.#done.at(-1)
    const [only] = grown
    if (!last || !only || asks.length !== 1) return false
    const { bracket, struck } = only.command
    const same = last.grown.find(({ command }) => command.bracket === bracket)
    if (same) same.command = { ...same.command, struck }
    const opened = last.struck.find((command) => command.bracket === bracket)
    if (opened) opened.struck = struck
    return same !== undefined || opened !== undefined
  }

  undo(): void {
    const step = this.#done.pop()
    if (!step) return
    const before = this.#ports.sheet()
    const places = step.opened.map(({ bracket, host }) => revivalOf(before, bracket, host))
    if (step.words) this.#words.undo()
    this.#agree(this.#done, this.#words.undoStack.length)
    const closing = step.opened.map((command) => this.#isEmptied(command))
    this.#ports.carryOut([
      ...step.struck.flatMap((command) => this.#withdrawn(command)),
      ...step.grown.flatMap((grown) => this.#shrunk(grown)),
      ...step.opened.flatMap(({ track, bracket }, nth): Step[] =>
        closing[nth] ? [{ do: 'ask', command: { type: 'CloseEmptyBracket', track, bracket } }] : [],
      ),
    ])
    this.#undone.push({ ...step, closed: places.flatMap((place, nth) => (closing[nth] && place ? [place] : [])) })
    this.stopCapturing()
    this.#ports.changed()
  }

  redo(): void {
    const step = this.#undone.pop()
    if (!step) return
    this.stopCapturing()
    if (step.closed.length > 0) this.#revive(step)
    else {
      if (step.words) this.#words.redo()
      this.#agree(this.#undone, this.#words.redoStack.length)
      this.#done.push({ words: step.words, opened: step.opened, ...this.#struckAgain(step) })
    }
    this.stopCapturing()
    this.#ports.changed()
  }

  #isEmptied(command: Opened): boolean {
    const sheet = this.#ports.sheet()
    return stands(sheet, command.bracket) && lengthOf(sheet, leafOf(command.bracket)) === 0
  }
  #now(bracket: BracketId): BracketId {
    let now = bracket
    for (let next = this.#renamed.get(now); next; next = this.#renamed.get(now)) now = next
    return now
  }
  #withdrawn({ track, bracket }: Struck): Step[] {
    const now = this.#now(bracket)
    if (!stands(this.#ports.sheet(), now)) return []
    return [{ do: 'ask', command: { type: 'WithdrawBracket', track, bracket: now } }]
  }
  /** A strike cannot shrink: it goes, and comes again as it was. */
  #shrunk({ was }: Grown): Step[] {
    const gone = this.#withdrawn(was)
    if (gone.length === 0) return []
    return [...gone, { do: 'ask', command: this.#again(was) }]
  }
  #again(command: Struck): Struck {
    const bracket = this.#ports.sheet().mint()
    this.#renamed.set(this.#now(command.bracket), bracket)
    return { ...command, bracket }
  }
  #struckAgain(step: Done): Pick<Done, 'struck' | 'grown'> {
    const struck = step.struck.map((command) => this.#again(command))
    const sheet = this.#ports.sheet()
    const grown = step.grown
      .map(({ command, was }) => ({ command: { ...command, bracket: this.#now(command.bracket) }, was }))
      .filter(({ command }) => stands(sheet, command.bracket))
    this.#ports.carryOut([...struck, ...grown.map(({ command }) => command)].map((command) => ({ do: 'ask', command })))
    return { struck, grown }
  }

  /** A bracket that closed does not open again: its words go into a new one. Words undone before it cannot come back after it. */
  #revive(step: Undone): void {
    const before = this.#words.undoStack.length
    const opened: Opened[] = []
    for (const { host, index, words } of step.closed) {
      const plan = planInsert(this.#ports.sheet(), { leaf: host, index }, words)
      if (!plan.ok) continue
      this.#ports.carryOut(plan.value.steps)
      for (const one of plan.value.steps)
        if (one.do === 'ask' && 'kind' in one.command && one.command.kind === 'insert') opened.push(one.command)
    }
    const again = this.#struckAgain(step)
    const words = this.#words.undoStack.length > before
    if (words || again.struck.length + again.grown.length > 0) this.#done.push({ words, opened, ...again })
    this.#undone = this.#undone.filter((other) => !other.words)
  }

  /** Yjs passes over steps of which nothing is left: so do we. */
  #agree(steps: Done[], words: number): void {
    for (let extra = steps.filter((step) => step.words).length - words; extra > 0; extra--) {
      const at = steps.findLastIndex((step) => step.words)
      steps.splice(at, 1)
    }
  }
}

const stands = ({ structure }: Sheet, bracket: BracketId): boolean => bracketNamed(structure, bracket) !== null

/** The strike, as it stands before it grows, as the command that would open it. */
function strikeAsOpened(structure: StructureView, { track, bracket }: Grown['command']): Struck | null {
  for (const clause of clausesOf(structure)) {
    const found = clause.brackets.find(({ id }) => id === bracket)
    if (!found?.struck) continue
    const { host, struck } = found
    return { type: 'OpenBracket', track, bracket, clause: clause.id, host, kind: 'delete', struck }
  }
  return null
}

/** The bracket's words and its place, while it stands. */
function revivalOf(sheet: Sheet, bracket: BracketId, host: LeafId): Revival | null {
  const leaf = bracketNamed(sheet.structure, bracket)?.leaf
  if (!leaf) return null
  const words = sheet.words
    .runs(leaf)
    .map((run) => ('words' in run ? run.words : ''))
    .join('')
  for (const { run, index } of placedRuns(sheet, host))
    if ('bracket' in run && run.bracket === bracket) return { host, index, words }
  return null
}
