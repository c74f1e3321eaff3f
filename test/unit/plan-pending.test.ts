import { expect, test } from 'vitest'
import { planInsert, planRemove } from '#client/room/plan.ts'
import { type AskId, instant } from '#shared/ids.ts'
import { insertAt, itemAt, openLeaf } from '#shared/text/leaf.ts'
import { Racer } from '../support/racer.ts'
import { A, TextRoom } from '../support/text-room.ts'

/** Somebody who has just typed "new " before "water", and whose bracket the server has not planted yet. */
function justTyped() {
  const room = new TextRoom()
  const racer = new Racer(room, 'tavira-head', A, 'suggest', 3_000_001)
  const sheet = () => racer.sheet(() => room.newBracket())
  const { leaf } = room.clause(0)
  const plan = planInsert(sheet(), { leaf, index: 4 }, 'new ')
  if (!plan.ok) throw new Error('it can be typed')
  for (const step of plan.value.steps) {
    if (step.do === 'ask') racer.overlay.add(room.mint<AskId>(), step.command, instant(1))
    if (step.do === 'insert') insertAt(openLeaf(racer.doc, step.leaf), step.index, step.words, 'typed')
  }
  return { racer, sheet, leaf, own: plan.value.caret.leaf }
}

test('E2 right of a bracket that is not planted yet, the letter that is pointed at is struck, and the bracket stays', () => {
  const { racer, sheet, leaf } = justTyped()
  const item = itemAt(racer.doc.getText(leaf), 5)
  const plan = planRemove(sheet(), [{ leaf, index: 4, length: 1 }])
  expect(plan).toMatchObject({
    ok: true,
    value: {
      steps: [{ do: 'ask', command: { type: 'OpenBracket', kind: 'delete', struck: { from: item, to: item } } }],
    },
  })
  expect(plan.ok && plan.value.steps).toHaveLength(1)
})

test('E2 a range across a bracket that is not planted yet takes its words too', () => {
  const { sheet, leaf, own } = justTyped()
  const plan = planRemove(sheet(), [{ leaf, index: 0, length: 9 }])
  const steps = plan.ok ? plan.value.steps : []
  expect(steps).toContainEqual({ do: 'delete', leaf: own, index: 0, length: 4 })
  expect(steps).toContainEqual({ do: 'ask', command: expect.objectContaining({ type: 'CloseEmptyBracket' }) })
  expect(steps).toContainEqual({ do: 'ask', command: expect.objectContaining({ kind: 'delete' }) })
})

test('E2 typing beside a bracket that is not planted yet goes into it; one letter further it opens another', () => {
  const { sheet, leaf, own } = justTyped()
  expect(planInsert(sheet(), { leaf, index: 4 }, 'x')).toMatchObject({ value: { caret: { leaf: own } } })
  expect(planInsert(sheet(), { leaf, index: 5 }, 'x')).not.toMatchObject({ value: { caret: { leaf: own } } })
})
