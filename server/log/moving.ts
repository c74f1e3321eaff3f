import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ProcessId } from '#shared/ids.ts'
import { Gathered } from './adopting.ts'
import { type Log, LogDamaged, LogUnavailable, type Seq, type StoredEntry } from './log.ts'
import { PortableWriter, readPortable } from './portable-file.ts'
import { hexOf, sameBytes } from './segments.ts'

/** How far a long piece of work has come: entries done, of how many. */
export type OnProgress = (what: string, entries: number, of: number) => void

/** What stands beside a log, and moves with it. Each throws when it cannot. */
export interface Beside {
  list(process: ProcessId): Promise<string[]>
  read(process: ProcessId, name: string): Promise<Uint8Array>
  save(process: ProcessId, name: string, bytes: Uint8Array): Promise<void>
}

/** One process of a file: its head and its chain there. */
export interface Moved {
  process: ProcessId
  seq: Seq
  hash: string
}

/** What an import came to in one process. `there`: it was there before, the same. */
export type Taken = Moved & { was: 'taken' | 'there' }

const PAGE = 1_024

/**
 * Writes processes of a log into one file, each as it stands when its turn comes, and reads the file again: chains must match. Others may
 * write meanwhile. Throws LogDamaged when they do not, or when the file is there already; then there is no file of that name.
 */
export async function exportLog(
  log: Log,
  beside: Beside,
  path: string,
  processes: ProcessId[],
  onProgress: OnProgress,
): Promise<Moved[]> {
  if (existsSync(path)) throw new LogDamaged(`${path} is there already. Choose another name: nothing is written over.`)
  const part = `${path}.part`
  await rm(part, { force: true })
  const file = await open(part, 'wx', 0o600)
  try {
    const writer = new PortableWriter(file)
    const written: Moved[] = []
    for (const process of processes) written.push(await writeProcess(log, beside, process, writer, onProgress))
    await writer.add({ is: 'end', processes: processes.length })
    await writer.close()
    const read = await checkPortable(part, onProgress)
    if (JSON.stringify(read) !== JSON.stringify(written))
      throw new LogDamaged(`${path} does not read as it was written.`)
    await rename(part, path)
    const folder = await open(dirname(path))
    await folder.sync()
    await folder.close()
    return written
  } finally {
    await file.close().catch(() => undefined)
    await rm(part, { force: true })
  }
}

async function writeProcess(
  log: Log,
  beside: Beside,
  process: ProcessId,
  writer: PortableWriter,
  onProgress: OnProgress,
): Promise<Moved> {
  const { seq } = await log.heads(process)
  await writer.add({ is: 'process', process, seq })
  for (const [key, secret] of await log.keys(process)) await writer.add({ is: 'key', key, secret })
  for (const name of await beside.list(process))
    await writer.add({ is: 'file', name, bytes: await beside.read(process, name) })
  const gathered = new Gathered(process)
  while (gathered.seq < seq) {
    const entries = await log.stored(process, gathered.seq, Math.min(PAGE, seq - gathered.seq))
    if (entries.length === 0) throw new LogUnavailable('The log lost entries while it was read. Try again.')
    for (const entry of entries) {
      gathered.take(entry)
      await writer.add({ is: 'entry', seq: gathered.seq, entry })
    }
    onProgress('written', gathered.seq, seq)
  }
  const hash = hexOf(gathered.chain)
  const chain = await log.chain(process)
  if (chain.seq === seq && chain.hash !== hash)
    throw new LogDamaged(`The entries of process ${process} do not make its chain.`)
  await writer.add({ is: 'chain', hash })
  return { process, seq, hash }
}

/** Reads a whole file: what it has, when all of it is sound. Throws LogDamaged that names the entry. */
async function checkPortable(path: string, onProgress: OnProgress): Promise<Moved[]> {
  const found: Moved[] = []
  let now: { gathered: Gathered; process: ProcessId; seq: Seq } | null = null
  const damaged = (what: string): LogDamaged => new LogDamaged(`${path} is damaged: ${what}.`)
  for await (const record of readPortable(path)) {
    if (record.is === 'end' && (now || record.processes !== found.length)) throw damaged('processes are missing')
    if (record.is === 'process') {
      if (now) throw damaged(`process ${now.process} does not end`)
      now = { ...record, gathered: new Gathered(record.process) }
    } else if (record.is === 'entry' || record.is === 'chain') {
      if (!now) throw damaged('entries of no process')
      const { gathered, process, seq } = now
      if (record.is === 'entry') {
        try {
          gathered.take(record.entry)
        } catch (cause) {
          throw new LogDamaged(`${path}, process ${process}: ${cause instanceof Error ? cause.message : cause}`, {
            cause,
          })
        }
        if (gathered.seq % PAGE === 0) onProgress('checked', gathered.seq, seq)
      } else {
        const hash = hexOf(gathered.chain)
        if (hash !== record.hash || gathered.seq !== seq || !gathered.isWhole || seq === 0)
          throw damaged(`the ${gathered.seq} entries of process ${process} do not make its chain of ${seq}`)
        found.push({ process, seq, hash })
        now = null
      }
    }
  }
  return found
}

