import { common } from './en/common.ts'
import { desk } from './en/desk.ts'
import { editor } from './en/editor.ts'
import { firstStart } from './en/first-start.ts'
import { help } from './en/help.ts'
import { join } from './en/join.ts'
import { people } from './en/people.ts'
import { refusals } from './en/refusals.ts'
import { room } from './en/room.ts'
import { states } from './en/states.ts'

/** Every sentence of the screens, in English: the catalogue the others are measured by. */
export const en = {
  ...common,
  ...join,
  ...room,
  ...states,
  ...help,
  ...desk,
  ...people,
  ...firstStart,
  ...editor,
} as const
export const refusalsInEnglish = refusals
