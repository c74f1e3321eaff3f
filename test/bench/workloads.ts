import type { Contender } from './contenders.ts'
import type { Figure } from './figures.ts'
import type { Row } from './rows.ts'

export interface Options {
  /** Smallest sizes and times: shows that everything works, measures nothing. */
  short: boolean
  /** Fewer and shorter runs: a whole table in some minutes. */
  quick: boolean
  /** Who is measured, Parley first. */
  contenders: Contender[]
  /** How often each is measured, in turns. */
  runs: number
  /** A folder for processor profiles: of the server, in `page` of the page. */
  profile?: string | undefined
  /** Another build of the page than `dist`: one that is not minified has names in its profile. */
  client?: string | undefined
  /** A folder of editing traces; without it they are made. */
  traces?: string | undefined
  /** People at once in `busy`. */
  people: number
  seconds: number
}

/** What was measured of Parley alone, judged by fixed targets, and of everyone on the same work. */
export interface Result {
  figures?: Figure[]
  rows?: Row[]
}

/** Measures one thing. Throws when what it measured did not happen as it should: words lost, replicas not equal. */
export type Workload = (options: Options) => Promise<Result>
