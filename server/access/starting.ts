import type { ProcessFile } from '#shared/domain/file.ts'
import { type Outcome, ok } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Processes, Running } from '../processes/port.ts'
import type { Door, FirstInvitation } from './door.ts'
import type { Registry } from './registry.ts'

export interface StartingOptions {
  processes: Processes
  registry: Registry
  door: Door
}

/** Starts a process and makes one invitation for each seat. The codes are in the answer and nowhere else. */
export async function startProcess(
  { processes, registry, door }: StartingOptions,
  file: ProcessFile,
): Promise<Outcome<{ running: Running; invitations: FirstInvitation[] }, Refusal>> {
  const started = await processes.start(file)
  if (!started.ok) return started
  const running = await processes.open(started.value)
  if (!running) throw new Error('a process that was started is there')
  registry.watch(running)
  const invitations = await door.firstInvitations(running)
  return invitations.ok ? ok({ running, invitations: invitations.value }) : invitations
}
