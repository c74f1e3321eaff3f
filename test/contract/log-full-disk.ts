// Runs on a small disk of its own (the folder named by its argument): fills it, withdraws, makes room, goes on. Prints what it met as JSON.
import { appendFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteLog } from '#server/log/sqlite.ts'
import { added, allOf, entryOf, fillUp, need, P, writable } from './log-build.ts'

/** Leaves not one page free. */
function takeTheRest(crumbs: string): void {
  for (;;) {
    try {
      appendFileSync(crumbs, Buffer.alloc(4_096, 1))
    } catch {
      return
    }
  }
}

const folder = need(process.argv[2])
const file = join(folder, 'log.db')
writeFileSync(join(folder, 'ballast'), Buffer.alloc(4 * 1024 * 1024, 1))
let log = await openSqliteLog({ file, probeMs: 20 })
await added(log, [entryOf('first')])
const refusal = await fillUp(log)
const full = log.health()
const { seq, events } = await log.heads(P)
takeTheRest(join(folder, 'crumbs'))
const narrowing = await log.appendNarrowing(P, [entryOf('withdrawn'.repeat(7_000))], { events })
const narrowed = (await log.heads(P)).seq - seq
const reserve = readdirSync(folder).includes('log.db-reserve')
// Ends and starts again while the disk is still full.
await log.close()
log = await openSqliteLog({ file, probeMs: 20 })
const readable = (await allOf(log)).length
rmSync(join(folder, 'ballast'))
await writable(log)
const { first } = await added(log, [entryOf('after')])
await log.close()
console.log(
  JSON.stringify({
    refusal,
    full,
    narrowing: narrowing.ok,
    narrowed,
    reserve,
    readable: readable - seq,
    after: first - seq,
  }),
)
