import { expect } from "chai";
import { NS_PER_MS } from "../../lib/base/units.ts";
import { Cpu, DEFAULT_COSTS } from "../../lib/sim/cpu.ts";
import { JIFFY_NS } from "../../lib/sim/jiffies.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import { Timer, WheelTimer } from "../../lib/sim/timer.ts";

function world() {
  const scheduler = new Scheduler();
  const cpu = new Cpu(scheduler, DEFAULT_COSTS);
  const expirations: number[] = [];
  const inSoftirq: boolean[] = [];
  const owner = {
    expired: () => {
      expirations.push(scheduler.now);
      inSoftirq.push(cpu.inSoftirq);
    },
  };
  return { scheduler, cpu, owner, expirations, inSoftirq };
}

describe("sim/timer", () => {
  it("expires at its exact time, in softirq context", () => {
    const { scheduler, cpu, owner, expirations, inSoftirq } = world();
    new Timer(cpu, owner).armAt(123_456);

    scheduler.runUntil(200_000);

    expect(expirations).to.deep.equal([123_456]);
    expect(inSoftirq).to.deep.equal([true]);
  });

  it("expires once, at the last time that it was armed for", () => {
    for (const moves of [
      [10, 20, 30],
      [30, 20, 10],
      [10, 30, 20],
      [20, 30, 10],
    ]) {
      const { scheduler, cpu, owner, expirations } = world();
      const timer = new Timer(cpu, owner);
      for (const at of moves) timer.armAt(at);

      scheduler.runUntil(100);

      expect(expirations, `${moves}`).to.deep.equal([moves.at(-1)]);
      expect(timer.armed).to.equal(false);
    }
  });

  it("does not expire once stopped, and can be armed again", () => {
    const { scheduler, cpu, owner, expirations } = world();
    const timer = new Timer(cpu, owner);
    timer.armAt(10);
    timer.stop();
    scheduler.runUntil(5);
    timer.armAt(20);
    scheduler.runUntil(30);
    timer.armAt(40);
    timer.dispose();
    scheduler.runUntil(50);

    expect(expirations).to.deep.equal([20]);
    expect(scheduler.pending).to.equal(0);
  });

  // Kernel: calc_wheel_index rounds up to the next slot of the level: 8^level ticks.
  it("rounds wheel timers up to the granularity of their level", () => {
    const cases: [number, number, number][] = [
      [0, 1, 2],
      [0, 62, 63],
      [0, 63, 64],
      [0, 64, 72],
      [5, 70, 80],
      [0, 503, 504],
      [0, 504, 512],
      [0, 4031, 4032],
      [0, 4032, 4096],
      [0, 32256, 32768],
    ];
    for (const [tick, jiffies, expiry] of cases) {
      const { scheduler, cpu, owner, expirations } = world();
      scheduler.runUntil(tick * JIFFY_NS);
      new WheelTimer(cpu, owner).armJiffies(jiffies);

      scheduler.runUntil((expiry + 1) * JIFFY_NS);

      expect(expirations, `${tick}+${jiffies}`).to.deep.equal([expiry * JIFFY_NS]);
    }
  });

  it("fires a delayed ACK of 40 ms and a retransmission of 200 ms as late as a kernel at HZ=250", () => {
    const { scheduler, cpu, owner, expirations } = world();
    new WheelTimer(cpu, owner).armNs(40 * NS_PER_MS);
    new WheelTimer(cpu, owner).armNs(200 * NS_PER_MS);
    // 76 jiffies: 304 ms, a level of 8 jiffies, so 320 ms from tick 0.
    new WheelTimer(cpu, owner).armJiffies(76);

    scheduler.runUntil(1000 * NS_PER_MS);

    expect(expirations.map((at) => at / NS_PER_MS)).to.deep.equal([44, 204, 320]);
  });

  it("rounds microseconds up to whole ticks", () => {
    const { scheduler, cpu, owner, expirations } = world();
    new WheelTimer(cpu, owner).armNs(JIFFY_NS + 1);

    scheduler.runUntil(100 * NS_PER_MS);

    expect(expirations).to.deep.equal([3 * JIFFY_NS]);
  });

  it("expires all wheel timers of a tick in one softirq, the last armed first", () => {
    const { scheduler, cpu } = world();
    const done: string[] = [];
    const named = (name: string): WheelTimer =>
      new WheelTimer(cpu, {
        expired: () => {
          done.push(name);
          cpu.raise({ softirq: () => done.push(`received from ${name}`) });
        },
      });
    const [first, second, third] = [named("first"), named("second"), named("third")];
    // Both are due in the same granule of 8 ticks; the third is moved and loses its place.
    third.armJiffies(70);
    first.armJiffies(70);
    second.armJiffies(71);
    third.armJiffies(200);
    third.armJiffies(70);

    scheduler.runUntil(80 * JIFFY_NS);

    expect(done).to.deep.equal([
      "third",
      "second",
      "first",
      "received from third",
      "received from second",
      "received from first",
    ]);
  });

  it("expires the timers of coarse levels first", () => {
    const { scheduler, cpu } = world();
    const done: string[] = [];
    const coarse = new WheelTimer(cpu, { expired: () => done.push("coarse") });
    const fine = new WheelTimer(cpu, { expired: () => done.push("fine") });
    coarse.armJiffies(64);
    scheduler.runUntil(70 * JIFFY_NS);
    fine.armJiffies(1);

    scheduler.runUntil(72 * JIFFY_NS);

    expect(done).to.deep.equal(["coarse", "fine"]);
  });

  it("leaves a timer of the tick alone that another one stops", () => {
    const { scheduler, cpu } = world();
    const done: string[] = [];
    const stopped = new WheelTimer(cpu, { expired: () => done.push("stopped") });
    const stopping = new WheelTimer(cpu, { expired: () => stopped.stop() });
    stopped.armJiffies(3);
    stopping.armJiffies(3);

    scheduler.runUntil(10 * JIFFY_NS);

    expect(done).to.deep.equal([]);
  });
});
