import * as Y from 'yjs'
import type { Down, Opened } from '#shared/protocol/frames.ts'
import { unpack } from '#shared/protocol/patch.ts'
import type { StructureView } from '#shared/text/structure.ts'
import type { WireClient } from './wire-client.ts'

/** Every word that a typist writes is one of these, so that a reader can tell whose it is and that none is lost. */
const TOKEN = /<[\w.-]+>/g

/** Types words of its own into one text, frame by frame, and remembers what its screen has shown. */
export class Typist {
  /** Words shown as saved: their frame was acknowledged. */
  readonly saved = new Set<string>()
  /** Everybody's words that were on the screen and are not this typist's own unsaved ones. */
  readonly shown = new Set<string>()
  readonly #wire: WireClient
  readonly #name: string
  readonly #doc = new Y.Doc()
  readonly #channel: number
  readonly #leaves: string[]
  #number: number
  #typed = 0
  #got = 0
  #pending: { words: string; update: Uint8Array }[] = []
  #underWay: string[] | null = null

  constructor(wire: WireClient, { opened, update }: { opened: Opened; update: Uint8Array }, name: string) {
    this.#wire = wire
    this.#name = name
    this.#doc.clientID = opened.lane.client
    this.#channel = opened.channel
    this.#number = opened.lane.number
    const structure = unpack(opened.structure) as unknown as StructureView
    this.#leaves = structure.articles.flatMap(({ clauses }) => clauses.map(({ leaf }) => leaf))
    Y.applyUpdate(this.#doc, update, wire)
    wire.onFrame((frame, size) => this.#hear(frame, size))
  }

  /** Types one word at the end of a clause; it goes out at once or with the next frame. */
  type(): void {
    const words = `<${this.#name}.${this.#typed}>`
    const leaf = this.#doc.getText(this.#leaves[this.#typed % this.#leaves.length])
    this.#typed += 1
    this.#doc.once('update', (update: Uint8Array) => this.#pending.push({ words, update }))
    leaf.insert(leaf.length, words)
    this.#send()
  }

  /** All words on the screen. */
  words(): string[] {
    return this.#leaves.flatMap((leaf) => this.#doc.getText(leaf).toString().match(TOKEN) ?? [])
  }

  #send(): void {
    if (this.#underWay || this.#pending.length === 0) return
    const parts = this.#pending.splice(0)
    this.#underWay = parts.map(({ words }) => words)
    const update = Y.mergeUpdates(parts.map((part) => part.update))
    this.#wire.send({ frame: 'words', channel: this.#channel, number: this.#number, update })
  }

  #hear(frame: Down, size: number): void {
    if (frame.frame === 'text' && frame.channel === this.#channel) {
      if (frame.update) Y.applyUpdate(this.#doc, frame.update, this.#wire)
      this.#got += size
      this.#wire.send({ frame: 'got', channel: this.#channel, bytes: this.#got })
      for (const words of this.words()) if (!words.startsWith(`<${this.#name}.`)) this.shown.add(words)
    }
    if (frame.frame === 'acked' && frame.channel === this.#channel && frame.number === this.#number) {
      for (const words of this.#underWay ?? []) this.saved.add(words)
      this.#underWay = null
      this.#number += 1
      this.#send()
    }
    if (frame.frame === 'words-refused') throw new Error(`words refused: ${JSON.stringify(frame.refusal)}`)
  }
}
