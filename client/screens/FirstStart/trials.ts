import type { PartyKind, Role } from '#shared/domain/process.ts'
import type { Say } from '#shared/words/say.ts'
import type { SampleProcess } from '../../state/first-start.ts'

/** What to try first, with the people of the process by name; what its cast has nobody for is left out. */
export function trialsOf({ parties, seats }: SampleProcess, say: Say): { title: string; words: string }[] {
  const kind = (one: PartyKind) => parties.filter((party) => party.kind === one)
  const seat = (party: string | undefined, ...roles: Role[]) =>
    roles.map((role) => seats.find((one) => one.party === party && one.role === role)).find((one) => one !== undefined)
  const [first, second] = kind('delegation')
  const one = seat(first?.id, 'head')
  const other = seat(second?.id, 'alternate', 'head')
  const mediator = seats.find(({ role }) => role === 'mediator')
  const [outsider] = kind('civil')
  const person = seat(outsider?.id, 'moderator', 'adviser')
  return [
    ...(one && other
      ? [{ title: say('first.try-1'), words: say('first.try-1-words', { one: one.name, other: other.name }) }]
      : []),
    ...(mediator && outsider && person
      ? [
          {
            title: say('first.try-2'),
            words: say('first.try-2-words', { mediator: mediator.name, party: outsider.name, person: person.name }),
          },
        ]
      : []),
    ...(one ? [{ title: say('first.try-3'), words: say('first.try-3-words', { one: one.name }) }] : []),
  ]
}
