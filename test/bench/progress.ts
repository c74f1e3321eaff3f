/** What is being done, for whoever waits: one line that is written over in a terminal, nothing elsewhere. */
let width = 0
export function progress(line: string): void {
  if (!process.stderr.isTTY) return
  process.stderr.write(`\r${line.padEnd(width)}`)
  width = line.length
}
export function progressOver(): void {
  if (process.stderr.isTTY && width > 0) process.stderr.write(`\r${' '.repeat(width)}\r`)
  width = 0
}
