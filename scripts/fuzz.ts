// `npm run fuzz`: everything under test/fuzz, longer than `npm test` has time for.
import { longRun } from './long-run.ts'

longRun(
  {
    name: 'fuzz',
    about: 'Plays test/fuzz with more seeds. A failure names its seed; --seed plays that one again.',
    options: {
      inputs: { variable: 'PARLEY_INPUTS', help: 'hostile and broken updates, where a test counts them' },
      seeds: { variable: 'PARLEY_SEEDS', fallback: '1000', help: 'runs of each test that plays a whole room' },
      seed: { variable: 'PARLEY_SEED', help: 'only this one' },
    },
    files: () => ['test/fuzz'],
  },
  process.argv.slice(2),
)
