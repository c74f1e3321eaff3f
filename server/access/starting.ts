import type { ProcessFile } from '#shared/domain/file.ts'
import { mintId, type ProcessId, parseProcessId } from '#shared/ids.ts'
import { type Outcome, ok } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Random } from '#shared/world.ts'
import type { Log } from '../log/log.ts'
import type { Processes, Running } from '../processes/port.ts'
import type { Door, FirstInvitation } from './door.ts'
import type { Registry } from './registry.ts'

export interface StartingOptions {
  processes: Processes
  registry: Registry
  door: Door
}

/** Starts a process, under `id` if that is given, and makes one invitation for each seat. The codes are in the answer and nowhere else. */
export async function startProcess(
  { processes, registry, door }: StartingOptions,
  file: ProcessFile,
  id?: ProcessId,
): Promise<Outcome<{ running: Running; invitations: FirstInvitation[] }, Refusal>> {
  const started = await processes.start(file, id)
  if (!started.ok) return started
  const running = await processes.open(started.value)
  if (!running) throw new Error('a process that was started is there')
  registry.watch(running)
  const invitations = await door.firstInvitations(running)
  return invitations.ok ? ok({ running, invitations: invitations.value }) : invitations
}

/** Where the log keeps the name of its sample: under no process that there could be. */
const SAMPLES = parseProcessId('sample'.padEnd(22, '-'))
const SAMPLE = 'sample'

/** The id that the sample of a log has or will have: of nodes that ask at once each gets the same. */
export async function sampleIdOf(log: Log, random: Random): Promise<ProcessId> {
  if (!SAMPLES) throw new Error('the names of samples have a place')
  const drawn = mintId<ProcessId>(random.stream('sample').bytes(22))
  await log.saveKey(SAMPLES, SAMPLE, new TextEncoder().encode(drawn))
  const kept = await log.loadKey(SAMPLES, SAMPLE)
  return parseProcessId(new TextDecoder().decode(kept ?? undefined)) ?? drawn
}
