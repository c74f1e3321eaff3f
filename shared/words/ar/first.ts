import { common } from './common.ts'
import { editor } from './editor.ts'
import { join } from './join.ts'
import { room } from './room.ts'
import { states } from './states.ts'

/** The sentences that a page starts with: whoever joins and writes waits for these only. */
export const first = { ...common, ...join, ...room, ...states, ...editor } as const
