/** The seeds of a run: 1 to `count` (or `PARLEY_SEEDS`), or the one that `PARLEY_SEED` names. */
export function seedsOf(count: number): number[] {
  const only = process.env['PARLEY_SEED']
  const length = Number(process.env['PARLEY_SEEDS'] ?? count)
  return only === undefined ? Array.from({ length }, (_, index) => index + 1) : [Number(only)]
}

/** The command that plays one seed again; put where a failure prints it. */
export const replayOf = (file: string, seed: number): string => `PARLEY_SEED=${seed} npx vitest run ${file}`
