/**
 * The mocha reporter: failures in full as mocha's own reporters print them, and as the last line
 * the three numbers that every program that runs the tests reads.
 */
import Mocha from "mocha";

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } =
  Mocha.Runner.constants;

/** Prints a dot a test, the failures, and `N passed, N failed, N skipped`. */
export default class Reporter extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    let column = 0;
    const dot = (mark: string): void => {
      process.stdout.write(column % 100 === 0 && column > 0 ? `\n${mark}` : mark);
      column += 1;
    };
    runner.on(EVENT_TEST_PASS, () => dot("."));
    runner.on(EVENT_TEST_PENDING, () => dot(","));
    runner.on(EVENT_TEST_FAIL, () => dot("!"));
    runner.once(EVENT_RUN_END, () => {
      process.stdout.write("\n");
      if (this.failures.length > 0) Mocha.reporters.Base.list(this.failures);
      const { passes, failures, pending } = this.stats;
      process.stdout.write(`${passes} passed, ${failures} failed, ${pending} skipped\n`);
    });
  }
}
