import { LogDamaged } from './log.ts'
import type { Reply } from './master.ts'
import type { Line } from './redis-link.ts'

const OLDEST = 7

/** Each setting of Redis on which a promise rests: what it must be, and what is at stake when it is not. */
const SETTINGS: { name: string; wanted: string; otherwise: string }[] = [
  { name: 'appendonly', wanted: 'yes', otherwise: 'a restart of Redis loses what was saved' },
  { name: 'appendfsync', wanted: 'always', otherwise: 'a power cut loses what was answered as saved' },
  {
    name: 'no-appendfsync-on-rewrite',
    wanted: 'no',
    otherwise: 'a power cut during a rewrite loses what was answered as saved',
  },
  { name: 'maxmemory-policy', wanted: 'noeviction', otherwise: 'Redis throws away texts when its memory is full' },
]

/**
 * Looks at a Redis before it is trusted. Gives one sentence for each setting that is not as it should be. Throws LogDamaged when it is
 * older than Redis 7 (Valkey counts as 7).
 */
export async function checkRedis(line: Line): Promise<string[]> {
  const server = String(await line.send('INFO', 'server'))
  const version = /redis_version:(\d+)[.\d]*/.exec(server)
  if (Number(version?.[1] ?? 0) < OLDEST)
    throw new LogDamaged(`Redis ${OLDEST} or newer is needed, and this is ${version?.[0] ?? 'of no known version'}.`)
  const found = await Promise.all(
    SETTINGS.map(async (setting) => ({ ...setting, is: await settingOf(line, setting.name) })),
  )
  return found.flatMap(({ name, wanted, otherwise, is }) => {
    if (is === wanted) return []
    return is === null
      ? [`Redis does not say its ${name}: make sure that it is ${wanted}; else ${otherwise}.`]
      : [`Redis has ${name} ${is}, and it should be ${wanted}: ${otherwise}.`]
  })
}

/** Null when the user that the address names may not ask. */
async function settingOf(line: Line, name: string): Promise<string | null> {
  try {
    const [, value] = (await line.send('CONFIG', 'GET', name)) as Reply[]
    return value === undefined ? null : String(value)
  } catch {
    return null
  }
}
