import { machineRandom, machineTime } from './machine.ts'
import type { Room, RoomOptions } from './room.ts'
import { RoomClient } from './room-client.ts'
import { socketLink } from './socket-link.ts'

/**
 * Enters the room as the seat that `token` opens, or in a browser as the seat whose cookie `process` and `seat` name.
 * Resolves when the first view is there, or without a line when a view of an earlier page is kept on the device; while the server
 * cannot be reached it goes on trying. Rejects with `Refused`
 * when the server turns the seat down (`session-ended`, `outdated-client`, `no-such-thing`).
 */
export async function enterRoom(options: RoomOptions): Promise<Room> {
  const room = new RoomClient(socketLink(options), { ...options, time: machineTime, random: machineRandom })
  await room.entered
  return room
}
