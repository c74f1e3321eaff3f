/** Times in milliseconds, counted rather than kept: a crowd hears millions. */

const STEP_MS = 0.05
const BINS = 60_000

export class Histogram {
  readonly #bins = new Uint32Array(BINS)
  #count = 0

  /** Longer than three seconds counts as three seconds. */
  add(ms: number): void {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(ms / STEP_MS)))
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1
    this.#count += 1
  }
  clear(): void {
    this.#bins.fill(0)
    this.#count = 0
  }
  get count(): number {
    return this.#count
  }
  /** For another process: pairs of bin and how many. */
  packed(): number[] {
    const pairs: number[] = []
    for (let bin = 0; bin < BINS; bin += 1) {
      const count = this.#bins[bin] ?? 0
      if (count > 0) pairs.push(bin, count)
    }
    return pairs
  }
  take(packed: number[]): this {
    for (let index = 0; index < packed.length; index += 2) {
      const bin = packed[index] ?? 0
      const count = packed[index + 1] ?? 0
      this.#bins[bin] = (this.#bins[bin] ?? 0) + count
      this.#count += count
    }
    return this
  }
  /** The time that a share of all does not exceed; NaN without any. */
  quantile(share: number): number {
    let rest = Math.floor(share * this.#count)
    for (let bin = 0; bin < BINS; bin += 1) {
      rest -= this.#bins[bin] ?? 0
      if (rest < 0) return (bin + 0.5) * STEP_MS
    }
    return this.#count > 0 ? BINS * STEP_MS : Number.NaN
  }
}
