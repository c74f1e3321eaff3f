import sax, { type QualifiedTag } from 'sax'

/** What is told of a document, in its order. Names come without their prefix. */
export interface XmlListener {
  open?(name: string, attribute: (name: string) => string | undefined): void
  close?(name: string): void
  words?(words: string): void
}

/** The XML is not as any office program writes it. */
export class BadXml extends Error {
  override name = 'BadXml'
  readonly why: 'broken-xml' | 'entities'
  constructor(why: BadXml['why'], words: string) {
    super(words)
    this.why = why
  }
}

/** Deeper than any office program nests. */
const MAX_DEPTH = 200

/** Reads a whole document. Throws `BadXml` on broken XML, on a document type declaration (entities could multiply), and on nesting past any sense. */
export function readXml(xml: string, listener: XmlListener): void {
  const reader = sax.parser(true, { xmlns: true })
  let depth = 0
  reader.onerror = (cause) => {
    throw new BadXml('broken-xml', `broken XML in line ${reader.line + 1}: ${cause.message.split('\n')[0]}`)
  }
  reader.ondoctype = () => {
    throw new BadXml('entities', 'it declares a document type of its own')
  }
  reader.onopentag = (tag) => {
    depth += 1
    if (depth > MAX_DEPTH) throw new BadXml('broken-xml', `its elements are nested deeper than ${MAX_DEPTH}`)
    const { local, attributes } = tag as QualifiedTag
    listener.open?.(local, (name) => Object.values(attributes).find((one) => one.local === name)?.value)
  }
  reader.onclosetag = (name) => {
    depth -= 1
    listener.close?.(name.slice(name.indexOf(':') + 1))
  }
  reader.ontext = (words) => listener.words?.(words)
  reader.oncdata = (words) => listener.words?.(words)
  reader.write(xml.replace(/^\uFEFF/, '')).close()
}
