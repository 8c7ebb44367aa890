import { readFileSync } from "node:fs";
import { expect } from "chai";
import * as fc from "fast-check";
import { Dumper, type DumpOptions, dumpCapture } from "../../lib/capture/dump.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { timeline } from "../../lib/capture/timeline.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import { arpFrame, icmpFrame, tcpFrame, udpFrame } from "../support/frames.ts";

const FOLDER = "fixtures/capture/tcpdump";
const OPTIONS: [string, DumpOptions][] = [
  ["plain", {}],
  ["v", { verbose: 1 }],
  ["vv", { verbose: 2 }],
  ["S", { absoluteSequence: true }],
  ["e", { link: true }],
  ["ev", { link: true, verbose: 1 }],
  ["x", { hex: "x" }],
  ["exx", { link: true, hex: "xx" }],
  ["X", { hex: "X" }],
];

describe("capture/dump", () => {
  // The texts are what `tcpdump -n` 4.99.3 printed of the captures beside them: namespaces.pcap was
  // taken on a real kernel, edge-cases.pcap holds what a kernel seldom sends.
  for (const name of ["namespaces", "edge-cases"]) {
    const capture = readCapture(readFileSync(`${FOLDER}/${name}.pcap`), name);
    for (const [suffix, options] of OPTIONS) {
      if (name === "namespaces" && options.hex !== undefined) continue;
      it(`prints ${name}.pcap as tcpdump does, ${suffix}`, () => {
        const theirs = readFileSync(`${FOLDER}/${name}.${suffix}.txt`, "latin1").split("\n");

        const ours = dumpCapture(capture, options).split("\n");

        for (let index = 0; index < Math.max(ours.length, theirs.length); index += 1) {
          expect(ours[index], `line ${index + 1}`).to.equal(theirs[index]);
        }
      });
    }
  }

  it("counts sequence numbers anew when a connection's ports are used again", () => {
    const dumper = new Dumper();
    const synAck = {
      from: "10.0.0.2",
      to: "10.0.0.1",
      sourcePort: 80,
      destinationPort: 40000,
      flags: 0x12,
    };
    dumper.describe(tcpFrame({ ...synAck, sequence: 5000, acknowledgment: 1001 }));
    dumper.describe(tcpFrame({ ...synAck, sequence: 90000, acknowledgment: 7001 }));

    const data = dumper.describe(
      tcpFrame({ flags: tcp.FLAG_ACK, sequence: 7001, acknowledgment: 90001 }),
    );

    expect(data).to.contain("Flags [.], ack 1,");
  });

  it("never throws, whatever the bytes", () => {
    const seeds = [
      arpFrame(1, "10.0.0.1", "10.0.0.2"),
      tcpFrame({ options: Uint8Array.of(2, 4, 5, 180, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9, 1, 1) }),
      udpFrame({ destinationPort: 53, payload: new Uint8Array(40).fill(3) }),
      icmpFrame({}, 3, 3, 0, udpFrame({}).subarray(14)),
    ];
    const dumpers = OPTIONS.map(([, options]) => new Dumper(options));
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }),
        fc.nat(120),
        (seed, changes, cut) => {
          const bytes = Buffer.from(seed);
          for (const [at, value] of changes) bytes[at] = value;
          for (const dumper of dumpers) dumper.describe(bytes.subarray(0, cut), bytes.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("capture/timeline", () => {
  it("prints number, time since the first frame, interface and direction", () => {
    const frame = {
      interfaceIndex: 0,
      seconds: 5,
      nanoseconds: 999_999_999,
      bytes: arpFrame(1, "10.0.0.1", "10.0.0.2"),
      originalLength: 42,
      direction: 2 as const,
      packetId: 1,
      comment: "",
    };
    const later = {
      ...frame,
      seconds: 6,
      nanoseconds: 4,
      interfaceIndex: 1,
      direction: 1 as const,
    };
    const capture = {
      interfaces: [
        { name: "a/eth0", snapLength: 0 },
        { name: "node1/eth0", snapLength: 0 },
      ],
      frames: [frame, { ...later, comment: "seen\ntwice" }],
    };

    expect(timeline(capture)).to.equal(
      [
        "1 0.000000000 a/eth0     out ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28",
        "2 0.000000005 node1/eth0 in  ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28",
        "\t# seen",
        "\t# twice",
        "",
      ].join("\n"),
    );
  });
});
