import type { Refusal } from '#shared/refusals.ts'
import type { PageSpeech } from '../../components/speech.ts'

/** Why a file was not taken in: the fact, then the next step. */
export function reasonOf(refusal: Refusal, speech: PageSpeech, nameOf: Parameters<PageSpeech['refusal']>[1]): string {
  if (refusal.code === 'file-refused') return speech.say(`why.${refusal.why}`)
  return refusal.code === 'too-large' ? speech.say('why.too-large') : speech.refusal(refusal, nameOf)
}

const KB = 1024
/** 340 kB, 12 MB. */
export function sizeOf(bytes: number, speech: PageSpeech): string {
  const mb = bytes / KB / KB
  if (mb >= 1) return speech.say('files.size.mb', { number: Math.round(mb * 10) / 10 })
  return speech.say('files.size.kb', { number: Math.max(1, Math.round(bytes / KB)) })
}
