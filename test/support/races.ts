import * as Y from 'yjs'
import { type Plan, planInsert, planRemove, type Sheet, type Spot, type Step } from '#client/room/plan.ts'
import { buildText, leavesOf, rebase } from '#server/documents/build.ts'
import type { TextCommand } from '#shared/domain/commands.ts'
import type { Event } from '#shared/domain/events.ts'
import { evolveText } from '#shared/domain/structure.ts'
import { type AskId, type IncarnationId, instant, type LeafId, type SeatId } from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import { textHash } from '#shared/text/compose.ts'
import { indexAfter, insertAt, itemAt, openLeaf, wordsOf } from '#shared/text/leaf.ts'
import { leafRightsInView } from '#shared/text/rights.ts'
import { FORMATS, type Run } from '#shared/text/structure.ts'
import { clausesOf, structureView } from '#shared/text/structure-view.ts'
import { cut, type Down, Racer, showsIn } from './racer.ts'
import { count, emptyTally, type Tally } from './tally.ts'
import { A, B, M, type seeded, TextRoom, TRACK } from './text-room.ts'

/**
 * Three people in one text, each behind a link of their own that delays, and at times holds, what goes through it. They
 * type, strike and ask as the real client plans it, and see their own acts at once. All chance comes from one seed.
 */

export interface RunOptions {
  seed: number
  operations: number
  /** Milliseconds between two operations, at most. */
  pace: number
  levels: [Level, Level, Level]
  /** Whether brackets are accepted and clauses split, merged, added and removed meanwhile. */
  moves: boolean
}

/** Unique characters, one UTF-16 unit each, none of which any other step makes. */
const FIRST_CHARACTER = 0x3400

export class Races {
  readonly room: TextRoom
  readonly people: Racer[]
  readonly tally = emptyTally()
  readonly #random: ReturnType<typeof seeded>
  readonly #options: RunOptions
  readonly #seedWords: string
  /** Characters typed so far, and those that someone meant to delete, withdraw or strike. */
  #next = FIRST_CHARACTER
  readonly #erased = new Set<string>()
  #now = 0

  constructor(options: RunOptions, random: ReturnType<typeof seeded>) {
    const [first, second, third] = options.levels
    this.#options = options
    this.#random = random
    this.room = new TextRoom({ seed: options.seed, levels: { [A]: first, [B]: second, [M]: third }, text: SEED })
    this.people = [
      new Racer(this.room, 'tavira-head', A, first, 3_000_001),
      new Racer(this.room, 'council-head', B, second, 3_000_002),
      new Racer(this.room, 'union-mediator', M, third, 3_000_003),
    ]
    this.#seedWords = this.baseWords()
  }

  baseWords(): string {
    const words = (run: Run): string => ('words' in run ? run.words : '')
    return this.room.clauses.map(({ leaf }) => this.room.live.words(leaf).map(words).join('')).join('\n')
  }
  get baseUnchanged(): boolean {
    return this.baseWords() === this.#seedWords
  }

  run(): Tally {
    for (let i = 0; i < this.#options.operations; i++) {
      this.#now += this.#upTo(this.#options.pace)
      this.#deliver(this.#now)
      const person = this.#oneOf(this.people)
      if (person) this.#operate(person)
      if (this.#upTo(150) === 0) this.#cut()
    }
    this.#drain()
    this.#judge()
    return this.tally
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }
  #oneOf<T>(list: T[]): T | undefined {
    return list[this.#upTo(list.length)]
  }

  /* ---- what people do ---- */

  #operate(person: Racer): void {
    const dice = this.#random.next()
    if (dice < 0.72) this.#type(person)
    else if (dice < 0.88) this.#remove(person)
    else if (dice < 0.91) this.#withdraw(person)
    else if (dice < 0.93) this.#format(person)
    else if (this.#options.moves) this.#structure(dice)
    this.#flush(person)
  }

  #type(person: Racer): void {
    const sheet = person.sheet(() => this.room.newBracket())
    const spot = (this.#random.next() < 0.75 && this.#caretOf(person, sheet)) || this.#anySpot(person, sheet)
    if (!spot) return
    const count = 1 + this.#upTo(2) * this.#upTo(2)
    let words = ''
    for (let i = 0; i < count; i++) words += String.fromCharCode(this.#next++)
    const plan = planInsert(sheet, spot, words)
    if (!plan.ok) {
      this.#next -= count
      return
    }
    this.tally.typed += count
    this.#carryOut(person, plan.value)
  }

  #caretOf(person: Racer, sheet: Sheet): Spot | null {
    const { caret } = person
    if (!caret || !leafRightsInView(sheet.structure, caret.leaf)) return null
    const index = indexAfter(person.doc.getText(caret.leaf), caret.after)
    return index === null ? null : { leaf: caret.leaf, index }
  }
  #leaves(sheet: Sheet): LeafId[] {
    return [...clausesOf(sheet.structure)].flatMap(({ leaf, brackets }) => [
      leaf,
      ...brackets.flatMap((bracket) => bracket.leaf ?? []),
    ])
  }
  #anySpot(person: Racer, sheet: Sheet): Spot | null {
    const leaf = this.#oneOf(this.#leaves(sheet))
    return leaf ? { leaf, index: this.#upTo(person.doc.getText(leaf).length + 1) } : null
  }

