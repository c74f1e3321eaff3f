import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { besideLog, copyFiles, processesBeside } from '../files/copies.ts'
import { openFolderStore } from '../files/folder-store.ts'
import { FilesDamaged } from '../files/store.ts'
import { ANNEX_FOLDER, LOG_FILE, openFolder } from '../folder.ts'
import { LogDamaged } from '../log/log.ts'
import { restoreLog } from '../log/restore.ts'
import { type Command, done, failed } from './command.ts'

export const restore: Command = {
  usage: '<file>',
  summary: 'Puts a backup in place of the log; the server must be stopped.',
  words: [1, 1],
  async run({ words: [path = ''], config }) {
    const { folder } = config
    const backup = resolve(path)
    if (!existsSync(backup)) return failed(`${backup} is not there.`)
    openFolder(folder)
    const file = join(folder, LOG_FILE)
    const aside = existsSync(file) ? `${file}.before-restore-${Date.now()}` : null
    const beside = openFolderStore(besideLog(backup))
    const processes = processesBeside(backup)
    try {
      await copyFiles(beside, null, processes)
      await restoreLog(backup, file, aside)
    } catch (cause) {
      const isDamage = cause instanceof LogDamaged || cause instanceof FilesDamaged
      if (isDamage) return failed(cause.message, 'Nothing was changed.')
      throw cause
    }
    // Names are of their content: nothing that stands there is another file.
    await copyFiles(beside, openFolderStore(join(folder, ANNEX_FOLDER)), processes)
    const kept = aside ? [`The log that was there is kept as ${aside}.`] : []
    return done(
      { folder, from: backup, kept: aside },
      'Access that was withdrawn, and sessions and links that were ended, after this backup was made are back. Keep people out until they are withdrawn again.',
      `Restored into ${folder}. Start the room with npm start.`,
      ...kept,
    )
  },
}
