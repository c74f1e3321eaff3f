import { createCipheriv, createDecipheriv } from 'node:crypto'

/**
 * Bodies of erasable objects: AES-256-GCM under the object's own key, which is kept beside the log (`Log.saveKey`) and not
 * in its chain. Erasing the key leaves every entry and hash as it was, and nobody can read the body again.
 * A sealed body is nonce, cipher text, tag.
 */
const CIPHER = 'aes-256-gcm'
export const SECRET_BYTES = 32
export const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Seals a body under a secret of 32 bytes. `nonce`: 12 random bytes, never used twice with one secret. */
export function seal(secret: Uint8Array, body: Uint8Array, nonce: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, secret, nonce, { authTagLength: TAG_BYTES })
  return new Uint8Array(Buffer.concat([nonce, cipher.update(body), cipher.final(), cipher.getAuthTag()]))
}

/** The body; null when these bytes were not sealed under this secret, or were changed since. */
export function unseal(secret: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  const tagAt = sealed.length - TAG_BYTES
  if (tagAt < NONCE_BYTES) return null
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, secret, nonce, { authTagLength: TAG_BYTES }).setAuthTag(
    sealed.subarray(tagAt),
  )
  try {
    return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, tagAt)), decipher.final()]))
  } catch {
    return null
  }
}
