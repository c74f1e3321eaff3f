import { expect, test } from 'vitest'
import { refusalIn } from '#client/room/link.ts'

test('R6 a handshake that something else than this server turned down is tried again, as a line that went', () => {
  for (const data of [undefined, null, 'Bad gateway', 502, {}, { code: 5 }, []]) expect(refusalIn(data)).toBeNull()
  expect(refusalIn({ code: 'draining', retryAfterMs: 1 })).toEqual({ code: 'draining', retryAfterMs: 1 })
})
