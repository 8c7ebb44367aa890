import { expect } from "chai";
import { Cpu } from "../../lib/sim/cpu.ts";
import { Process, type Program, sleep, WaitQueue, waitFor } from "../../lib/sim/process.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";

const WAKEUP = 1000;

function world() {
  const scheduler = new Scheduler();
  const cpu = new Cpu(scheduler, { hopNs: 10, syscallNs: 100, wakeupNs: WAKEUP });
  return { scheduler, cpu, log: [] as string[] };
}

describe("sim/process", () => {
  it("starts one wake-up after it was made and ends with its status", () => {
    const { scheduler, cpu, log } = world();
    function* program(): Program<number> {
      log.push(`started@${scheduler.now}`);
      yield sleep(500);
      log.push(`slept@${scheduler.now}`);
      return 3;
    }
    const process = new Process(cpu, 1, "test", program());

    scheduler.runUntil(10_000);

    expect(log).to.deep.equal([`started@${WAKEUP}`, `slept@${WAKEUP + 500}`]);
    expect(process.status).to.equal(3);
  });

  it("tells a wake-up from a timeout", () => {
    const { scheduler, cpu } = world();
    const queue = new WaitQueue();
    const results: [boolean, number][] = [];
    function* program(): Program<number> {
      results.push([yield waitFor([queue], 5000), scheduler.now]);
      results.push([yield waitFor([queue], 5000), scheduler.now]);
      return 0;
    }
    new Process(cpu, 1, "test", program());
    scheduler.runUntil(2000);
    queue.wake();
    scheduler.runUntil(20_000);

    expect(results).to.deep.equal([
      [true, 2000 + WAKEUP],
      [false, 2000 + WAKEUP + 5000],
    ]);
  });

  it("is woken once though it waits for two queues", () => {
    const { scheduler, cpu } = world();
    const [first, second] = [new WaitQueue(), new WaitQueue()];
    let resumed = 0;
    function* program(): Program<number> {
      for (;;) {
        yield waitFor([first, second]);
        resumed += 1;
      }
    }
    new Process(cpu, 1, "test", program());
    scheduler.runUntil(2000);
    first.wake();
    second.wake();
    scheduler.runUntil(10_000);

    expect(resumed).to.equal(1);
  });

  it("runs finally blocks when it is killed, and has the signal in its status", () => {
    const { scheduler, cpu, log } = world();
    const queue = new WaitQueue();
    function* program(): Program<number> {
      try {
        yield waitFor([queue]);
      } finally {
        log.push("cleaned up");
      }
      return 0;
    }
    const process = new Process(cpu, 1, "test", program());
    scheduler.runUntil(2000);
    process.kill(9);
    queue.wake();
    scheduler.runUntil(10_000);

    expect(log).to.deep.equal(["cleaned up"]);
    expect(process.status).to.equal(137);
    expect(scheduler.pending).to.equal(0);
  });
});
