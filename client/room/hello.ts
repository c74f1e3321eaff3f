import type { Hello } from '#shared/protocol/frames.ts'
import { PROTOCOL, SCHEMA } from '#shared/protocol/version.ts'
import type { RoomOptions } from './room.ts'

/** What a connection says first: which client this is, and for whom. */
export function helloOf({ token, process, seat }: RoomOptions): Hello {
  return {
    protocol: PROTOCOL,
    schema: SCHEMA,
    ...(token === undefined ? {} : { token }),
    ...(process === undefined ? {} : { process }),
    ...(seat === undefined ? {} : { seat }),
  }
}
