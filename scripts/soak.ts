// `npm run soak`: the fault tests at night's length. Whoever is short of time gives --minutes.
import { longRun } from './long-run.ts'

longRun(
  {
    name: 'soak',
    about: 'Kills servers with kill -9 while people work, and counts every word that was acknowledged or shown.',
    options: {
      kills: { variable: 'PARLEY_KILLS', fallback: '1000', help: 'how often, on each engine' },
      engine: { variable: 'PARLEY_ENGINE', oneOf: ['sqlite', 'redis'], help: 'only this engine' },
      seed: { variable: 'PARLEY_SEED', fallback: '1', help: 'of what people do and when the server dies' },
      minutes: { variable: 'PARLEY_MINUTES', help: 'each part ends after so long at the latest' },
    },
    files: () => ['test/faults/kill.test.ts'],
  },
  process.argv.slice(2),
)
