import type { Figure } from './figures.ts'

export interface Options {
  /** Smallest sizes and times: shows that everything works, measures nothing. */
  short: boolean
  /** A folder for processor profiles of the server. */
  profile?: string | undefined
  /** People at once in `typing`. */
  people: number
  seconds: number
}

/** Measures one thing. Throws when what it measured did not happen as it should: words lost, replicas not equal. */
export type Workload = (options: Options) => Promise<Figure[]>
