import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { type Entry, fromBuffer, type ZipFile } from 'yauzl'
import type { Mistake } from '#shared/domain/mistake.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import { readXml } from './xml.ts'

/** What of a DOCX file is read, each as XML. A file without styles or lists has none of those parts. */
export interface DocxParts {
  document: string
  styles: string | null
  numbering: string | null
  /** Links to other places, dropped: their words stay. */
  links: number
}

/** A file of more bytes is not read. */
export const MAX_DOCX_BYTES = 20 * 1024 * 1024
/** 20,000 long paragraphs in Word's markup come to 50 MB. */
const MAX_PART_BYTES = 64 * 1024 * 1024
/** Word's own markup shrinks to a tenth, at best to a fortieth. */
const MAX_RATIO = 200
const MAX_ENTRIES = 5_000

const open = promisify(
  (bytes: Buffer, done: (cause: Error | null, zip: ZipFile) => void): void =>
    void fromBuffer(bytes, { lazyEntries: true, strictFileNames: true }, done),
)

/** Opens the archive and takes out the words' parts; pictures and all else stay packed. Never throws for a broken file. */
export async function openDocx(bytes: Uint8Array): Promise<Outcome<DocxParts, Mistake[]>> {
  if (bytes.length > MAX_DOCX_BYTES) return problem('The file is larger than 20 MB.')
  try {
    const zip = await open(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    return await new Archive(zip, await entriesOf(zip)).parts()
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    return problem(`The file is no readable .docx document (${said}).`)
  }
}

const problem = (words: string) => refuse([{ where: '', problem: words }])

async function entriesOf(zip: ZipFile): Promise<Map<string, Entry>> {
  if (zip.entryCount > MAX_ENTRIES) throw new Error(`it packs ${zip.entryCount} files`)
  const entries = new Map<string, Entry>()
  await new Promise<void>((done, failed) => {
    zip.on('entry', (entry: Entry) => {
      if (entries.has(entry.fileName)) failed(new Error(`it packs ${entry.fileName} twice`))
      entries.set(entry.fileName, entry)
      zip.readEntry()
    })
    zip.once('end', () => done())
    zip.once('error', failed)
    zip.readEntry()
  })
  return entries
}

interface Relation {
  type: string
  target: string
  isExternal: boolean
}

class Archive {
  readonly #zip: ZipFile
  readonly #entries: Map<string, Entry>

  constructor(zip: ZipFile, entries: Map<string, Entry>) {
    this.#zip = zip
    this.#entries = entries
  }

  async parts(): Promise<Outcome<DocxParts, Mistake[]>> {
    if ([...this.#entries.keys()].some((name) => /vbaProject\.bin$|\.(?:exe|js|vbs)$/i.test(name))) {
      return problem('The file carries macros. Save it as a document without them (.docx), and bring that one.')
    }
    const main = (await this.#relationsOf('')).find(({ type }) => type.endsWith('/officeDocument'))
    if (!main) return problem('The file is no Word document: it names no main text.')
    const path = within('', main.target)
    const relations = await this.#relationsOf(path)
    const partOf = (kind: string): Promise<string | null> | null => {
      const found = relations.find(({ type, isExternal }) => !isExternal && type.endsWith(`/${kind}`))
      return found ? this.#text(within(path, found.target)) : null
    }
    const document = await this.#text(path)
    if (document === null) return problem('The file names a main text and does not hold it.')
    return ok({
      document,
      styles: await partOf('styles'),
      numbering: await partOf('numbering'),
      links: relations.filter(({ isExternal }) => isExternal).length,
    })
  }

  async #relationsOf(path: string): Promise<Relation[]> {
    const cut = path.lastIndexOf('/') + 1
    const xml = await this.#text(`${path.slice(0, cut)}_rels/${path.slice(cut)}.rels`)
    const relations: Relation[] = []
    if (xml === null) return relations
    readXml(xml, {
      open: (name, at) => {
        if (name !== 'Relationship') return
        relations.push({
          type: at('Type') ?? '',
          target: at('Target') ?? '',
          isExternal: at('TargetMode') === 'External',
        })
      },
    })
    return relations
  }

  async #text(path: string): Promise<string | null> {
    const entry = this.#entries.get(path)
    if (!entry) return null
    if (entry.isEncrypted()) throw new Error('it is protected by a password')
    const { uncompressedSize, compressedSize } = entry
    if (uncompressedSize > MAX_PART_BYTES || uncompressedSize > Math.max(1, compressedSize) * MAX_RATIO) {
      throw new Error(`${path} unpacks to ${uncompressedSize} bytes`)
    }
    return await new Promise<string>((done, failed) => {
      this.#zip.openReadStream(entry, (cause, stream) => {
        if (cause) failed(cause)
        else wholeOf(stream).then(done, failed)
      })
    })
  }
}

/** The archive's reader ends a stream that gives more than the entry announced. */
async function wholeOf(stream: Readable): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece as Buffer)
  const bytes = Buffer.concat(pieces)
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  if (isUtf16) return new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-16be', { fatal: true }).decode(bytes)
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

/** A target is named from the folder of the part that names it. */
function within(path: string, target: string): string {
  if (target.startsWith('/')) return target.slice(1)
  const steps = path.split('/').slice(0, -1)
  for (const step of target.split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '.') steps.push(step)
  }
  return steps.join('/')
}
