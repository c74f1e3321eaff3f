import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { parseProcessFile } from '#shared/domain/file.ts'
import type { Mistake } from '#shared/domain/mistake.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import { parseTextFile } from '#shared/text/markdown.ts'
import type { SeedText } from '#shared/text/structure.ts'
import { readDocx } from './texts/docx.ts'
import { MAX_DOCX_BYTES } from './texts/docx-archive.ts'
import { leftSentence, refusedSentence } from './texts/left-out.ts'

/** A mistake and the file it is in. */
export interface FileMistake extends Mistake {
  file: string
}

/** A text of 200 pages is under 1 MB. */
const MAX_BYTES = 1024 * 1024
/** The largest process we know of names 60 people; anchors that multiply are no process file. */
const MAX_ALIASES = 50
/** A file beside this one, never a way out of the folder. */
const BESIDE = /^[^/\\]+\.(?:md|markdown|txt|docx)$/i

/**
 * Reads a process file, YAML or JSON, and the text files beside it. On success: the process file as plain JSON with its
 * texts inline, checked against the shape that the server asks for. Else every mistake, with file and line. What a Word
 * document holds and a text has no place for is a mistake too, unless `leaveOut`.
 */
export async function readProcessFile(
  path: string,
  { leaveOut = false }: { leaveOut?: boolean } = {},
): Promise<Outcome<unknown, FileMistake[]>> {
  const source = await readText(path)
  if (!source.ok) return source
  const lines = new LineCounter()
  const document = parseDocument(source.value, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const broken = document.errors.map((error) => {
    return { file: path, where: '', line: lines.linePos(error.pos[0]).line, problem: error.message }
  })
  if (broken.length > 0) return refuse(broken)
  let plain: unknown
  try {
    plain = document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (cause) {
    return refuse([{ file: path, where: '', problem: cause instanceof Error ? cause.message : String(cause) }])
  }
  const mistakes = await inlineTexts(path, plain, leaveOut)
  const parsed = parseProcessFile(plain)
  if (!parsed.ok) mistakes.push(...parsed.refusal.map((mistake) => ({ ...mistake, file: path })))
  if (mistakes.length === 0) return ok(plain)
  return refuse(mistakes.map((mistake) => (mistake.file === path ? withLine(mistake, document, lines) : mistake)))
}

async function readBytes(path: string, most: number): Promise<Outcome<Uint8Array, FileMistake[]>> {
  const mistake = (problem: string) => refuse([{ file: path, where: '', problem }])
  try {
    const { size } = await stat(path)
    if (size > most) return mistake(`The file has ${size} bytes; ${most} are the most that is read.`)
    return ok(await readFile(path))
  } catch {
    return mistake('The file cannot be read.')
  }
}

async function readText(path: string): Promise<Outcome<string, FileMistake[]>> {
  const bytes = await readBytes(path, MAX_BYTES)
  if (!bytes.ok) return bytes
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes.value))
  } catch {
    return refuse([{ file: path, where: '', problem: 'The file is not UTF-8 text.' }])
  }
}

/** Puts the words of each named text file in its place. */
async function inlineTexts(path: string, plain: unknown, leaveOut: boolean): Promise<FileMistake[]> {
  const mistakes: FileMistake[] = []
  const tracks: unknown = typeof plain === 'object' && plain !== null ? Reflect.get(plain, 'tracks') : null
  for (const [index, track] of (Array.isArray(tracks) ? tracks : []).entries()) {
    const name: unknown = typeof track === 'object' && track !== null ? Reflect.get(track, 'text') : null
    if (typeof name !== 'string') continue
    const where = `tracks[${index}].text`
    // Any words in its place keep the process file's own check from naming the same place again.
    Reflect.set(track, 'text', PLACEHOLDER)
    if (!BESIDE.test(name) || name !== basename(name)) {
      mistakes.push({ file: path, where, problem: 'A text is a .md or .docx file beside this one, or written here.' })
      continue
    }
    const file = join(dirname(path), name)
    const text = /\.docx$/i.test(name) ? await readWord(file, leaveOut) : await readMarkdown(file)
    if (text.ok) Reflect.set(track, 'text', text.value)
    else mistakes.push(...text.refusal)
  }
  return mistakes
}
const PLACEHOLDER = { title: 'Text', articles: [{ title: 'Article', clauses: ['Words.'] }] }

async function readMarkdown(file: string): Promise<Outcome<SeedText, FileMistake[]>> {
  const words = await readText(file)
  if (!words.ok) return words
  const text = parseTextFile(words.value)
  return text.ok ? text : refuse(text.refusal.map((mistake) => ({ ...mistake, file })))
}

async function readWord(file: string, leaveOut: boolean): Promise<Outcome<SeedText, FileMistake[]>> {
  const bytes = await readBytes(file, MAX_DOCX_BYTES)
  if (!bytes.ok) return bytes
  const read = await readDocx(bytes.value, basename(file).replace(/\.docx$/i, ''))
  if (!read.ok) return refuse([{ file, where: '', problem: refusedSentence(read.refusal) }])
  const { text, left } = read.value
  if (leaveOut || left.length === 0) return ok(text)
  return refuse(left.map((one) => ({ file, where: '', problem: leftSentence(one) })))
}

/** Finds the line of a mistake's place (`seats.3.role`), or of the nearest thing around it. */
function withLine(mistake: FileMistake, document: ReturnType<typeof parseDocument>, lines: LineCounter): FileMistake {
  if (mistake.line !== undefined) return mistake
  const path = mistake.where
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    const range: unknown = typeof node === 'object' && node !== null ? Reflect.get(node, 'range') : null
    if (Array.isArray(range) && typeof range[0] === 'number') return { ...mistake, line: lines.linePos(range[0]).line }
  }
  return mistake
}

/** `file:line: where: problem`, as editors and terminals make links of it. */
export const sentenceOf = ({ file, line, where, problem }: FileMistake): string =>
  `${file}${line === undefined ? '' : `:${line}`}: ${where ? `${where}: ` : ''}${problem}`
