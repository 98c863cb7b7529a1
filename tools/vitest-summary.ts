import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a test run with one plain line of counts, and names what was skipped: a skipped test is easily
 * taken for a passed one. With CI set, a skip is a failure.
 */
export default class VitestSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        count[result.state]++;
        if (result.state !== 'skipped') continue;
        skipped.push(`${module.relativeModuleId}: ${test.fullName}${result.note === undefined ? '' : ` (${result.note})`}`);
      }
      // A file that can't be loaded has no tests, and must not pass for one without any.
      if (module.errors().length > 0) count.failed++;
    }
    const isCi = process.env.CI === 'true';
    if (skipped.length > 0) {
      const lines = [`SKIPPED ${skipped.length}${isCi ? ', and in CI a skipped test is a failure' : ''}:`, ...skipped];
      process.stdout.write(`\n${lines.join('\n  ')}\n`);
      if (isCi) process.exitCode = 1;
    }
    process.stdout.write(`\n${count.passed} passed, ${count.failed + count.pending} failed, ${skipped.length} skipped\n`);
  }
}
