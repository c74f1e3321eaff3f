import type { Log } from './log.ts'
import { openRedisLog } from './redis.ts'
import { openSqliteLog } from './sqlite.ts'

/** Where the log of an installation is kept: in a file, or in Redis when that is named. */
export interface LogPlace {
  file: string
  redisUrl: string | null
}

/** `onWarning`: told what is not as it should be with Redis. Throws LogDamaged or LogUnavailable, with a sentence for the operator. */
export function openLogAt({ file, redisUrl }: LogPlace, onWarning: (sentence: string) => void): Promise<Log> {
  return redisUrl ? openRedisLog({ url: redisUrl, onWarning }) : openSqliteLog({ file })
}
