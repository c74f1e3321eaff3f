import * as Y from 'yjs'
import { type BracketId, type LeafId, leafOf } from '#shared/ids.ts'
import { clausesOf } from '#shared/text/structure-view.ts'
import { type Plan, planInsert, type Sheet, type Step, type TypedCommand } from './plan.ts'
import { homeOf, lengthOf, placedRuns } from './sheet.ts'

type Opened = Extract<TypedCommand, { kind: 'insert' }>
type Struck = Extract<TypedCommand, { kind: 'delete' }>

/** One step that can be taken back: words in the document, brackets that they opened, strikes. */
interface Done {
  words: boolean
  opened: Opened[]
  struck: Struck[]
}
/** A step that was taken back: the words of brackets it had opened come again as new brackets. */
interface Undone extends Done {
  revived: { host: LeafId; index: number; words: string }[]
}

export interface HistoryPorts {
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

  /** Changes of `doc` with this `origin` are this seat's. */
  constructor(doc: Y.Doc, origin: unknown, ports: HistoryPorts) {
    this.#words = new Y.UndoManager(doc, { trackedOrigins: new Set([origin]), captureTimeout: CAPTURE_MS })
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
  }
  clear(): void {
    this.#words.destroy()
    this.#done = []
    this.#undone = []
  }

  /** Does `run`, which carries out `plan`, as one step; plain typing joins the step before it. */
  step(plan: Plan, run: () => void): void {
    const asks = plan.steps.flatMap((step) => (step.do === 'ask' ? [step.command] : []))
    const opened = asks.filter((command): command is Opened => 'kind' in command && command.kind === 'insert')
    const struck = asks.filter((command): command is Struck => 'kind' in command && command.kind === 'delete')
    const isOwnStep = asks.length > 0
    if (isOwnStep) this.#words.stopCapturing()
    const before = this.#words.undoStack.length
    run()
    const words = this.#words.undoStack.length > before
    if (words || struck.length > 0) this.#done.push({ words, opened, struck })
    this.#undone = []
    this.#ports.changed()
  }

  undo(): void {
    const step = this.#done.pop()
    if (!step) return
    const sheet = this.#ports.sheet()
    const revived = step.opened.flatMap(({ bracket, host }) => revivable(sheet, bracket, host))
    if (step.words) this.#words.undo()
    this.#agree(this.#done, this.#words.undoStack.length)
    this.#ports.carryOut([...step.struck, ...step.opened].flatMap((command) => this.#takenBack(command)))
    this.#undone.push({ ...step, revived })
    this.#ports.changed()
  }

  redo(): void {
    const step = this.#undone.pop()
    if (!step) return
    this.#words.stopCapturing()
    if (step.opened.length > 0) this.#revive(step)
    else {
      if (step.words) this.#words.redo()
      this.#agree(this.#undone, this.#words.redoStack.length)
      const struck = step.struck.map((command) => ({ ...command, bracket: this.#ports.sheet().mint() }))
      this.#ports.carryOut(struck.map((command) => ({ do: 'ask', command })))
      this.#done.push({ words: step.words, opened: [], struck })
    }
    this.#words.stopCapturing()
    this.#ports.changed()
  }

  #takenBack(command: Opened | Struck): Step[] {
    const sheet = this.#ports.sheet()
    const { track, bracket } = command
    if (!stands(sheet, command)) return []
    if (command.kind === 'delete') return [{ do: 'ask', command: { type: 'WithdrawBracket', track, bracket } }]
    const isEmpty = lengthOf(sheet, leafOf(bracket)) === 0
    return isEmpty ? [{ do: 'ask', command: { type: 'CloseEmptyBracket', track, bracket } }] : []
  }

  /** A bracket that closed does not open again: its words go into a new one. What was undone before can not come back after it. */
  #revive(step: Undone): void {
    const before = this.#words.undoStack.length
    const opened: Opened[] = []
    for (const { host, index, words } of step.revived) {
      const plan = planInsert(this.#ports.sheet(), { leaf: host, index }, words)
      if (!plan.ok) continue
      this.#ports.carryOut(plan.value.steps)
      for (const one of plan.value.steps)
        if (one.do === 'ask' && 'kind' in one.command && one.command.kind === 'insert') opened.push(one.command)
    }
    if (this.#words.undoStack.length > before) this.#done.push({ words: true, opened, struck: [] })
    this.#undone = this.#undone.filter(({ words }) => !words)
  }

  /** Yjs passes over steps of which nothing is left: so do we. */
  #agree(steps: Done[], words: number): void {
    for (let extra = steps.filter((step) => step.words).length - words; extra > 0; extra--) {
      const at = steps.findLastIndex((step) => step.words)
      steps.splice(at, 1)
    }
  }
}

const stands = ({ structure }: Sheet, { bracket }: Opened | Struck): boolean =>
  [...clausesOf(structure)].some(({ brackets }) => brackets.some(({ id }) => id === bracket))

/** The bracket's words and its place, while it stands. */
function revivable(sheet: Sheet, bracket: BracketId, host: LeafId): { host: LeafId; index: number; words: string }[] {
  const home = homeOf(sheet, host)
  const found = home?.clause.brackets.find(({ id }) => id === bracket)
  if (!found?.leaf) return []
  const words = sheet.words
    .runs(found.leaf)
    .map((run) => ('words' in run ? run.words : ''))
    .join('')
  for (const { run, index } of placedRuns(sheet, host))
    if ('bracket' in run && run.bracket === bracket) return [{ host, index, words }]
  return []
}
