// What a person on a slow line waits for: the built pages against their budgets, as sent compressed.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { LANGUAGES } from '#shared/words/languages.ts'

/** One file of vite's manifest. */
interface Chunk {
  file: string
  isEntry?: boolean
  imports?: string[]
  dynamicImports?: string[]
  css?: string[]
}
export type Manifest = Record<string, Chunk>

/** 120 kB is four seconds at 30 kB/s, a bad mobile line; the editor may take as long again, less a second. */
export const BUDGETS = { 'join page shell': 120_000, 'editable room': 220_000, 'a language': 15_000 }
/** Screens that nobody loads to join or to edit, with their words, and what stands beside the text or comes once the room is quiet. */
const ELSEWHERE =
  /words\/(?:(?!en\/)|en\/(?:desk|people|help|files|first-start)\b)|screens\/(?:Desk|Files|FirstStart|Help|People|States)\b|\b_?(?:BracketHost|Margin|StructureMenu|(?:Device|Sessions|SignOut)Dialog)\b/

/** The files that must be there before the page `keys` can be used: static imports, all levels; dynamic ones on request. */
export function filesOf(manifest: Manifest, keys: string[], follow: (key: string) => boolean): Set<string> {
  const seen = new Set<string>()
  const files = new Set<string>()
  const visit = (key: string): void => {
    const chunk = manifest[key]
    if (!chunk || seen.has(key)) return
    seen.add(key)
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file)
    for (const next of [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? []).filter(follow)]) visit(next)
  }
  for (const key of keys) visit(key)
  return files
}

/** The size of each budgeted load in bytes, gzip: the larger of the two encodings the server offers. */
export function measure(dist: URL): Record<keyof typeof BUDGETS, number> {
  const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8')) as Manifest
  const pages = Object.keys(manifest).filter((key) => manifest[key]?.isEntry && key.endsWith('.html'))
  const joinPages = pages.filter((page) => page.includes('join'))
  const sizeOf = (file: string): number => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length
  const total = (keys: string[], follow: (key: string) => boolean): number =>
    [...keys, ...filesOf(manifest, keys, follow)].reduce((sum, file) => sum + sizeOf(file), 0)
  /** What the longest of them adds before one can write: the words of every page, and of every refusal. */
  const wordsOf = (language: string): number =>
    Object.entries(manifest)
      .filter(([key]) => key.endsWith(`words/${language}/first.ts`) || key.endsWith(`words/${language}/refusals.ts`))
      .reduce((sum, [, { file }]) => sum + sizeOf(file), 0)
  return {
    'join page shell': total(joinPages.length > 0 ? joinPages : pages, (key) =>
      /screens\/Join\b|words\/en\/(?:first|refusals|join)\b/.test(key),
    ),
    'editable room': total(pages, (key) => !ELSEWHERE.test(key)),
    'a language': Math.max(...LANGUAGES.map((language) => wordsOf(language))),
  }
}

function main(): void {
  const sizes = measure(new URL('../dist/', import.meta.url))
  for (const name of Object.keys(BUDGETS) as (keyof typeof BUDGETS)[]) {
    console.log(`${name}: ${(sizes[name] / 1000).toFixed(1)} kB of ${BUDGETS[name] / 1000} kB`)
    if (sizes[name] > BUDGETS[name]) process.exitCode = 1
  }
}

if (import.meta.main) main()
