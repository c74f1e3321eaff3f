import type { ProcessId } from '#shared/ids.ts'
import type { Seq } from '../log/log.ts'
import type { NodeId, Told } from './nodes.ts'

/** What goes from node to node. It may be lost. */
export type Message =
  /** What is cut up to `seq`: is it in force at yours? Answered by `in-force`, by whoever holds a lease. */
  | { is: 'ask'; process: ProcessId; seq: Seq; nonce: string }
  | { is: 'in-force'; nonce: string }
  | { is: 'told'; told: Told }

/** Who is alive, and for how long the store has been the one it is. */
export interface Live {
  nodes: NodeId[]
  /** Milliseconds since the store was started or taken over: leases given before may be missing, and hold. */
  sinceMs: number
}

/**
 * The store of leases and the line between nodes. Two engines, one contract (`test/contract/nodes.test.ts`). A call that the
 * store did not answer rejects; what it asked for may have happened.
 */
export interface Wire {
  /** A lease from now on, on the store's clock. */
  join(node: NodeId, leaseMs: number): Promise<void>
  /** The lease anew. False when it ended or was fenced: never again under this name. */
  renew(node: NodeId, leaseMs: number): Promise<boolean>
  /** Every node whose lease holds or held less than `graceMs` ago, fenced ones included. */
  live(graceMs: number): Promise<Live>
  /** The lease is not renewed any more. */
  fence(node: NodeId): Promise<void>
  /** The lease ends at once. */
  leave(node: NodeId): Promise<void>
  /** To every other node, in the order of sending; resolves when handed on. */
  send(from: NodeId, message: Message): Promise<void>
  onMessage(listener: (from: NodeId, message: Message) => void): void
  close(): Promise<void>
}
