import type { Figure } from './figures.ts'

export interface Options {
  /** Smallest sizes and times: shows that everything works, measures nothing. */
  short: boolean
  /** A folder for processor profiles: of the server, in `page` of the page. */
  profile?: string | undefined
  /** Another build of the page than `dist`: one that is not minified has names in its profile. */
  client?: string | undefined
  /** People at once in `typing`. */
  people: number
  seconds: number
}

/** Measures one thing. Throws when what it measured did not happen as it should: words lost, replicas not equal. */
export type Workload = (options: Options) => Promise<Figure[]>
