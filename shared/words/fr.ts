import { desk } from './fr/desk.ts'
import { files } from './fr/files.ts'
import { first } from './fr/first.ts'
import { firstStart } from './fr/first-start.ts'
import { help } from './fr/help.ts'
import { join } from './fr/join.ts'
import { people } from './fr/people.ts'
import { refusals } from './fr/refusals.ts'
import type { Catalogue } from './say.ts'

/** Every sentence of the screens, in French. */
export const fr: Catalogue = { ...first, ...join, ...help, ...desk, ...people, ...firstStart, ...files }
export const refusalsInFrench = refusals
