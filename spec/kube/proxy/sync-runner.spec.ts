import { expect } from "chai";
import { NS_PER_S } from "../../../lib/base/units.ts";
import { SimClock } from "../../../lib/kube/proxy/sim-clock.ts";
import { type Pace, SyncRunner } from "../../../lib/kube/proxy/sync-runner.ts";
import { Scheduler } from "../../../lib/sim/scheduler.ts";

interface Runs {
  readonly scheduler: Scheduler;
  readonly runner: SyncRunner;
  /** Times of runs in seconds. */
  readonly at: number[];
}

function runs(pace: Partial<Pace>, succeeds: (run: number) => boolean = () => true): Runs {
  const scheduler = new Scheduler();
  const at: number[] = [];
  const runner = new SyncRunner(
    new SimClock(scheduler),
    {
      kind: "pause",
      minIntervalNs: NS_PER_S,
      maxIntervalNs: 3600 * NS_PER_S,
      retryNs: 30 * NS_PER_S,
      ...pace,
    },
    () => {
      at.push(scheduler.now / NS_PER_S);
      return succeeds(at.length);
    },
  );
  return { scheduler, runner, at };
}

function requestEvery({ scheduler, runner }: Runs, seconds: number, times: number): void {
  for (let time = 0; time < times; time += 1) {
    runner.request();
    scheduler.runUntil(scheduler.now + seconds * NS_PER_S);
  }
}

describe("kube/proxy/sync-runner", () => {
  it("makes one run of requests at one instant", () => {
    const world = runs({});

    for (let time = 0; time < 5; time += 1) world.runner.request();
    expect(world.at).to.deep.equal([]);
    world.scheduler.runUntil(10 * NS_PER_S);

    expect(world.at).to.deep.equal([0]);
  });

  it("pauses after each run from 1.34", () => {
    const world = runs({ kind: "pause" });

    requestEvery(world, 0.25, 12);

    expect(world.at).to.deep.equal([0, 1, 2, 3]);
  });

  it("lets two runs follow each other up to 1.33, then one each interval", () => {
    const world = runs({ kind: "burst" });

    requestEvery(world, 0.25, 12);

    expect(world.at.slice(0, 2)).to.deep.equal([0, 0.25]);
    expect(world.at[2]).to.be.greaterThan(0.9);
    expect(world.at.length).to.be.within(3, 5);
  });

  it("has no limit without a minimum interval", () => {
    const world = runs({ minIntervalNs: 0 });

    requestEvery(world, 0.25, 4);

    expect(world.at).to.deep.equal([0, 0.25, 0.5, 0.75]);
  });

  it("tries again after a failure", () => {
    const world = runs({}, (run) => run > 2);

    world.runner.request();
    world.scheduler.runUntil(200 * NS_PER_S);

    expect(world.at).to.deep.equal([0, 30, 60]);
  });

  it("runs once in the longest interval without a request", () => {
    const world = runs({});

    world.scheduler.runUntil(2.5 * 3600 * NS_PER_S);

    expect(world.at).to.deep.equal([3600, 7200]);
  });

  it("ends when it is stopped", () => {
    const world = runs({});

    world.runner.request();
    world.runner.stop();
    world.scheduler.runUntil(7200 * NS_PER_S);

    expect(world.at).to.deep.equal([]);
  });
});