/**
 * Takes the processes of a file into a log. The file is checked whole first; a process that is there already and the same is left, so that
 * an import that broke off is made again. Afterwards every entry is read back and compared. Throws LogDamaged, with nothing taken in, when
 * the file is damaged or a process is there otherwise; LogUnavailable when the log takes no writes: then whole processes may be in.
 */
export async function importLog(
  log: Log,
  beside: Beside,
  path: string,
  only: ProcessId | null,
  onProgress: OnProgress,
): Promise<Taken[]> {
  const checked = await checkPortable(path, onProgress)
  const all = checked.filter(({ process }) => only === null || process === only)
  if (all.length === 0) throw new LogDamaged(`${path} has ${only ? `no process ${only}` : 'no process at all'}.`)
  const taken: Taken[] = []
  for (const moved of all) taken.push({ ...moved, was: (await isThere(log, moved)) ? 'there' : 'taken' })
  for (const { process, seq, was } of taken)
    if (was === 'taken') await takeIn(log, beside, path, process, (entries) => onProgress('taken in', entries, seq))
  for (const { process, seq } of taken)
    await compare(log, path, process, (entries) => onProgress('compared', entries, seq))
  return taken
}

async function isThere(log: Log, { process, seq, hash }: Moved): Promise<boolean> {
  const there = await log.chain(process)
  if (there.seq === 0) return false
  if (there.seq === seq && there.hash === hash) return true
  throw new LogDamaged(
    `Process ${process} is in this log already, otherwise: ${there.seq} entries, and ${seq} in the file. Only what is not there can be taken in.`,
  )
}

async function takeIn(
  log: Log,
  beside: Beside,
  path: string,
  wanted: ProcessId,
  onTaken: (entries: Seq) => void,
): Promise<void> {
  const adoption = await log.adopt(wanted)
  const keys = new Map<string, Uint8Array>()
  let page: StoredEntry[] = []
  let hash = ''
  try {
    for await (const record of recordsOf(path, wanted)) {
      if (record.is === 'file') await beside.save(wanted, record.name, record.bytes)
      if (record.is === 'key') keys.set(record.key, record.secret)
      if (record.is === 'chain') hash = record.hash
      if (record.is !== 'entry' || page.push(record.entry) < PAGE) continue
      await adoption.add(page)
      page = []
      onTaken(record.seq)
    }
    await adoption.add(page)
  } catch (cause) {
    await adoption.abandon()
    throw cause
  }
  const finished = await adoption.finish(keys)
  if (finished.ok && finished.value.hash === hash) return
  if (finished.ok) throw new LogDamaged(`Process ${wanted} was taken in otherwise than the file has it.`)
  await adoption.abandon()
  throw finished.refusal.code === 'unavailable'
    ? new LogUnavailable(`The log takes no writes: ${finished.refusal.reason}.`)
    : new LogDamaged(`Process ${wanted} was begun here meanwhile. Only what is not there can be taken in.`)
}

/** Every entry of the log against the file's, byte for byte. */
async function compare(log: Log, path: string, wanted: ProcessId, onCompared: (entries: Seq) => void): Promise<void> {
  let page: StoredEntry[] = []
  let first = 1
  for await (const record of recordsOf(path, wanted)) {
    if (record.is !== 'entry') continue
    if (record.seq >= first + page.length) {
      first = record.seq
      page = await log.stored(wanted, record.seq - 1, PAGE)
      onCompared(record.seq)
    }
    const there = page[record.seq - first]
    if (there?.rest !== record.entry.rest || !sameBytes(there.bytes, record.entry.bytes))
      throw new LogDamaged(`Entry ${record.seq} of process ${wanted} is not in the log as the file has it.`)
  }
}

async function* recordsOf(path: string, wanted: ProcessId) {
  let isIn = false
  for await (const record of readPortable(path)) {
    if (record.is === 'process') isIn = record.process === wanted
    else if (isIn) yield record
    if (record.is === 'chain') isIn = false
  }
}
