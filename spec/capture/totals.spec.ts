import { expect } from "chai";
import type { Capture } from "../../lib/capture/capture.ts";
import { compareTotals, type StreamTotals, totals } from "../../lib/capture/totals.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import { type PacketParts, tcpFrame } from "../support/frames.ts";

/** MSS 1460, NOP, window scale 7. */
const SYN_OPTIONS = Uint8Array.of(2, 4, 5, 180, 1, 3, 3, 7);
const BACK: PacketParts = {
  from: "10.0.0.2",
  to: "10.0.0.1",
  sourcePort: 80,
  destinationPort: 40000,
};

function captureOf(frames: readonly PacketParts[]): Capture {
  return {
    interfaces: [{ name: "h1/eth0", snapLength: 0 }],
    frames: frames.map((parts, index) => {
      const bytes = tcpFrame(parts);
      return {
        interfaceIndex: 0,
        seconds: index,
        nanoseconds: 0,
        bytes,
        originalLength: bytes.length,
        direction: 0,
        packetId: 0,
        comment: "",
      };
    }),
  };
}

function data(sequence: number, text: string): PacketParts {
  return { sequence, flags: tcp.FLAG_ACK, payload: Buffer.from(text), window: 502 };
}

describe("capture/totals", () => {
  const syn: PacketParts = { sequence: 1000, flags: tcp.FLAG_SYN, options: SYN_OPTIONS };
  const ack: PacketParts = { ...BACK, flags: tcp.FLAG_ACK, window: 100 };

  it("adds up a stream: bytes once, segments, repetitions, options, the scaled window", () => {
    const capture = captureOf([syn, data(1001, "abc"), data(1004, "de"), data(1001, "abc"), ack]);

    const [there, back] = totals(capture);

    expect(there).to.deep.include({
      interface: "h1/eth0",
      stream: "10.0.0.1 to 10.0.0.2:80",
      bytes: 5,
      largest: 3,
      synOptions: "2 1 3",
      segments: 3,
      repeated: 1,
      acknowledgments: 0,
      window: 502 << 7,
    });
    expect(back).to.deep.include({ stream: "10.0.0.2:80 to 10.0.0.1", acknowledgments: 1 });
  });

  it("gives a stream the same digest however it was cut and in whatever order it came", () => {
    const whole = totals(captureOf([syn, data(1001, "abcde")]))[0];
    const pieces = totals(captureOf([syn, data(1004, "de"), data(1001, "abc")]))[0];
    const other = totals(captureOf([syn, data(1001, "abcdE")]))[0];

    expect(pieces?.digest).to.equal(whole?.digest);
    expect(other?.digest).to.not.equal(whole?.digest);
  });

  describe("compareTotals", () => {
    const run = (changes: Partial<StreamTotals>): StreamTotals[] => {
      const [one] = totals(captureOf([syn, data(1001, "abcde")]));
      if (one === undefined) throw new Error("no stream");
      return [{ ...one, acknowledgments: 300, ...changes }];
    };

    it("allows what depends on speed to leave the range by a third", () => {
      expect(
        compareTotals([run({}), run({ acknowledgments: 330 })], run({ acknowledgments: 400 })),
      ).to.equal(null);
    });

    const cases: [string, StreamTotals[], string][] = [
      ["twice as many ACKs", run({ acknowledgments: 600 }), "acknowledgments 300 to 300"],
      ["another segment size", run({ largest: 4 }), "largest 5 on the kernel, 4 here"],
      ["other bytes", run({ digest: "00000000" }), "digest "],
      ["a missing stream", [], "is missing here"],
    ];
    for (const [what, actual, words] of cases) {
      it(`reports ${what}`, () => {
        expect(compareTotals([run({})], actual)).to.include(words);
      });
    }
  });
});
