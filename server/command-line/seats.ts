import { ask } from './ask.ts'
import { type Command, done } from './command.ts'

interface SeatRow {
  seat: string
  party: string
  role: string
  name: string
  invitation: string
  sessions: { session: string; at: number; confirmed: boolean }[]
}

export const seats: Command = {
  usage: '[process]',
  summary: 'Lists the processes, or the seats of one with their sessions.',
  words: [0, 1],
  async run({ words: [process], config }) {
    const answer = await ask(config, process ? '/api/operator/seats' : '/api/operator/processes', { process })
    if (!answer.answered) return answer.result
    if (!process) {
      const rows = answer.body['processes'] as { process: string; title: string; seats: number }[]
      const lines = rows.map((row) => `${row.process}  ${row.title}, ${row.seats} seats`)
      return done(answer.body, ...(lines.length > 0 ? lines : ['No process yet. Make one with `parley new <file>`.']))
    }
    return done(answer.body, ...(answer.body['seats'] as SeatRow[]).flatMap(linesOf))
  },
}

function linesOf({ seat, party, role, name, invitation, sessions }: SeatRow): string[] {
  const waiting = invitation === 'open' ? ', invitation not opened' : ''
  return [
    `${seat}  ${name} (${party}, ${role})${waiting}`,
    ...sessions.map(({ session, at, confirmed }) => {
      return `  session ${session} since ${new Date(at).toISOString()}${confirmed ? '' : ', to be confirmed'}`
    }),
  ]
}
