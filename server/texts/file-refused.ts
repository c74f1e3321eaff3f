import { refuse } from '#shared/outcome.ts'
import type { FileReason, Refusal } from '#shared/refusals.ts'
import { BadXml } from './xml.ts'

/** Why a file is not taken in. */
export type FileRefusal = Extract<Refusal, { code: 'file-refused' }>

export const refusedFile = (why: FileReason, count?: number) =>
  refuse<FileRefusal>({ code: 'file-refused', why, ...(count === undefined ? {} : { count }) })

/** Thrown where a file is read; whoever began the reading makes a refusal of it. */
export class FileRefused extends Error {
  override name = 'FileRefused'
  readonly why: FileReason
  readonly count: number | undefined
  constructor(why: FileReason, count?: number) {
    super(why)
    this.why = why
    this.count = count
  }
}

/** What a reader's exception says of the file; `otherwise` is what is wrong when it says nothing. */
export const whyOf = (cause: unknown, otherwise: FileReason): FileReason =>
  cause instanceof FileRefused || cause instanceof BadXml ? cause.why : otherwise
