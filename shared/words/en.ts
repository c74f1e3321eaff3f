import { desk } from './en/desk.ts'
import { files } from './en/files.ts'
import { first } from './en/first.ts'
import { firstStart } from './en/first-start.ts'
import { help } from './en/help.ts'
import { join } from './en/join.ts'
import { people } from './en/people.ts'
import { refusals } from './en/refusals.ts'

/** Every sentence of the screens, in English: the catalogue the others are measured by. */
export const en = { ...first, ...join, ...help, ...desk, ...people, ...firstStart, ...files } as const
export const refusalsInEnglish = refusals
