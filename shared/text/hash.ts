import { sha256 } from '@noble/hashes/sha2.js'
import canonicalize from 'canonicalize'
import { type Hash, parseHash } from '../ids.ts'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** SHA-256 of the bytes. */
export function hashBytes(bytes: Uint8Array): Hash {
  let hex = ''
  for (const byte of sha256(bytes)) hex += HEX[byte]
  const hash = parseHash(hex)
  if (!hash) throw new Error('SHA-256 made no 64 hex characters')
  return hash
}

/** SHA-256 of the value's RFC 8785 JSON in UTF-8. Throws for what is no JSON. */
export function hashJson(value: unknown): Hash {
  const json = canonicalize(value)
  if (json === undefined) throw new Error('Only JSON has a hash')
  return hashBytes(new TextEncoder().encode(json))
}
