import { desk } from './ar/desk.ts'
import { files } from './ar/files.ts'
import { first } from './ar/first.ts'
import { firstStart } from './ar/first-start.ts'
import { help } from './ar/help.ts'
import { join } from './ar/join.ts'
import { people } from './ar/people.ts'
import { refusals } from './ar/refusals.ts'
import type { Catalogue } from './say.ts'

/** Every sentence of the screens, in Arabic. */
export const ar: Catalogue = { ...first, ...join, ...help, ...desk, ...people, ...firstStart, ...files }
export const refusalsInArabic = refusals
