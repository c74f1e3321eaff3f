import { BUDGETS, measure } from '../../scripts/check-budget.ts'
import { round } from './figures.ts'
import type { Workload } from './workloads.ts'

const DIST = new URL('../../dist/', import.meta.url)

/** What is fetched, compressed, before the join page and the editable room can be used. */
export const load: Workload = async () => ({
  figures: Object.entries(measure(DIST)).map(([figure, size]) => ({
    workload: 'first load',
    figure,
    value: round(size / 1000),
    unit: 'kB',
    target: BUDGETS[figure as keyof typeof BUDGETS] / 1000,
  })),
})
