import { expect } from "chai";
import { equalBytes, fromUtf8 } from "../../lib/base/bytes.ts";
import { VethworkError } from "../../lib/base/errors.ts";
import { interfaceName } from "../../lib/capture/capture.ts";
import { compareRuns } from "../../lib/capture/compare.ts";
import { diffCaptures } from "../../lib/capture/diff.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { MemorySink } from "../../lib/capture/sink.ts";
import { LabRun, type RunOptions, type RunResult, runLab } from "../../lib/lab/run.ts";

const NETWORK = `name: two-hosts
topology:
  nodes: { h1: , h2: }
  links:
    - { endpoints: ["h1:eth0", "h2:eth0"], delay: 1ms }
  setup:
    h1: [ip addr add 10.0.0.1/24 dev eth0, ip link set eth0 up]
    h2: [ip addr add 10.0.0.2/24 dev eth0, ip link set eth0 up]
`;
const PING = `${NETWORK}steps:\n  - { on: h1, run: ping -c 1 10.0.0.2 }\n`;

function run(text: string, options: RunOptions = {}): RunResult {
  return runLab(text, { file: "lab.yaml", poison: true, ...options });
}

function merged(result: RunResult): Uint8Array {
  return result.artefacts.get("merged.pcapng")!;
}

function errorOf(text: string, options: RunOptions = {}): string {
  try {
    run(text, options);
  } catch (error) {
    if (error instanceof VethworkError) return error.message;
    throw error;
  }
  throw new Error("the lab ran");
}

function expectSameArtefacts(a: RunResult, b: RunResult): void {
  expect([...a.artefacts.keys()]).to.deep.equal([...b.artefacts.keys()]);
  for (const [name, bytes] of a.artefacts) {
    expect(equalBytes(bytes, b.artefacts.get(name)!), name).to.equal(true);
  }
  expect(a.report.events).to.equal(b.report.events);
  expect([...a.finalDraws]).to.deep.equal([...b.finalDraws]);
}

