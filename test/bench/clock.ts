/** Milliseconds of a clock that all processes of one machine share and that never goes back. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
