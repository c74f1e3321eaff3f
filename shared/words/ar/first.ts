import { common } from './common.ts'
import { editor } from './editor.ts'
import { room } from './room.ts'
import { states } from './states.ts'

/** The sentences that a page starts with: whoever writes waits for these only. */
export const first = { ...common, ...room, ...states, ...editor } as const
