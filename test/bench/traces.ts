import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** How people wrote a text: every transaction with its author and what that author had seen. */

export interface Transaction {
  agent: number
  /** Indexes of the transactions this one follows; those of the same author before it are implied. */
  parents: number[]
  patches: [at: number, deleted: number, inserted: string][]
}
export interface Trace {
  name: string
  agents: number
  transactions: Transaction[]
}

interface TraceFile {
  numAgents?: number
  txns: { agent?: number; parents?: number[]; patches: [number, number, string][] }[]
}

export const TWO_AUTHORS = 'friendsforever'
export const ONE_AUTHOR = 'sveltecomponent'

/** From a folder of josephg/editing-traces (CC BY 4.0, Joseph Gentle) when it has the trace, else made. */
export function traceOf(name: string, folder: string | undefined, most: number): Trace {
  const file = folder ? join(folder, `${name}.json.gz`) : ''
  if (!existsSync(file)) return made(name === TWO_AUTHORS ? 2 : 1, most)
  const { numAgents = 1, txns } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as TraceFile
  const transactions = txns.slice(0, most).map(({ agent = 0, parents = [], patches }) => ({ agent, parents, patches }))
  return { name, agents: numAgents, transactions }
}

const LETTERS = 'etaoin shrdlu cmfwyp '
const TURN = 17

/** People who type words at one place, delete a few letters, go elsewhere, and now and then read what the other wrote. */
function made(agents: number, count: number): Trace {
  let state = 12_345
  const draw = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  // What an author knows of: at least so long is the text, since only the other deletes unseen.
  const lengths = Array.from({ length: agents }, () => 0)
  const places = Array.from({ length: agents }, () => 0)
  const transactions: Transaction[] = []
  let agent = 0
  for (let index = 0; index < count; index += 1) {
    const parents: number[] = []
    if (draw(TURN) === 0) {
      // The other's turn, who has seen everything.
      const before = lengths[agent] ?? 0
      agent = (agent + 1) % agents
      lengths[agent] = before
      if (index > 0) parents.push(index - 1)
    }
    const length = lengths[agent] ?? 0
    if (draw(40) === 0) places[agent] = draw(length + 1)
    const place = Math.min(places[agent] ?? 0, length)
    const deletes = place > 3 && draw(8) === 0 ? 1 : 0
    const words = deletes ? '' : (LETTERS[draw(LETTERS.length)] ?? 'e')
    transactions.push({ agent, parents, patches: [[place - deletes, deletes, words]] })
    lengths[agent] = length + words.length - deletes
    places[agent] = place + words.length - deletes
  }
  return { name: `made, ${agents} author${agents > 1 ? 's' : ''}`, agents, transactions }
}
