import { type Person, sit, textShown } from './at-screen.ts'
import { Oracle } from './oracle.ts'

/**
 * A browser of its own, as a process that a test puts to sleep with SIGSTOP: several people, heard by an oracle of this
 * process. Told by messages what to do; answers each.
 */

export interface SleeperSeat {
  url: string
  token: string
  name: string
  party: string
}
export type ToSleeper =
  | { do: 'sit'; seats: SleeperSeat[]; tracks: { id: string; title: string; readers: string[] }[] }
  /** Each types one word into the track; nobody waits for it. */
  | { do: 'type'; track: string }
  /** Resolves when all that can be is saved, and everybody is live. */
  | { do: 'rest' }
  /** A withdrawal of which the test was told: nothing of the track may reach this party from now on. */
  | { do: 'in-force'; party: string; track: string }
  | { do: 'tell' }
export interface FromSleeper {
  problems: string[]
  typed: string[]
  promised: string[]
  /** Of what was typed. */
  givenBack: string[]
  people: { name: string; tracks: string[]; texts: Record<string, string> }[]
}

const oracle = new Oracle()
const people: Person[] = []

async function doWhatIsAsked(asked: ToSleeper): Promise<void> {
  switch (asked.do) {
    case 'sit':
      for (const { id, title, readers } of asked.tracks) oracle.readers(id, title, readers)
      for (const seat of asked.seats) people.push(await sit({ ...seat, oracle }, ...asked.tracks.map(({ id }) => id)))
      return
    case 'type':
      for (const person of people) void person.type(asked.track)
      return
    case 'rest':
      for (const { room } of people) {
        while (room.connection.at !== 'live') {
          room.retry()
          await new Promise((done) => setTimeout(done, 20))
        }
      }
      await Promise.all(
        people.flatMap(({ texts }) => [...texts.values()].map((text) => text.saved().catch(() => null))),
      )
      return
    case 'in-force':
      oracle.inForce(asked.party, asked.track)
      return
    case 'tell':
      return
    default:
      throw asked satisfies never
  }
}

function told(): FromSleeper {
  const typed = people.flatMap((person) => person.typed)
  return {
    problems: oracle.problems,
    typed,
    promised: oracle.due().map(([mark]) => mark),
    givenBack: typed.filter(oracle.wasGivenBack),
    people: people.map(({ name, room, texts }) => ({
      name,
      tracks: room.view.tracks.map(({ id }) => id),
      texts: Object.fromEntries([...texts].map(([track, text]) => [track, textShown(text)])),
    })),
  }
}

process.on('message', (asked: ToSleeper) => {
  void doWhatIsAsked(asked).then(() => process.send?.(told()))
})
