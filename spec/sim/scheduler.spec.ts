import { expect } from "chai";
import * as fc from "fast-check";
import { Scheduler, SimEvent } from "../../lib/sim/scheduler.ts";

class Named extends SimEvent {
  readonly name: number;
  readonly #log: string[];
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler, name: number, log: string[]) {
    super();
    this.#scheduler = scheduler;
    this.name = name;
    this.#log = log;
  }

  override fire(): void {
    this.#log.push(`${this.#scheduler.now}:${this.name}`);
  }
}

/** What a scheduler must do, done slowly: a list sorted by (time, insertion number). */
class Model {
  readonly queue: { at: number; order: number; name: number }[] = [];
  order = 0;

  schedule(name: number, at: number): void {
    this.cancel(name);
    this.queue.push({ at, order: this.order, name });
    this.order += 1;
  }

  cancel(name: number): void {
    const index = this.queue.findIndex((one) => one.name === name);
    if (index !== -1) this.queue.splice(index, 1);
  }

  next() {
    this.queue.sort((a, b) => a.at - b.at || a.order - b.order);
    return this.queue.shift();
  }
}

describe("sim/scheduler", () => {
  it("fires in order of time, then of insertion", () => {
    const scheduler = new Scheduler();
    const log: string[] = [];
    const [a, b, c] = [1, 2, 3].map((name) => new Named(scheduler, name, log));
    scheduler.schedule(a!, 20);
    scheduler.schedule(b!, 10);
    scheduler.schedule(c!, 10);

    scheduler.runUntil(30);

    expect(log).to.deep.equal(["10:2", "10:3", "20:1"]);
    expect(scheduler.now).to.equal(30);
    expect(scheduler.fired).to.equal(3);
  });

  it("shows the present time to an event that is late", () => {
    const scheduler = new Scheduler();
    const log: string[] = [];
    scheduler.schedule(new Named(scheduler, 1, log), 10);
    scheduler.now = 50;

    scheduler.step();

    expect(log).to.deep.equal(["50:1"]);
  });

  it("puts a moved event behind those of the same time", () => {
    const scheduler = new Scheduler();
    const log: string[] = [];
    const [a, b] = [1, 2].map((name) => new Named(scheduler, name, log));
    scheduler.schedule(a!, 10);
    scheduler.schedule(b!, 10);
    scheduler.schedule(a!, 10);

    scheduler.runUntil(10);

    expect(log).to.deep.equal(["10:2", "10:1"]);
  });

  it("refuses times that are no whole nanoseconds", () => {
    const scheduler = new Scheduler();
    const event = new Named(scheduler, 1, []);

    for (const time of [0.5, -1, Number.NaN, 2 ** 53]) {
      expect(() => scheduler.schedule(event, time), `${time}`).to.throw(/event time/);
    }
  });

  it("agrees with a sorted list under any mixture of scheduling, moving, cancelling and firing", () => {
    const operation = fc.oneof(
      fc.record({ kind: fc.constant("schedule"), name: fc.nat(30), at: fc.nat(50) }),
      fc.record({ kind: fc.constant("cancel"), name: fc.nat(30), at: fc.constant(0) }),
      fc.record({ kind: fc.constant("step"), name: fc.constant(0), at: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const scheduler = new Scheduler();
        const model = new Model();
        const log: string[] = [];
        const expected: string[] = [];
        let now = 0;
        const events = Array.from({ length: 31 }, (_, name) => new Named(scheduler, name, log));
        const step = (): boolean => {
          const next = model.next();
          if (next === undefined) return false;
          now = Math.max(now, next.at);
          expected.push(`${now}:${next.name}`);
          return true;
        };
        for (const { kind, name, at } of operations) {
          if (kind === "schedule") {
            scheduler.schedule(events[name]!, at);
            model.schedule(name, at);
          } else if (kind === "cancel") {
            scheduler.cancel(events[name]!);
            model.cancel(name);
          } else {
            expect(scheduler.step()).to.equal(step());
          }
          expect(scheduler.pending).to.equal(model.queue.length);
        }
        while (scheduler.step()) step();

        expect(log).to.deep.equal(expected);
        expect(model.queue).to.deep.equal([]);
      }),
    );
  });

  it("grows beyond its first 1,024 places", () => {
    const scheduler = new Scheduler();
    const log: string[] = [];
    for (let name = 0; name < 3000; name += 1) {
      scheduler.schedule(new Named(scheduler, name, log), (name * 7919) % 3001);
    }

    scheduler.runUntil(3001);

    const times = log.map((line) => Number(line.split(":")[0]));
    expect(times).to.deep.equal([...times].sort((a, b) => a - b));
    expect(times).to.have.length(3000);
  });
});
