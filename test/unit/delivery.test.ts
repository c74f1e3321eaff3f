import { expect, test } from 'vitest'
import { COUNCIL, MEDIATOR, PLENARY, Stage, TAVIRA } from '../support/simulation.ts'

test('P1 words reach another screen and their acknowledgement from the log only', async () => {
  const stage = await Stage.open({ seed: 1 })
  const council = await stage.seat(COUNCIL)
  const tavira = await stage.seat(TAVIRA)
  await council.open(PLENARY)
  await tavira.open(PLENARY)
  const leaf = stage.leaf(PLENARY, 0)
  council.type(PLENARY, leaf, 0, 'All ')
  await stage.rest()
  expect(stage.bugs).toEqual([])
  expect(council.refusedWords).toEqual([])
  expect(tavira.text(PLENARY).words(leaf)).toBe('All The parties share the water.')
  expect(council.text(PLENARY).flight).toBeNull()
  expect(stage.words(PLENARY, leaf)).toBe('All The parties share the water.')
})

test('P12 a mediator admits a party and the audience is told before its first byte', async () => {
  const stage = await Stage.open({ seed: 2 })
  const mediator = await stage.seat(MEDIATOR)
  expect(mediator.view?.tracks.map(({ id }) => id)).toContain('plenary')
})
