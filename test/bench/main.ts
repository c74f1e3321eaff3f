/** `npm run bench`: see `run.ts`. Every part of a measurement is this program again, in another role, and loads no more than that needs. */

const ROLES: Record<string, () => Promise<void>> = {
  server: async () => (await import('./server.ts')).serve(),
  'peer-server': async () => (await import('./peer-server.ts')).peerServer(),
  crowd: async () => (await import('./crowd.ts')).crowd(),
  rooms: async () => (await import('./rooms.ts')).rooms(),
  reals: async () => (await import('./reals.ts')).reals(),
}

const role = process.env['BENCH_ROLE']
if (role === undefined) await (await import('./run.ts')).bench()
else await ROLES[role]?.()