describe("lab/run", () => {
  it("runs a lab and leaves a capture of each interface, a merged one and a report", () => {
    const result = run(PING);

    expect(result.passed).to.equal(true);
    expect([...result.artefacts.keys()]).to.include.members([
      "merged.pcapng",
      "merged.txt",
      "h1-eth0.pcap",
      "h2-eth0.pcap",
      "report.txt",
      "report.json",
    ]);
    const capture = readCapture(merged(result));
    expect(capture.interfaces.map(({ name }) => name)).to.deep.equal(["h1/eth0", "h2/eth0"]);
    const names = capture.frames.map((frame) => interfaceName(capture, frame));
    // ARP request and reply, echo request and reply, each seen at both ends.
    expect(names.filter((name) => name === "h1/eth0")).to.have.length(4);
    expect(names.filter((name) => name === "h2/eth0")).to.have.length(4);
  });

  it("writes the same frames into an interface's own file and into the merged one", () => {
    const result = run(PING);
    const whole = readCapture(merged(result));
    const own = readCapture(result.artefacts.get("h2-eth0.pcap")!);

    const there = whole.frames.filter((frame) => interfaceName(whole, frame) === "h2/eth0");

    expect(own.frames.map(({ bytes }) => bytes.toString("hex"))).to.deep.equal(
      there.map(({ bytes }) => bytes.toString("hex")),
    );
    expect(own.frames.map(({ nanoseconds }) => nanoseconds)).to.deep.equal(
      there.map(({ nanoseconds }) => nanoseconds),
    );
  });

  it("gives a packet the same id at both ends of a link", () => {
    const { frames } = readCapture(merged(run(PING)));

    const hops = new Map<number, number[]>();
    for (const { packetId, interfaceIndex } of frames) {
      hops.set(packetId, [...(hops.get(packetId) ?? []), interfaceIndex]);
    }

    expect([...hops.values()]).to.deep.equal([
      [0, 1],
      [1, 0],
      [0, 1],
      [1, 0],
    ]);
  });

  it("gives the same bytes twice, without looking at the machine's clock or chance", () => {
    const { now } = Date;
    const { random } = Math;
    const { setTimeout: timeout } = globalThis;
    const forbidden = (): never => {
      throw new Error("the run looked at the machine");
    };
    const first = run(PING);

    Date.now = forbidden;
    Math.random = forbidden;
    globalThis.setTimeout = forbidden as unknown as typeof setTimeout;
    let second: RunResult;
    try {
      second = run(PING);
    } finally {
      Date.now = now;
      Math.random = random;
      globalThis.setTimeout = timeout;
    }

    expectSameArtefacts(first, second);
  });

  it("changes random values, and nothing else, with the seed", () => {
    const one = readCapture(merged(run(PING, { seed: 1 })));
    const other = readCapture(merged(run(PING, { seed: 2 })));

    expect(diffCaptures(other, one)).to.not.equal(null);
    expect(compareRuns(one, other)).to.equal(null);
  });

  it("sends artefacts through sinks instead of keeping them", () => {
    const sinks = new Map<string, MemorySink>();
    const result = run(PING, {
      sink: (name) => {
        const sink = new MemorySink();
        sinks.set(name, sink);
        return sink;
      },
    });
    const kept = run(PING);

    expect(result.artefacts.size).to.equal(0);
    for (const [name, bytes] of kept.artefacts) {
      expect(equalBytes(sinks.get(name)!.bytes(), bytes), name).to.equal(true);
    }
  });

  it("says which expectation fails, and where it stands", () => {
    const result = run(
      `${PING}expect:\n  - { on: h1, run: echo hello, prints: hello }\n  - { on: h1, run: echo hello, prints: bye }\n  - { frames: arp, on: h1/eth0, count: 3 }\n`,
    );

    expect(result.passed).to.equal(false);
    expect(result.report.expectations.map(({ problem }) => problem)).to.deep.equal([
      "",
      'lab.yaml:13:5: h1$ echo hello: printed "hello\\n", not "bye"',
      "lab.yaml:14:5: 2 frames, not 3 with arp on h1/eth0",
    ]);
    expect(fromUtf8(result.artefacts.get("report.txt")!)).to.contain("FAILED");
  });

  it("lets a step check what it prints", () => {
    const result = run(
      `${NETWORK}steps:\n  - { on: h1, run: ping -c 1 10.0.0.2, matches: "^1 packets transmitted, 1 received" }\n  - { on: h1, run: "false", exit: 0 }\n`,
    );

    expect(result.report.expectations.map(({ problem }) => problem)).to.deep.equal([
      "",
      "lab.yaml:11:5: h1$ false: ended with status 1, not 0",
    ]);
  });

  it("ends a command that takes too long with status 124", () => {
    const result = run(`${NETWORK}steps: [{ on: h1, run: sleep 100, timeout: 2s, exit: 124 }]\n`);

    expect(result.passed).to.equal(true);
    const [step] = result.report.steps;
    expect(step!.command!.endedAtNs - step!.startedAtNs).to.equal(2_000_000_000);
  });

  it("starts the commands of a parallel step together and waits for the last", () => {
    const result = run(`${NETWORK}steps:
  - parallel: [{ on: h1, run: sleep 1 }, { on: h2, run: sleep 2 }]
  - { on: h1, run: echo after }
`);

    const [one, two, after] = result.report.steps.map(({ startedAtNs }) => startedAtNs);
    expect(two).to.equal(one);
    expect(after! - one!).to.be.within(2_000_000_000, 2_100_000_000);
  });

  it("ends a program that runs beside the steps when a step says so", () => {
    const result = run(`${NETWORK}processes: [{ name: idle, on: h2, run: sleep 1000 }]
steps: [{ kill: idle, signal: KILL }]
`);

    expect(result.report.steps[0]!.command!.status).to.equal(128 + 9);
  });

  it("takes a device down and up", () => {
    const result = run(`${NETWORK}steps:
  - { down: "h1:eth0" }
  - { on: h1, run: ping -c 1 -W 1 10.0.0.2, exit: 2 }
  - { up: "h1:eth0" }
  - { on: h1, run: ping -c 1 -W 1 10.0.0.2, exit: 0 }
`);

    expect(result.report.expectations.map(({ problem }) => problem)).to.deep.equal([
      "",
      "",
      "",
      "",
    ]);
  });

  it("captures only the interfaces that are listed, in their order", () => {
    const result = run(`${PING}capture: [h2/eth0, h1/lo]\n`);

    expect(result.report.interfaces.map(({ name }) => name)).to.deep.equal(["h2/eth0", "h1/lo"]);
  });

  it("counts each frame that is lost on a line", () => {
    const lossy = PING.replace("delay: 1ms", "loss: { frames: [1] }");
    const result = run(lossy);

    expect(result.report.drops).to.deep.include({
      where: "between hosts",
      reasons: [{ reason: "LINK_LOSS", frames: 2 }],
    });
  });

  it("goes through a lab step by step", () => {
    const lab = new LabRun(PING);

    lab.setUp();
    expect(lab.captures.totals.map(({ frames }) => frames)).to.deep.equal([0, 0]);
    expect(lab.nextStep()).to.equal(true);
    expect(lab.captures.totals.map(({ frames }) => frames)).to.deep.equal([4, 4]);
    expect(lab.nextStep()).to.equal(false);
    expect(lab.finish().passed).to.equal(true);
  });

  it("refuses a setup command that fails, at its place", () => {
    expect(errorOf(PING.replace("dev eth0, ip link", "dev eth7, ip link"))).to.equal(
      'lab.yaml:7:10: "ip addr add 10.0.0.1/24 dev eth7" ends with status 1: Cannot find device "eth7" (setup commands must succeed)',
    );
  });

  it("refuses a command that does not exist before anything runs, at its place", () => {
    expect(errorOf(PING.replace("run: ping", "run: pnig"))).to.match(
      /^lab\.yaml:10:20: pnig: command not found/,
    );
  });

  it("refuses a sysctl that does not exist", () => {
    expect(
      errorOf(PING.replace("h1: , h2", "h1: { sysctls: { net.ipv4.forward: 1 } }, h2")),
    ).to.equal(
      'lab.yaml:3:29: there is no sysctl "net.ipv4.forward" (the names that sysctl -a prints)',
    );
  });

  it("refuses rules with an unknown match, at their place in the file of rules", () => {
    const rules = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m moon --phase full -j DROP\nCOMMIT\n";
    const text = PING.replace(
      "  setup:\n    h1: [",
      "  files: { h1: { rules: { file: r.txt } } }\n  setup:\n    h1: [iptables-restore < rules, ",
    );

    const message = errorOf(text, { file: "labs/lab.yaml", readFile: () => Buffer.from(rules) });

    expect(message).to.match(/^labs\/r\.txt:3:\d+: .*moon/);
  });

  it("refuses a file that is not there, and a bad filter", () => {
    expect(
      errorOf(PING.replace("  setup:", "  files: { h1: { a: { file: missing.txt } } }\n  setup:")),
    ).to.equal('lab.yaml:6:21: there is no file "missing.txt" (a path from the lab\'s folder)');
    expect(errorOf(`${PING}expect: [{ frames: tcp and and }]\n`)).to.match(
      /^lab\.yaml:11:20: .* at column 9 of the filter/,
    );
  });

  it("refuses to capture a device that is not there", () => {
    expect(errorOf(`${PING}capture: [h1/eth1]\n`)).to.equal(
      'lab.yaml:11:11: there is no device "h1/eth1" when the captures begin (devices of h1: lo, eth0)',
    );
  });
});
