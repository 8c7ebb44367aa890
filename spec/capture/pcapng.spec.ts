import { expect } from "chai";
import * as fc from "fast-check";
import { fromHex, hex } from "../../lib/base/bytes.ts";
import { VethworkError } from "../../lib/base/errors.ts";
import type { Capture, CapturedFrame } from "../../lib/capture/capture.ts";
import { interfaceName } from "../../lib/capture/capture.ts";
import { PcapngWriter, writePcapng } from "../../lib/capture/pcapng.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { MemorySink } from "../../lib/capture/sink.ts";
import { Direction } from "../../lib/capture/tap.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";
import { arpFrame, tcpFrame } from "../support/frames.ts";

describe("capture/pcapng", () => {
  it("writes and reads name, time, direction, packet id and comment", () => {
    const frames: CapturedFrame[] = [
      captured({ bytes: arpFrame(1, "10.0.0.1", "10.0.0.2"), packetId: 2 ** 40 + 7 }),
      captured({ interfaceIndex: 1, nanoseconds: 999_999_999, direction: Direction.OUT }),
      captured({ seconds: 1_700_086_400, comment: "nat/PREROUTING rule 3 → DNAT" }),
    ];
    const capture: Capture = {
      interfaces: [
        { name: "node1/eth0", snapLength: 262144 },
        { name: "node1/cbr0", snapLength: 262144 },
      ],
      frames,
    };

    const again = readCapture(writePcapng(capture, { epochSeconds: 1_700_000_000 }));

    expect(again).to.deep.equal(capture);
  });

  it("writes a section header, an interface and an enhanced packet as the draft draws them [§4]", () => {
    const sink = new MemorySink();
    const writer = new PcapngWriter(sink, { epochSeconds: 0x60000000 });
    const tap = writer.tap("a");
    tap.frame(new FramePool().takeFrom(fromHex("0102030405")), Direction.IN, 0x1_0000_0002);
    writer.flush();

    expect(hex(sink.bytes())).to.equal(
      [
        "0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff",
        "0400 0800 76657468776f726b 0000 0000 2c000000",
        "01000000 34000000 0100 0000 00000400 0200 0100 61000000",
        "0900 0100 09000000 0e00 0800 0000006000000000 0000 0000 34000000",
        "06000000 40000000 00000000 01000000 02000000 05000000 05000000 0102030405 000000",
        "0200 0400 01000000 0500 0800 0100000000000000 0000 0000 40000000",
      ]
        .join("")
        .replaceAll(" ", ""),
    );
  });

  it("ends with statistics of each interface [§4.6]", () => {
    const sink = new MemorySink();
    const writer = new PcapngWriter(sink);
    const tap = writer.tap("a");
    tap.frame(new FramePool().takeFrom(new Uint8Array(14)), Direction.IN, 5);
    writer.finish();

    const file = hex(sink.bytes());

    expect(file.slice(-2 * 76)).to.equal(
      [
        "05000000 4c000000 00000000 00000000 05000000",
        "0200 0800 0000000000000000 0300 0800 0000000005000000",
        "0400 0800 0100000000000000 0500 0800 0000000000000000 0000 0000 4c000000",
      ]
        .join("")
        .replaceAll(" ", ""),
    );
  });

  it("reads a big-endian section with simple packets, unknown blocks and options", () => {
    const file = fromHex(
      [
        "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c",
        "00000bad 00000010 deadbeef 00000010",
        "00000001 00000028 0001 0000 00000000 7777 0003 aabbcc00 0002 0002 65300000 0000 0000 00000028",
        "00000003 00000014 00000003 01020300 00000014",
        "00000006 00000024 00000000 00050000 00000001 00000002 00000009 aabb0000 00000024",
      ].join(""),
    );

    const { interfaces, frames } = readCapture(file);

    expect(interfaces).to.deep.equal([{ name: "e0", snapLength: 0 }]);
    expect(frames.map((frame) => hex(frame.bytes))).to.deep.equal(["010203", "aabb"]);
    // 0x0005000000000001 µs, the resolution without an option [§4.2]
    expect(frames[1]).to.include({
      seconds: 1407374883,
      nanoseconds: 553_281_000,
      originalLength: 9,
    });
  });

  it("numbers interfaces anew in each section [§4.1]", () => {
    const one = writePcapng({ interfaces: [{ name: "a", snapLength: 0 }], frames: [captured({})] });
    const two = writePcapng({ interfaces: [{ name: "b", snapLength: 0 }], frames: [captured({})] });

    const capture = readCapture(Buffer.concat([one, two]));

    expect(capture.frames.map((frame) => interfaceName(capture, frame))).to.deep.equal(["a", "b"]);
  });

  it("survives any mixture of lengths and chunk sizes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }),
        fc.integer({ min: 100, max: 600 }),
        (contents, chunkBytes) => {
          const sink = new MemorySink();
          const writer = new PcapngWriter(sink, { chunkBytes });
          const tap = writer.tap("a");
          const pool = new FramePool({ poison: true });
          for (const content of contents) {
            const frame = pool.takeFrom(content);
            tap.frame(frame, Direction.IN, 1);
            frame.deliver();
          }
          writer.finish();

          const { frames } = readCapture(sink.bytes());

          expect(frames.map((frame) => hex(frame.bytes))).to.deep.equal(contents.map(hex));
        },
      ),
      { numRuns: 40 },
    );
  });

  describe("of a damaged file", () => {
    const good = Buffer.from(
      writePcapng({ interfaces: [{ name: "a", snapLength: 0 }], frames: [captured({})] }),
    );
    // Section header 44 bytes, interface 52 bytes, then the packet.
    const cases: [string, Buffer, string][] = [
      [
        "an end within a block",
        good.subarray(0, 100),
        "byte 96: the file ends within a block (4 bytes) (at least 12)",
      ],
      [
        "an end within a packet",
        good.subarray(0, 120),
        "byte 96: the file ends within a block (24 bytes of 112)",
      ],
      [
        "a length that is no multiple of 4",
        patched(good, 48, 51),
        "byte 48: a block length of 51 (a multiple of 4 from 12 to 16777216)",
      ],
      [
        "an absurd length",
        patched(good, 48, 0x7ffffff0),
        "byte 48: a block length of 2147483632 (a multiple of 4 from 12 to 16777216)",
      ],
      [
        "two lengths that differ",
        patched(good, 92, 48),
        "byte 92: a block ends with length 48 (it begins with 52)",
      ],
      [
        "an unknown byte order",
        patched(good, 8, 1),
        "byte 8: an unknown byte order (1a2b3c4d in either order)",
      ],
      [
        "a foreign link type",
        patched(good, 52, 113),
        "byte 52: link type 113 (only Ethernet (1) is readable)",
      ],
      [
        "a packet of an interface that nobody described",
        patched(good, 104, 1),
        "byte 104: a packet of interface 1 (1 are described before it)",
      ],
      [
        "a frame longer than its block",
        patched(good, 116, 90),
        "byte 116: a frame of 90 bytes (at most 80 here)",
      ],
      [
        "an option longer than its block",
        patched(good, 180, 0x00ff0002),
        "byte 180: an option of 255 bytes (20 are left)",
      ],
    ];
    for (const [what, file, message] of cases) {
      it(`says where and what: ${what}`, () => {
        expect(() => readCapture(file, "x")).to.throw(VethworkError, `x: ${message}`);
      });
    }

    it("throws nothing but VW_CAPTURE, whatever the bytes", () => {
      fc.assert(
        fc.property(fc.nat(good.length), fc.nat(good.length - 1), fc.nat(255), (cut, at, value) => {
          const file = Buffer.from(good);
          file[at] = value;
          try {
            readCapture(file.subarray(0, cut), "x");
          } catch (error) {
            expect(error).to.be.instanceOf(VethworkError).with.property("code", "VW_CAPTURE");
          }
        }),
        { numRuns: 300 },
      );
    });
  });
});

function captured(parts: Partial<CapturedFrame>): CapturedFrame {
  const bytes = parts.bytes ?? tcpFrame({});
  return {
    interfaceIndex: 0,
    seconds: 1_700_000_000,
    nanoseconds: 0,
    originalLength: bytes.length,
    direction: Direction.IN,
    packetId: 1,
    comment: "",
    ...parts,
    bytes,
  };
}

function patched(file: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(file);
  copy.writeUInt32LE(value, at);
  return copy;
}