  #remove(person: Racer): void {
    const sheet = person.sheet(() => this.room.newBracket())
    const caret = this.#random.next() < 0.5 ? this.#caretOf(person, sheet) : null
    const spot = caret ? { ...caret, index: Math.max(0, caret.index - 1) } : this.#anySpot(person, sheet)
    if (!spot) return
    const plan = planRemove(sheet, [{ ...spot, length: 1 + this.#upTo(3) }])
    if (plan.ok) this.#carryOut(person, plan.value)
  }

  #format(person: Racer): void {
    const sheet = person.sheet(() => this.room.newBracket())
    const spot = this.#anySpot(person, sheet)
    if (!spot || !sheet.mayWrite(spot.leaf)) return
    const leaf = person.doc.getText(spot.leaf)
    const length = Math.min(this.#upTo(6), leaf.length - spot.index)
    if (length < 1) return
    this.tally.formats++
    const on = this.#random.next() < 0.6 ? true : null
    person.doc.transact(
      () => leaf.format(spot.index, length, { [FORMATS[this.#upTo(FORMATS.length)] ?? 'em']: on }),
      'typed',
    )
  }

  #withdraw(person: Racer): void {
    const own = [...clausesOf(person.structure)].flatMap(({ brackets }) =>
      brackets.filter(({ holders }) => holders.includes(person.party)),
    )
    const bracket = this.#oneOf(own)
    if (bracket) this.#ask(person, { track: TRACK, type: 'WithdrawBracket', bracket: bracket.id })
  }

  /** What the mediator does, or, for an acceptance, what all do at once: consent on the words as they stand. */
  #structure(dice: number): void {
    const union = this.people[2]
    if (!union) return
    const clauses = [...clausesOf(union.structure)]
    const busy = clauses.filter(({ leaf }) => this.people.some(({ caret }) => caret?.leaf === leaf))
    const clause = this.#oneOf(this.#random.next() < 0.5 && busy.length > 0 ? busy : clauses)
    if (!clause) return
    if (dice < 0.96) this.#accept()
    else if (dice < 0.975) {
      const leaf = union.doc.getText(clause.leaf)
      const after = itemAt(leaf, this.#upTo(leaf.length + 1))
      // A place among one's own unsent words is not yet known to the server; the client waits with such a command.
      if (after?.client === union.client && after.clock >= union.clock) return
      this.#ask(union, { track: TRACK, type: 'SplitClause', clause: clause.id, after })
    } else if (dice < 0.99) this.#ask(union, { track: TRACK, type: 'MergeClause', clause: clause.id })
    else this.#ask(union, { track: TRACK, type: 'RemoveClause', clause: clause.id })
  }

  #accept(): void {
    const open = Object.values(this.room.text.brackets)
    // Half the time one that somebody is typing in: that is where it races.
    const busy = open.filter(({ leaf }) => this.people.some(({ caret }) => caret?.leaf === leaf))
    const bracket = this.#oneOf(this.#random.next() < 0.5 && busy.length > 0 ? busy : open)
    if (!bracket) return
    const hash = this.room.live.hashOf(this.room.text, this.room.text.language, bracket.clause)
    if (!hash) return
    for (const by of ['tavira-head', 'council-head']) {
      this.#publish(this.room.play(by, { type: 'AgreeBracket', bracket: bracket.id, hash } as never), null)
    }
    this.#publish(this.room.play('union-mediator', { type: 'AcceptBracket', bracket: bracket.id } as never), null)
  }

  #carryOut(person: Racer, plan: Plan): void {
    for (const step of plan.steps) this.#step(person, step)
    const after = itemAt(person.doc.getText(plan.caret.leaf), plan.caret.index)
    person.caret = { leaf: plan.caret.leaf, after }
  }

  #step(person: Racer, step: Step): void {
    if (step.do === 'ask') {
      this.#ask(person, step.command)
      return
    }
    const leaf = openLeaf(person.doc, step.leaf)
    // Some write on the Y.Text itself, as programs that use the room do.
    if (step.do === 'insert' && this.#random.next() < 0.2)
      person.doc.transact(() => leaf.insert(step.index, step.words), 'typed')
    else if (step.do === 'insert') insertAt(leaf, step.index, step.words, 'typed')
    else {
      for (const character of cut(leaf, step.index, step.length)) this.#erased.add(character)
      person.doc.transact(() => leaf.delete(step.index, step.length), 'typed')
    }
  }

  #ask(person: Racer, command: TextCommand): void {
    const ask = this.room.mint<AskId>()
    if (isTyped(command)) person.overlay.add(ask, command, instant(this.#now))
    this.#flush(person)
    person.up.send({ ask, command }, this.#arrival(person))
  }

  /** One update in flight; what is typed meanwhile waits and goes as one. */
  #flush(person: Racer): void {
    if (person.inFlight || person.unsent.length === 0) return
    person.inFlight = true
    person.up.send({ update: Y.mergeUpdates(person.unsent.splice(0)) }, this.#arrival(person))
  }

  /* ---- links ---- */

  #arrival(person: Racer): number {
    return Math.max(this.#now + this.#upTo(301), person.heldUntil)
  }
  #cut(): void {
    const person = this.#oneOf(this.people)
    if (person) person.heldUntil = this.#now + 500 + this.#upTo(2_500)
  }

  #deliver(until: number): void {
    for (;;) {
      let next: { at: number; go: () => void } | null = null
      for (const person of this.people) {
        const [up, down] = [person.up.queue[0], person.down.queue[0]]
        if (up && up.at <= until && (!next || up.at < next.at)) next = { at: up.at, go: () => this.#atServer(person) }
        if (down && down.at <= until && (!next || down.at < next.at))
          next = { at: down.at, go: () => this.#atPerson(person) }
      }
      if (!next) return
      this.#now = Math.max(this.#now, Math.min(next.at, until))
      next.go()
    }
  }

  #drain(): void {
    for (const person of this.people) person.heldUntil = 0
    do {
      for (const person of this.people) this.#flush(person)
      this.#deliver(Number.MAX_SAFE_INTEGER)
    } while (this.people.some(({ unsent, up, down }) => unsent.length + up.queue.length + down.queue.length > 0))
  }

  #atServer(person: Racer): void {
    const message = person.up.queue.shift()?.message
    if (!message) return
    if ('ask' in message) {
      this.#publish(this.room.play(person.seat, message.command), { person, answers: { ask: message.ask } })
      return
    }
    const { party, level, client, clock } = person
    const result = this.room.words({ seat: person.seat as SeatId, party, level, client, clock }, message.update)
    if (!result.ok) this.tally.refused.push(JSON.stringify(result.refusal))
    this.#publish(result, { person, answers: { acked: result.ok ? result.value.next : clock } })
  }

  #publish(
    result: { ok: true; value: { updates: Uint8Array[]; events: Event[] } } | { ok: false },
    to: { person: Racer; answers: NonNullable<Down['answers']> } | null,
  ): void {
    const { updates, events } = result.ok ? result.value : { updates: [], events: [] }
    for (const event of events) this.#count(event, to?.answers ?? {})
    const structure = structureView(this.room.text, instant(0))
    const moves = events.flatMap((event) => ('moves' in event ? event.moves : []))
    for (const person of this.people) {
      const own = person === to?.person ? { answers: to.answers } : {}
      if (!result.ok && !('answers' in own)) continue
      person.down.send({ structure, updates, moves, ...own }, this.#arrival(person))
    }
  }

  #atPerson(person: Racer): void {
    const frame = person.down.queue.shift()?.message
    if (!frame) return
    const before = person.leftOfCaret()
    person.structure = frame.structure
    for (const update of frame.updates) Y.applyUpdate(person.doc, update, 'room')
    person.follow(frame.moves)
    if (frame.answers && 'ask' in frame.answers) person.overlay.drop(frame.answers.ask)
    if (frame.answers && 'acked' in frame.answers) {
      person.clock = frame.answers.acked
      person.inFlight = false
      this.#flush(person)
    }
    if (before === null) return
    const after = person.leftOfCaret()
    this.tally.caretChecks++
    // The caret may lose the character on its left only when that shows nowhere any more (words of the seed are not unique).
    const lost = after === null && before.charCodeAt(0) >= FIRST_CHARACTER && showsIn(person, before)
    if (lost || (after !== null && before !== after)) this.tally.caretWrong++
  }

  #count(event: Event, answers: object): void {
    count(this.tally, event, 'acked' in answers)
    if (!('archive' in event)) return
    for (const runs of Object.values(event.archive)) {
      for (const run of runs) if ('words' in run) for (const character of run.words) this.#erased.add(character)
    }
  }

  /* ---- what must hold in the end ---- */

  #judge(): void {
    const seen = new Map<string, number>()
    const structure = structureView(this.room.text, instant(0))
    for (const { leaf, brackets } of clausesOf(structure)) {
      for (const one of [leaf, ...brackets.flatMap((bracket) => bracket.leaf ?? [])]) {
        const runs = this.room.live.words(one)
        for (const run of runs) if ('words' in run) for (const c of run.words) seen.set(c, (seen.get(c) ?? 0) + 1)
        const same = JSON.stringify(runs)
        for (const { doc } of this.people) if (JSON.stringify(wordsOf(doc).runs(one)) !== same) this.tally.unequal++
      }
    }
    for (const person of this.people)
      if (JSON.stringify(person.structure) !== JSON.stringify(structure)) this.tally.unequal++
    this.tally.unequal += this.#otherHashes()
    for (let code = FIRST_CHARACTER; code < this.#next; code++) {
      const times = seen.get(String.fromCharCode(code)) ?? 0
      if (times > 1) this.tally.duplicated++
      if (times > 0 || this.#erased.has(String.fromCharCode(code))) continue
      this.tally.lost++
      this.tally.lostCharacters.push(String.fromCharCode(code))
    }
  }

  /** Clauses whose hash is another for some viewer, or in a new incarnation. */
  #otherHashes(): number {
    const { room } = this
    const { language } = room.text
    const words: Record<LeafId, Run[]> = {}
    for (const leaf of leavesOf(room.text)) words[leaf] = room.live.words(leaf)
    const event = rebase(room.live, room.text, room.mint<IncarnationId>(), 2_500_000)
    const renewed = evolveText(room.process, { event, by: 'server', at: instant(0) }).tracks.by[TRACK]?.text
    if (!renewed) return 1
    const built = wordsOf(buildText(TRACK, renewed, words).doc)
    const after = new Map([...clausesOf(structureView(renewed, instant(0)))].map((clause) => [clause.id, clause]))
    let other = 0
    for (const clause of room.clauses) {
      const hash = room.live.hashOf(room.text, language, clause.id)
      for (const { doc } of this.people) if (textHash(clause, language, wordsOf(doc)) !== hash) other++
      if (textHash(after.get(clause.id) ?? clause, language, built) !== hash) other++
    }
    return other
  }
}

type Typed = Extract<Step, { do: 'ask' }>['command']
const isTyped = (command: TextCommand): command is Typed =>
  ['OpenBracket', 'ExtendStrike', 'CloseEmptyBracket', 'WithdrawBracket'].includes(command.type)

const SEED = {
  title: 'Pact',
  articles: [
    { title: 'Water', clauses: ['The water of the lake is shared.', 'Each village has its weir.', 'Nets are wide.'] },
    {
      title: 'Shore',
      clauses: ['The shore is open to all who live there.', { words: 'None may', items: ['fence it;', 'sell it.'] }],
    },
  ],
}
