/**
 * Whatever arrives, nothing throws and nothing is lost without a count: frames of random bytes, and
 * every truncation and single-byte change of frames that a kernel sent, into each device of the
 * cluster lab, whose nodes have rules, connection tracking and routes.
 */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { NS_PER_S } from "../lib/base/units.ts";
import { readCapture } from "../lib/capture/read.ts";
import { LabRun } from "../lib/lab/run.ts";
import type { NetDevice } from "../lib/link/device.ts";
import { readEthernet } from "../lib/link/device.ts";
import { Random } from "../lib/sim/random.ts";

const FOLDER = "fixtures/cluster/clusterip-across-nodes";

/** The lab's network without its programs. */
function quietLab(): LabRun {
  const text = readFileSync(`${FOLDER}/lab.yaml`, "utf8");
  const topology = text.slice(0, text.indexOf("\nprocesses:"));
  const run = new LabRun(topology, {
    file: `${FOLDER}/lab.yaml`,
    readFile: (name) => readFileSync(`${FOLDER}/${name}`),
    poison: true,
    sink: () => null,
  });
  run.setUp();
  return run;
}

class Injector {
  readonly run = quietLab();
  readonly devices: NetDevice[];

  constructor() {
    this.devices = this.run.machine.hosts.flatMap((host) => [...host.namespace.devices.values()]);
  }

  /** Lets `bytes` arrive at a device, as if its line had brought them. */
  inject(device: NetDevice, bytes: Uint8Array): void {
    const { cpu, pool } = this.run.machine;
    cpu.enterSoftirq();
    const frame = pool.takeFrom(bytes);
    readEthernet(frame, device);
    device.receive(frame);
    cpu.leaveSoftirq();
  }

  /** Lets all timers end, so that nothing waits for an answer any more. */
  settle(): number {
    this.run.clock.wait(120 * NS_PER_S);
    return this.run.machine.pool.outstanding;
  }
}

function kernelFrames(): Uint8Array[] {
  const file = `${FOLDER}/kernel/outcome-1.pcapng`;
  const capture = readCapture(readFileSync(file), file);
  const seen = new Set<string>();
  const frames: Uint8Array[] = [];
  for (const { bytes } of capture.frames) {
    const key = Buffer.from(bytes).toString("hex");
    if (!seen.has(key)) frames.push(bytes);
    seen.add(key);
  }
  return frames;
}

describe("damaged frames", function () {
  this.timeout(60_000);

  it("never throw nor leak when they are random bytes", () => {
    const injector = new Injector();
    const random = new Random(7).stream("bytes");

    for (let round = 0; round < 20_000; round += 1) {
      const bytes = new Uint8Array(random.below(120));
      for (let index = 0; index < bytes.length; index += 1) bytes[index] = random.below(256);
      // Half of them claim to be IPv4 or ARP, so that they get beyond the first check.
      if (bytes.length > 15 && random.below(2) === 0) {
        bytes.set(random.below(4) === 0 ? [8, 6, 0, 1] : [8, 0, 0x45, 0], 12);
      }
      injector.inject(injector.devices[round % injector.devices.length]!, bytes);
    }

    expect(injector.settle()).to.equal(0);
  });

  it("never throw nor leak when they are truncations of what a kernel sent", () => {
    const injector = new Injector();

    for (const frame of kernelFrames()) {
      for (let length = 0; length < frame.length; length += 1) {
        const device = injector.devices[length % injector.devices.length]!;
        injector.inject(device, frame.slice(0, length));
      }
    }

    expect(injector.settle()).to.equal(0);
  });

  it("never throw nor leak when a byte of what a kernel sent is changed", () => {
    const injector = new Injector();
    const random = new Random(11).stream("bytes");

    for (const frame of kernelFrames()) {
      for (let index = 0; index < frame.length; index += 1) {
        const changed = frame.slice();
        changed[index] = changed[index]! ^ (1 + random.below(255));
        for (const device of injector.devices) injector.inject(device, changed);
      }
    }

    expect(injector.settle()).to.equal(0);
  });

  it("count a reason for each that is not delivered", () => {
    const injector = new Injector();
    const node1 = injector.run.machine.find("node1")!;
    const eth0 = node1.namespace.devices.get("eth0")!;
    const syn = kernelFrames()
      .find((frame) => frame.length === 74)!
      .slice();
    const before = node1.namespace.drops.total;
    syn.set([0x02, 0, 0, 0, 0, 0x01], 0);

    const wrongHeader = syn.slice();
    wrongHeader[22] = 1;
    injector.inject(eth0, wrongHeader);

    expect(node1.namespace.drops.total).to.equal(before + 1);
    expect(node1.namespace.drops.get("IP_CSUM")).to.equal(1);
  });
});
