import { createHash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { readDocx } from '../texts/docx.ts'
import { examine } from './examine.ts'
import type { Job, Told } from './thread.ts'

/** Reads one file after another, away from the thread that everybody's words go through. */
parentPort?.on('message', async (job: Job) => {
  const told = await answerTo(job)
  parentPort?.postMessage(told, 'text' in told ? [told.text.buffer as ArrayBuffer] : [])
})

async function answerTo({ job, bytes, ...what }: Job): Promise<Told> {
  if (what.task === 'examine') {
    const found = examine(bytes)
    if (!found.ok) return { job, refusal: found.refusal }
    return { job, kind: found.value, hash: createHash('sha256').update(bytes).digest('hex') }
  }
  const read = await readDocx(bytes, what.title)
  if (!read.ok) return { job, refusal: read.refusal }
  return { job, text: new TextEncoder().encode(JSON.stringify(read.value)) }
}
