import { describe, expect, test } from 'vitest'
import { Together } from '#server/delivery/together.ts'
import { Pace } from '#server/log/pace.ts'
import { FakeTime } from '../support/fake-world.ts'
import type { Person } from '../support/scripted-person.ts'
import { COUNCIL, MEDIATOR, PLENARY, Stage, TAVIRA } from '../support/simulation.ts'

const texts = (person: Person) =>
  person.received.flatMap(({ at, frame, bytes }) => (frame.frame === 'text' ? [{ at, size: bytes.length }] : []))

describe('the window of one text', () => {
  test('P3.2 one typist among few is never made to wait', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    for (let i = 0; i < 20; i++) {
      council.type(PLENARY, stage.leaf(PLENARY, 0), 0, 'x')
      await stage.time.advance(150)
    }
    const frames = texts(tavira)
    expect(frames.length).toBe(20)
    expect(new Set(frames.map(({ at }) => (at - (frames[0]?.at ?? 0)) % 150))).toEqual(new Set([0]))
  })

  test('P3.2 a busy text is gathered, within 33 ms', async () => {
    const stage = await Stage.open({ seed: 1 })
    const writers = await Promise.all(Array.from({ length: 40 }, () => stage.seat(COUNCIL)))
    for (const writer of writers) await writer.open(PLENARY)
    const leaf = stage.leaf(PLENARY, 1)
    for (let i = 0; i < 400; i++) {
      writers[i % 40]?.type(PLENARY, leaf, 0, 'x')
      await stage.time.advance(4)
    }
    await stage.rest()
    const frames = texts(writers[0] as Person).slice(-20)
    const gaps = frames.slice(1).map(({ at }, index) => at - (frames[index]?.at ?? 0))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(40)
    expect(Math.min(...gaps)).toBeGreaterThan(12)
    expect(stage.words(PLENARY, leaf)).toBe(`${'x'.repeat(400)}The parties measure the flow.`)
    for (const writer of writers) expect(writer.text(PLENARY).words(leaf)).toBe(stage.words(PLENARY, leaf))
  })
})

describe('words that go out together are recorded together', () => {
  test('P3.2 who comes after a quiet window waits for nothing, the next for the window, and they go together', async () => {
    const time = new FakeTime()
    const together = new Together(time, () => 30)
    const went: number[] = []
    const come = (client: number) => together.turn(client)?.then(() => went.push(client)) ?? went.push(client)
    come(1)
    expect(went).toEqual([1])
    await time.advance(10)
    come(2)
    come(3)
    await time.advance(19)
    expect(went).toEqual([1])
    expect([together.ended(1), together.isOver]).toEqual([true, true])
    await time.advance(1)
    expect(went).toEqual([1, 2, 3])
    expect([together.ended(2), together.isOver]).toEqual([true, false])
    expect([together.ended(3), together.isOver]).toEqual([true, true])
    await time.advance(30)
    come(4)
    expect(went).toEqual([1, 2, 3, 4])
  })

  test('P3.2 whoever still waits when the text is closed goes on', async () => {
    const time = new FakeTime()
    const together = new Together(time, () => 30)
    together.turn(1)
    const second = together.turn(2)
    together.end()
    await second
    expect(together.ended(2)).toBe(true)
  })

  test('L20 a log with little to write waits for nothing, a busy one five milliseconds at most', () => {
    const quiet = new Pace()
    for (let at = 0; at < 2_000; at += 10) {
      expect(quiet.arrived(at)).toBe(0)
      quiet.written(at)
    }
    const busy = new Pace()
    const written: number[] = []
    for (let at = 0; at < 5_000; at += 1) {
      if (busy.arrived(at) > 0) continue
      busy.written(at)
      written.push(at)
    }
    const gaps = written.slice(1).map((at, index) => at - (written[index] ?? 0))
    expect([Math.min(...gaps), Math.max(...gaps), gaps.at(-1)]).toEqual([1, 5, 5])
  })
})

describe('acknowledged windows', () => {
  test('P2.9 past 64 kB un-acknowledged, updates wait on this side and go out as one', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    tavira.acknowledges = false
    const leaf = stage.leaf(PLENARY, 0)
    for (let i = 0; i < 20; i++) {
      council.type(PLENARY, leaf, 0, 'x'.repeat(10_000))
      await stage.time.advance(50)
    }
    expect(council.text(PLENARY).flight).toBeNull()
    const sent = texts(tavira).reduce((sum, { size }) => sum + size, 0)
    expect(sent).toBeGreaterThan(60_000)
    expect(sent).toBeLessThan(64 * 1024 + 11_000)
    const before = texts(tavira).length
    tavira.say({ frame: 'got', channel: tavira.text(PLENARY).channel, bytes: tavira.text(PLENARY).applied })
    await stage.rest()
    expect(texts(tavira).length).toBe(before + 1)
    expect(tavira.text(PLENARY).words(leaf)).toBe(stage.words(PLENARY, leaf))
  })

  test('P2.9 a reader that is silent for five seconds with something outstanding is closed, and resumes', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [council, tavira] = await stage.seats(PLENARY, COUNCIL, TAVIRA)
    tavira.acknowledges = false
    const leaf = stage.leaf(PLENARY, 0)
    council.type(PLENARY, leaf, 0, 'One ')
    await stage.time.advance(4_999)
    expect(tavira.end).toBeNull()
    await stage.time.advance(2)
    expect(tavira.end).toEqual({ code: 'unanswered' })
    council.type(PLENARY, leaf, 0, 'Two ')
    await stage.rest()
    const text = tavira.text(PLENARY)
    const again = await stage.seat(TAVIRA)
    again.texts.set(PLENARY, text)
    await again.open(PLENARY, text.resume)
    expect(again.text(PLENARY)).toBe(text)
    expect(text.words(leaf)).toBe('Two One The parties share the water.')
  })

  test('P2.9 a reader with nothing outstanding may be silent for hours', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [tavira] = await stage.seats(PLENARY, TAVIRA)
    await stage.time.advance(3_600_000)
    expect(tavira.end).toBeNull()
  })
})

describe('the log does not take writes', () => {
  test('P1.7 everyone is told, and told again when it does', async () => {
    const stage = await Stage.open({ seed: 1 })
    const [council, mediator] = await stage.seats(PLENARY, COUNCIL, MEDIATOR)
    await stage.log.restrict('disk-full')
    council.type(PLENARY, stage.leaf(PLENARY, 0), 0, 'x')
    await stage.rest()
    expect(council.refusedWords).toEqual([{ code: 'not-saved', reason: 'disk-full' }])
    expect(mediator.saving).toEqual({ frame: 'saving', state: 'not-saving', reason: 'disk-full' })
    const late = await stage.seat(TAVIRA)
    expect(late.saving).toEqual(mediator.saving)
    await stage.log.restrict(null)
    expect(mediator.saving).toEqual({ frame: 'saving', state: 'saving' })
  })
})

describe('draining', () => {
  test('O5 everyone is told to come back, over the time given', async () => {
    const stage = await Stage.open({ seed: 1 })
    const people = await Promise.all(Array.from({ length: 10 }, () => stage.seat(COUNCIL)))
    let isDone = false
    void stage.delivery.drain(1000).then(() => {
      isDone = true
    })
    await stage.time.advance(500)
    const gone = people.filter(({ end }) => end !== null).length
    expect(gone).toBeGreaterThan(0)
    expect(gone).toBeLessThan(10)
    await stage.time.advance(500)
    expect(people.map(({ end }) => end)).toEqual(Array(10).fill({ code: 'draining', retryAfterMs: 1000 }))
    expect(isDone).toBe(true)
  })
})
