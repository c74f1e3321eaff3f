/** One thing wrong in a file somebody wrote: its place (`parties[2].kind`) and what to do about it. */
export interface Mistake {
  where: string
  /** Counted from 1; set by who knows the file's lines. */
  line?: number
  problem: string
}
