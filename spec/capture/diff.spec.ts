import { expect } from "chai";
import type { Capture, CapturedFrame } from "../../lib/capture/capture.ts";
import { diffCaptures } from "../../lib/capture/diff.ts";
import { arpFrame, tcpFrame } from "../support/frames.ts";

describe("capture/diff", () => {
  const frame: CapturedFrame = {
    interfaceIndex: 0,
    seconds: 10,
    nanoseconds: 5,
    bytes: tcpFrame({ window: 63 }),
    originalLength: 54,
    direction: 1,
    packetId: 3,
    comment: "",
  };
  const later = { ...frame, nanoseconds: 1005 };
  const expected: Capture = {
    interfaces: [{ name: "a/eth0", snapLength: 0 }],
    frames: [frame, later],
  };

  function withSecond(changes: Partial<CapturedFrame>): Capture {
    return { ...expected, frames: [frame, { ...later, ...changes }] };
  }

  const reserved = Buffer.from(later.bytes);
  reserved[46] = 0x52;
  const cases: [string, Capture, string][] = [
    [
      "a field",
      withSecond({ bytes: tcpFrame({ window: 64 }) }),
      "frame 2: tcp.window 64, expected 63",
    ],
    [
      "a flag",
      withSecond({ bytes: tcpFrame({ window: 63, flags: 0x12 }) }),
      "frame 2: tcp.flags S., expected S",
    ],
    ["a header bit", withSecond({ bytes: reserved }), "frame 2: tcp.reserved 1, expected 0"],
    [
      "payload",
      withSecond({ bytes: tcpFrame({ payload: Uint8Array.of(1) }) }),
      "frame 2: ip.length 41, expected 40",
    ],
    [
      "another protocol",
      withSecond({ bytes: arpFrame(1, "10.0.0.1", "10.0.0.2") }),
      "frame 2: eth.destination ff:ff:ff:ff:ff:ff, expected 02:00:00:00:00:0b",
    ],
    ["a time", withSecond({ nanoseconds: 1006 }), "frame 2: time 1.001us, expected 1us"],
    ["a direction", withSecond({ direction: 2 }), "frame 2: direction out, expected in"],
    ["a packet id", withSecond({ packetId: 4 }), "frame 2: packet id 4, expected 3"],
    ["a comment", withSecond({ comment: "x" }), 'frame 2: comment "x", expected ""'],
    [
      "a length on the wire",
      withSecond({ originalLength: 60 }),
      "frame 2: length on the wire 60, expected 54",
    ],
    [
      "a frame too few",
      { ...expected, frames: [frame] },
      "frame 2 is missing: a/eth0 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1000, win 63, length 0",
    ],
    [
      "a frame too many",
      { ...expected, frames: [frame, later, later] },
      "frame 3 is not expected: a/eth0 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1000, win 63, length 0",
    ],
    [
      "an interface",
      { ...expected, interfaces: [{ name: "b/eth0", snapLength: 0 }] },
      "interface a/eth0 is missing",
    ],
  ];
  for (const [what, actual, words] of cases) {
    it(`says in words: ${what}`, () => {
      expect(diffCaptures(actual, expected)).to.equal(words);
    });
  }

  it("finds nothing in equal captures, and can leave times and annotations out", () => {
    const moved = withSecond({ nanoseconds: 9, comment: "x" });

    expect(diffCaptures(withSecond({}), expected)).to.equal(null);
    expect(diffCaptures(moved, expected, { times: false, annotations: false })).to.equal(null);
  });
});
