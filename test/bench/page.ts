import type { Workload } from './workloads.ts'
export const page: Workload = async () => []
