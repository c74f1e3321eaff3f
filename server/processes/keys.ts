import { createHmac } from 'node:crypto'
import type { ProcessId } from '#shared/ids.ts'
import type { Random } from '#shared/world.ts'
import { type Entry, type Log, LogUnavailable } from '../log/log.ts'
import { NONCE_BYTES, SECRET_BYTES, seal, unseal } from '../log/seal.ts'
import type { Opened } from './fold.ts'

/** The keys of one process's erasable objects, at hand for sealing and opening bodies. */
export class Keys {
  readonly #id: ProcessId
  readonly #log: Log
  readonly #random: Random
  /** Null stands for a key that was erased. */
  readonly #secrets = new Map<string, Uint8Array | null>()

  constructor(id: ProcessId, log: Log, random: Random) {
    this.#id = id
    this.#log = log
    this.#random = random.stream('keys')
  }

  /** Makes sure that the named keys can seal. False when a new one could not be kept. */
  async make(names: Iterable<string>): Promise<boolean> {
    for (const name of names) {
      if (this.#secrets.get(name)) continue
      try {
        this.#secrets.set(name, (await this.#log.loadKey(this.#id, name)) ?? (await this.#newSecret(name)))
      } catch (cause) {
        if (cause instanceof LogUnavailable) return false
        throw cause
      }
    }
    return true
  }

  /** Two nodes may make the same key at once: the one that is kept is everybody's. */
  async #newSecret(name: string): Promise<Uint8Array> {
    await this.#log.saveKey(this.#id, name, this.#random.bytes(SECRET_BYTES))
    const kept = await this.#log.loadKey(this.#id, name)
    if (!kept) throw new LogUnavailable('A key was erased while it was made.')
    return kept
  }

  /** Whether bodies can be sealed under the key now. */
  holds(name: string): boolean {
    return (this.#secrets.get(name) ?? null) !== null
  }

  /** Only after `make`. */
  seal(name: string, body: Uint8Array): Uint8Array {
    const secret = this.#secrets.get(name)
    if (!secret) throw new Error('a body is sealed under a key that is at hand')
    return seal(secret, body, this.#random.bytes(NONCE_BYTES))
  }

  /** Bytes that follow from `what` and a key of the process: the same on every node. Null when a new key could not be kept. */
  async derive(name: string, what: string): Promise<Uint8Array | null> {
    const secret = (await this.make([name])) ? this.#secrets.get(name) : null
    return secret ? createHmac('sha256', secret).update(what).digest() : null
  }

  /** Whether every key these entries are sealed under is at hand. */
  has(entries: Entry[]): boolean {
    return entries.every(({ key }) => key === undefined || this.#secrets.has(key))
  }

  /** Brings the keys to hand that the log has. */
  async fetch(names: Iterable<string>): Promise<void> {
    for (const name of names)
      if (!this.#secrets.has(name)) this.#secrets.set(name, await this.#log.loadKey(this.#id, name))
  }

  /** Only after `fetch` or `make`; null when the key was erased. */
  unseal(name: string, sealed: Uint8Array): Uint8Array | null {
    const secret = this.#secrets.get(name)
    return secret ? unseal(secret, sealed) : null
  }

  /** The entries in the clear; the body of an erased object is null. */
  open(entries: Entry[]): Opened[] {
    return entries.map((entry) => {
      return { entry, body: entry.key === undefined ? entry.body : this.unseal(entry.key, entry.body) }
    })
  }
}
