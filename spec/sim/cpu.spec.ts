import { expect } from "chai";
import { Cpu } from "../../lib/sim/cpu.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";

function world() {
  const scheduler = new Scheduler();
  const cpu = new Cpu(scheduler, { hopNs: 10, syscallNs: 100, wakeupNs: 1000 });
  const log: string[] = [];
  const work = (name: string, act: () => void = () => {}) => ({
    softirq: () => {
      log.push(`${name}@${scheduler.now}`);
      act();
    },
  });
  return { scheduler, cpu, log, work };
}

describe("sim/cpu", () => {
  it("does raised work when a process enables bottom halves again, one hop each", () => {
    const { cpu, log, work } = world();
    cpu.disable();
    cpu.raise(work("a"));
    cpu.raise(work("b"));
    log.push("raised");
    cpu.enable();

    expect(log).to.deep.equal(["raised", "a@10", "b@20"]);
  });

  it("waits for the outermost section", () => {
    const { cpu, log, work } = world();
    cpu.disable();
    cpu.disable();
    cpu.raise(work("a"));
    cpu.enable();
    expect(log).to.deep.equal([]);
    cpu.enable();

    expect(log).to.deep.equal(["a@10"]);
  });

  it("only queues what a softirq raises, behind what is there", () => {
    const { cpu, log, work } = world();
    const reply = work("reply");
    const request = work("request", () => {
      cpu.disable();
      cpu.raise(reply);
      cpu.enable();
      log.push("request done");
    });
    cpu.disable();
    cpu.raise(request);
    cpu.raise(work("other"));
    cpu.enable();

    expect(log).to.deep.equal(["request@10", "request done", "other@20", "reply@30"]);
  });

  it("counts as queued only what has not been taken over for processing", () => {
    const { cpu, work } = world();
    const lengths: number[] = [];
    cpu.disable();
    cpu.raise(
      work("a", () => {
        lengths.push(cpu.inputQueueLength);
        cpu.raise(work("c"));
        lengths.push(cpu.inputQueueLength);
      }),
    );
    cpu.raise(work("b"));
    lengths.push(cpu.inputQueueLength);
    cpu.enable();

    expect(lengths).to.deep.equal([2, 0, 1]);
  });
});
