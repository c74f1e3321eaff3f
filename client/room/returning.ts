import * as Y from 'yjs'
import type { Opened, Resume } from '#shared/protocol/frames.ts'
import type { TextCopy } from './copy.ts'
import { deletesIn, encodeServed } from './served.ts'

/** What a line can do about a copy that comes back. */
export interface Returns {
  open(resume: Resume, then: (opened: Opened, update: Uint8Array) => void): void
  /** Another copy takes this one's place, and what is unsent here goes over into it. */
  carry(opened: Opened, update: Uint8Array): void
  /** The same, with the text as the server sends it whole. */
  afresh(): void
}

/**
 * A copy with words that an earlier page left unsent comes back. What the server has of them is told apart first; the rest goes
 * over into a copy with a lane of its own, at the very places where it stands here.
 */
export function comeBack(copy: TextCopy, { open, carry, afresh }: Returns): void {
  const { outbox } = copy
  const { pastLane } = outbox
  if (pastLane === null) throw new Error('no earlier page left anything')
  open({ ...copy.resume, client: pastLane }, (opened, update) => {
    const stand = opened.lane.client === pastLane ? opened.lane : opened.was
    if (stand) outbox.learn(stand, opened.resumed ? deletesIn(update) : new Map())
    if (!opened.resumed) return carry(opened, update)
    if (!copy.apply(update)) return afresh()
    copy.structured(opened.structure)
    open(copy.resume, (again, rest) => {
      carry(again, again.resumed ? Y.mergeUpdates([encodeServed(copy.doc, outbox.known), rest]) : rest)
    })
  })
}
