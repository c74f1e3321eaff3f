import type { AskId } from '#shared/ids.ts'
import type { Opened, Shown, Up } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { TypedCommand } from './plan.ts'

/** A frame that is answered once. */
export type Asking = Extract<Up, { ask: AskId }>

/** Whom the answer is for. Called at once when the frame arrives, before the next frame is read. */
export interface Answer {
  answered?(made: string[]): void
  shown?(shown: Shown): void
  opened?(opened: Opened, update: Uint8Array): void
  refused(refusal: Refusal): void
}

/**
 * Questions on their way. One that was sent is sent again after a reconnect with the same ask id: the server then gives the
 * first answer and does nothing else. `once` marks those whose asker itself asks anew after a reconnect.
 */
export class Asks {
  #waiting = new Map<AskId, { frame: Asking; answer: Answer; once: boolean }>()

  put(frame: Asking, answer: Answer, once = false): void {
    this.#waiting.set(frame.ask, { frame, answer, once })
  }

  /** The answer's taker, which is then forgotten. */
  take(ask: AskId): Answer | null {
    const found = this.#waiting.get(ask)
    this.#waiting.delete(ask)
    return found?.answer ?? null
  }

  /** The connection is gone. */
  lost(): void {
    for (const [ask, { once }] of this.#waiting) if (once) this.#waiting.delete(ask)
  }

  /** What is to be sent again on a new connection, in the order it was asked. */
  again(): Asking[] {
    return [...this.#waiting.values()].map(({ frame }) => frame)
  }

  /** Nobody will answer any more. */
  end(refusal: Refusal): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { answer } of all) answer.refused(refusal)
  }
}

/** The lane stands and the reason passes. */
export const mayComeAgain = ({ code }: Refusal): boolean =>
  code === 'text-held' || code === 'not-saved' || code === 'too-fast' || code === 'unanswered' || code === 'draining'

/** A bracket that is to go and is gone, or is not empty for others: nothing that its author must hear of. */
export const isDoneAnyway = ({ type }: TypedCommand, { code }: Refusal): boolean =>
  type === 'CloseEmptyBracket' || (type === 'WithdrawBracket' && code === 'no-such-thing')
