/**
 * The seeds of a run: 1 to `count`, or the one that `PARLEY_SEED` names. `npm run fuzz` makes it longer: `PARLEY_SEEDS` is the
 * count, and `PARLEY_INPUTS` the number of inputs wanted where each seed plays `inputs` of them.
 */
export function seedsOf(count: number, inputs?: number): number[] {
  const only = process.env['PARLEY_SEED']
  if (only !== undefined) return [Number(only)]
  const wanted = process.env['PARLEY_INPUTS']
  const length = inputs && wanted ? Math.ceil(Number(wanted) / inputs) : Number(process.env['PARLEY_SEEDS'] ?? count)
  return Array.from({ length }, (_, index) => index + 1)
}

/** The command that plays one seed again; put where a failure prints it. */
export const replayOf = (file: string, seed: number): string => `PARLEY_SEED=${seed} npx vitest run ${file}`
