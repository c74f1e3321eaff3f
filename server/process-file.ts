import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { parseProcessFile } from '#shared/domain/file.ts'
import type { Mistake } from '#shared/domain/mistake.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import { parseTextFile } from '#shared/text/markdown.ts'

/** A mistake and the file it is in. */
export interface FileMistake extends Mistake {
  file: string
}

/** A text of 200 pages is under 1 MB. */
const MAX_BYTES = 1024 * 1024
/** The largest process we know of names 60 people; anchors that multiply are no process file. */
const MAX_ALIASES = 50
/** A file beside this one, never a way out of the folder. */
const BESIDE = /^[^/\\]+\.(?:md|markdown|txt)$/i

/**
 * Reads a process file, YAML or JSON, and the text files beside it. On success: the process file as plain JSON with its
 * texts inline, checked against the shape that the server asks for. Else every mistake, with file and line.
 */
export async function readProcessFile(path: string): Promise<Outcome<unknown, FileMistake[]>> {
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
  const mistakes = await inlineTexts(path, plain)
  const parsed = parseProcessFile(plain)
  if (!parsed.ok) mistakes.push(...parsed.refusal.map((mistake) => ({ ...mistake, file: path })))
  if (mistakes.length === 0) return ok(plain)
  return refuse(mistakes.map((mistake) => (mistake.file === path ? withLine(mistake, document, lines) : mistake)))
}

async function readText(path: string): Promise<Outcome<string, FileMistake[]>> {
  const mistake = (problem: string) => refuse([{ file: path, where: '', problem }])
  try {
    const { size } = await stat(path)
    if (size > MAX_BYTES) return mistake(`The file has ${size} bytes; ${MAX_BYTES} are the most that is read.`)
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path)))
  } catch (cause) {
    if (cause instanceof TypeError) return mistake('The file is not UTF-8 text.')
    return mistake('The file cannot be read.')
  }
}

/** Puts the words of each named text file in its place. */
async function inlineTexts(path: string, plain: unknown): Promise<FileMistake[]> {
  const mistakes: FileMistake[] = []
  const tracks: unknown = typeof plain === 'object' && plain !== null ? Reflect.get(plain, 'tracks') : null
  for (const [index, track] of (Array.isArray(tracks) ? tracks : []).entries()) {
    const name: unknown = typeof track === 'object' && track !== null ? Reflect.get(track, 'text') : null
    if (typeof name !== 'string') continue
    const where = `tracks[${index}].text`
    // Any words in its place keep the process file's own check from naming the same place again.
    Reflect.set(track, 'text', PLACEHOLDER)
    if (!BESIDE.test(name) || name !== basename(name)) {
      mistakes.push({ file: path, where, problem: 'A text is a .md file beside this one, or written here.' })
      continue
    }
    const file = join(dirname(path), name)
    const words = await readText(file)
    if (!words.ok) {
      mistakes.push(...words.refusal)
      continue
    }
    const text = parseTextFile(words.value)
    if (text.ok) Reflect.set(track, 'text', text.value)
    else mistakes.push(...text.refusal.map((mistake) => ({ ...mistake, file })))
  }
  return mistakes
}
const PLACEHOLDER = { title: 'Text', articles: [{ title: 'Article', clauses: ['Words.'] }] }

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
