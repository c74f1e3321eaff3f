import { expect, test } from 'vitest'
import { Account, Accounts } from '#server/realtime/accounts.ts'
import { type Queue, Rounds } from '#server/realtime/rounds.ts'

/** A queue whose frames cost what they say, on a clock of the test. */
class Work implements Queue {
  readonly account: Account
  left: number
  readonly #handled: () => number
  constructor(account: Account, left: number, handled: () => number) {
    this.account = account
    this.left = left
    this.#handled = handled
  }
  get isReady(): boolean {
    return this.left > 0 && !this.account.isFull
  }
  handle(): number {
    this.left -= 1
    return this.#handled()
  }
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

test('G7 who has used much waits behind who has not, whoever came first', async () => {
  let now = 0
  const rounds = new Rounds(() => now)
  const order: string[] = []
  const queue = (name: string, frames: number, costMs: number) =>
    new Work(new Account(() => now), frames, () => {
      order.push(name)
      now += costMs
      return 0
    })
  const greedy = queue('greedy', 1_000, 3)
  rounds.wake(greedy)
  await turns(20)
  const before = order.length
  expect(before).toBeGreaterThan(5)
  const modest = queue('modest', 3, 0.1)
  rounds.wake(modest)
  await turns(6)
  expect(modest.left).toBe(0)
  expect(order.slice(before).filter((name) => name === 'greedy').length).toBeLessThanOrEqual(3)
})

test('G7 frames of one connection are handled in order, and connections of one seat take turns', async () => {
  const order: string[] = []
  const account = new Account(() => 0)
  const rounds = new Rounds(() => 0)
  const one = new Work(account, 3, () => order.push(`one ${one.left}`) && 0)
  const two = new Work(account, 3, () => order.push(`two ${two.left}`) && 0)
  rounds.wake(one)
  rounds.wake(two)
  await turns(4)
  expect(order).toEqual(['one 2', 'two 2', 'one 1', 'two 1', 'one 0', 'two 0'])
})

test('G7 who used much lately rests as long as it worked, though nobody else waits', async () => {
  let now = 0
  const rounds = new Rounds(() => now)
  let handled = 0
  const account = new Account(() => now)
  account.charge(500)
  rounds.wake(
    new Work(account, 10, () => {
      handled += 1
      now += 20
      return 0
    }),
  )
  await turns(5)
  expect(handled).toBe(1)
  now += 30
  await expect.poll(() => handled).toBe(2)
})

test('G7 a seat has four questions under way; the next wait until one is answered', async () => {
  const account = new Account(() => 0)
  const rounds = new Rounds(() => 0)
  const answers: (() => void)[] = []
  const work = new Work(account, 6, () => {
    account.begin(new Promise((done) => answers.push(done)))
    return 0
  })
  account.freed.add(() => rounds.wake(work))
  rounds.wake(work)
  await turns(5)
  expect(work.left).toBe(2)
  answers[0]?.()
  await turns(5)
  expect(work.left).toBe(1)
})

test('G7 an account outlives its connections, so that coming back sheds no debt', () => {
  let now = 0
  const accounts = new Accounts(() => now)
  const account = accounts.of('process/seat')
  account.charge(10_000)
  now += 1_000
  expect(accounts.of('process/seat')).toBe(account)
  expect(account.isHeavy).toBe(true)
  now += 100_000
  accounts.of('process/other')
  expect(accounts.of('process/seat')).not.toBe(account)
})
