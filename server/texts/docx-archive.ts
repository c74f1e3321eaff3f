import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { type Entry, fromBuffer, type ZipFile } from 'yauzl'
import { type Outcome, ok } from '#shared/outcome.ts'
import { type FileRefusal, FileRefused, refusedFile, whyOf } from './file-refused.ts'
import { readXml } from './xml.ts'

/** What of a DOCX file is read, each as XML. A file without styles or lists has none of those parts. */
export interface DocxParts {
  document: string
  styles: string | null
  numbering: string | null
  /** Links to other places, dropped: their words stay. */
  links: number
  /** Templates, pictures and data that the document would fetch from elsewhere: never fetched. */
  fetched: number
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
export async function openDocx(bytes: Uint8Array): Promise<Outcome<DocxParts, FileRefusal>> {
  if (bytes.length > MAX_DOCX_BYTES) return refusedFile('bomb')
  try {
    const zip = await open(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    return await new Archive(zip, await entriesOf(zip)).parts()
  } catch (cause) {
    return refusedFile(whyOf(cause, otherKind(bytes)))
  }
}

/** A document under a password is a file of another kind, with the packed one inside. */
function otherKind(bytes: Uint8Array): 'damaged' | 'password' | 'kind' {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (file.subarray(0, 2).toString('latin1') === 'PK') return 'damaged'
  return file.includes(Buffer.from('EncryptedPackage', 'utf16le')) ? 'password' : 'kind'
}

async function entriesOf(zip: ZipFile): Promise<Map<string, Entry>> {
  if (zip.entryCount > MAX_ENTRIES) throw new FileRefused('bomb')
  const entries = new Map<string, Entry>()
  await new Promise<void>((done, failed) => {
    zip.on('entry', (entry: Entry) => {
      if (entries.has(entry.fileName)) failed(new FileRefused('damaged'))
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

const LINK = '/hyperlink'

class Archive {
  readonly #zip: ZipFile
  readonly #entries: Map<string, Entry>

  constructor(zip: ZipFile, entries: Map<string, Entry>) {
    this.#zip = zip
    this.#entries = entries
  }

  async parts(): Promise<Outcome<DocxParts, FileRefusal>> {
    if ([...this.#entries.keys()].some((name) => /vbaProject\.bin$|\.(?:exe|js|vbs)$/i.test(name))) {
      return refusedFile('macros')
    }
    const main = (await this.#relationsOf('')).find(({ type }) => type.endsWith('/officeDocument'))
    if (!main) return refusedFile('kind')
    const path = within('', main.target)
    const relations = await this.#relationsOf(path)
    const partOf = (kind: string): Promise<string | null> | null => {
      const found = relations.find(({ type, isExternal }) => !isExternal && type.endsWith(`/${kind}`))
      return found ? this.#text(within(path, found.target)) : null
    }
    const document = await this.#text(path)
    if (document === null) return refusedFile('damaged')
    const settings = await this.#relationsOf(within(path, 'settings.xml'))
    const fetched = [...relations, ...settings].filter(({ isExternal, type }) => isExternal && !type.endsWith(LINK))
    return ok({
      document,
      styles: await partOf('styles'),
      numbering: await partOf('numbering'),
      links: relations.filter(({ isExternal, type }) => isExternal && type.endsWith(LINK)).length,
      fetched: fetched.length,
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
    if (entry.isEncrypted()) throw new FileRefused('password')
    const { uncompressedSize, compressedSize } = entry
    if (uncompressedSize > MAX_PART_BYTES || uncompressedSize > Math.max(1, compressedSize) * MAX_RATIO) {
      throw new FileRefused('bomb')
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
