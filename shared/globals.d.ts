// What shared/ may use of the platform: only what browsers and Node have alike and what reads no clock, no chance and
// no network. Everything else (timers, process, document, fetch) does not type-check here.

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>
  encodeInto(text: string, into: Uint8Array): { read: number; written: number }
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes?: Uint8Array | ArrayBuffer | DataView, options?: { stream?: boolean }): string
}

declare class URL {
  constructor(url: string, base?: string | URL)
  static canParse(url: string, base?: string): boolean
  readonly href: string
  readonly origin: string
  readonly protocol: string
  readonly host: string
  readonly hostname: string
  readonly port: string
  readonly pathname: string
  readonly search: string
  readonly hash: string
  toString(): string
}

/** A deep copy of plain values, maps, sets and typed arrays. */
declare function structuredClone<T>(value: T): T
