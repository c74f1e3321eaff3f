// `npm run dev`: the server, restarted when its files change, and vite in front of it with live client files.
import { spawn } from 'node:child_process'

const ROOT = new URL('..', import.meta.url)
const VITE = 'node_modules/vite/bin/vite.js'

const children = [
  ['--watch', '--watch-preserve-output', 'server/main.ts'],
  [VITE, '--clearScreen', 'false'],
].map((args) => spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' }))

/** One gone, all gone: half of the pair is no use. */
function stop(): void {
  for (const child of children) child.kill('SIGTERM')
}

for (const child of children) child.once('exit', stop)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
