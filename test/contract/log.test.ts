import { openMemoryLog } from '#server/log/memory.ts'
import { logContract, TestClock } from './log.contract.ts'

logContract('memory', async () => {
  const clock = new TestClock()
  const log = openMemoryLog({ time: clock })
  return { log, clock, reopen: null, copy: null, cleanUp: () => log.close() }
})
