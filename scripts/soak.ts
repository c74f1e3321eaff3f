// `npm run soak`: the fault tests at night's length. Whoever is short of time gives --minutes.
import { longRun } from './long-run.ts'

longRun(
  {
    name: 'soak',
    about: 'Kills servers with kill -9 and withdraws texts while people work, and counts every word and every byte.',
    options: {
      kills: { variable: 'PARLEY_KILLS', fallback: '1000', help: 'how often, on each engine' },
      withdrawals: { variable: 'PARLEY_WITHDRAWALS', fallback: '10000', help: 'how many, over nodes that fail' },
      engine: { variable: 'PARLEY_ENGINE', oneOf: ['sqlite', 'redis'], help: 'only this engine' },
      nodes: { variable: 'PARLEY_NODES', fallback: '3', help: 'how many share a Redis' },
      seed: { variable: 'PARLEY_SEED', fallback: '1', help: 'of what people do and when the server dies' },
      minutes: { variable: 'PARLEY_MINUTES', help: 'each part ends after so long at the latest' },
    },
    files: ({ engine }) =>
      engine === 'sqlite'
        ? ['test/faults/kill.test.ts']
        : ['test/faults/kill.test.ts', 'test/faults/withdrawals.test.ts'],
  },
  process.argv.slice(2),
)
