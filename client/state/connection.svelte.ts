import type { Speech } from '#shared/words/say.ts'
import type { IconName } from '../components/icons.ts'
import type { Connection, Room, Saving } from '../room/room.ts'

/** The line to the room, and whether what was written here is durable. */
export class ConnectionState {
  connection: Connection
  saving: Saving
  /** When what is shown was kept on this device; null once the server's own word is there. */
  copyFrom: number | null

  constructor(room: Pick<Room, 'connection' | 'onConnection' | 'saving' | 'onSaving' | 'copyFrom'>) {
    this.connection = $state.raw(room.connection)
    this.saving = $state.raw(room.saving)
    this.copyFrom = $state.raw(room.copyFrom)
    room.onConnection((connection) => {
      this.connection = connection
      this.copyFrom = room.copyFrom
    })
    room.onSaving((saving) => {
      this.saving = saving
    })
  }

  get offline(): boolean {
    return this.connection.at === 'waiting' || this.connection.at === 'joining'
  }
  /** Changes that cannot go out now. */
  get unsent(): number {
    return this.saving.at === 'not-sent' || this.saving.at === 'not-saving' ? this.saving.changes : 0
  }
  /** Whether those are on this device, where they outlive the page. */
  get isKept(): boolean {
    return this.saving.at === 'not-sent' && this.saving.kept === true
  }
}

const CONNECTED = {
  joining: 'connection.joining',
  live: 'connection.good',
  waiting: 'connection.waiting',
  ended: 'connection.ended',
} as const

function savedWords(saving: Saving, { say, clock }: Speech): string {
  switch (saving.at) {
    case 'saved':
      return saving.since > 0 ? say('saved.at', { clock: clock(saving.since) }) : say('saved.nothing')
    case 'saving':
      return say('saved.saving')
    case 'not-sent':
      return say('saved.not-sent', { count: saving.changes })
    case 'not-saving':
      return say('saved.not-saving')
    default:
      throw saving satisfies never
  }
}

/** What the header says: saved means durable; offline work is never “saved”. */
export function headerWords(
  { connection, saving }: Pick<ConnectionState, 'connection' | 'saving'>,
  speech: Speech,
): { words: string; brief: string; tone: 'ok' | 'busy' | 'warn' | 'bad'; icon: IconName } {
  const connected = speech.say(CONNECTED[connection.at])
  const saved = savedWords(saving, speech)
  const words = speech.say('connection.both', { saved, connection: connected })
  const brief = connection.at === 'live' ? saved : connected
  if (saving.at === 'not-saving') return { words, brief: saved, tone: 'bad', icon: 'stop' }
  if (connection.at === 'waiting' || connection.at === 'ended' || saving.at === 'not-sent')
    return { words, brief, tone: 'warn', icon: 'cloud-off' }
  return { words, brief, tone: saving.at === 'saved' && connection.at === 'live' ? 'ok' : 'busy', icon: 'cloud' }
}
