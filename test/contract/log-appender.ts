// Appends to the log named by its argument as fast as it can and prints the place of every append that was answered, until it is killed.
import { writeSync } from 'node:fs'
import { openSqliteLog } from '#server/log/sqlite.ts'
import { added, frame, laneOf, need, P } from './log-build.ts'

const log = await openSqliteLog({ file: need(process.argv[2]) })
let { number } = (await log.lane(P, need(frame('', laneOf(0, 0, 0)).document), 5_000_000)) ?? { number: 0 }
for (;;) {
  // Several appends wait at once, so that a kill meets transactions of more than one.
  const appends = Array.from({ length: 5 }, () => {
    const next = number++
    return added(log, [frame(`words ${next}`, laneOf(next, next, next + 1))])
  })
  for (const { first } of await Promise.all(appends)) writeSync(1, `${first}\n`)
}
