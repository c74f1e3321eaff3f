import type { Reporter, TestModule } from 'vitest/node'

/** Prints `N passed, N failed, N skipped` as the last line, in plain text, over all projects. */
export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 }
    for (const module of modules) {
      const failedBefore = count.failed
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed' || state === 'failed') count[state] += 1
        else count.skipped += 1
      }
      // A file that cannot be loaded, or whose hooks fail, has failed even if no test of it did.
      if (module.state() === 'failed' && count.failed === failedBefore) count.failed += 1
    }
    const line = `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`
    // The default reporter's own summary comes after this hook; the line waits until the process is about to leave.
    process.once('exit', () => process.stdout.write(line))
  }
}
