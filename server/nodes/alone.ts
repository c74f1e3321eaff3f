import type { Nodes } from './nodes.ts'

/** One node, on a log of its own: it may always serve, and what is in force here is in force. */
export const alone: Nodes = {
  isAlone: true,
  mayServe: () => true,
  onFenced: () => undefined,
  inForce: async () => undefined,
  tell: () => undefined,
  onTold: () => undefined,
  onGone: () => undefined,
  leave: async () => undefined,
}
