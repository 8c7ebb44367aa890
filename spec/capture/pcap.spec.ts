import { expect } from "chai";
import * as fc from "fast-check";
import { hex } from "../../lib/base/bytes.ts";
import { VethworkError } from "../../lib/base/errors.ts";
import { nsSince } from "../../lib/capture/capture.ts";
import { PcapWriter, readPcap, writePcap } from "../../lib/capture/pcap.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { MemorySink } from "../../lib/capture/sink.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";
import { tcpFrame } from "../support/frames.ts";
import { nodePcapWriterFile } from "../support/node-pcap-writer.ts";

describe("capture/pcap", () => {
  const bytes = tcpFrame({});

  function record(precision: "microseconds" | "nanoseconds", byteOrder: "little" | "big") {
    const sink = new MemorySink();
    const writer = new PcapWriter(sink, { precision, byteOrder, epochSeconds: 1_700_000_000 });
    writer.frame(new FramePool().takeFrom(bytes), 1, 2_000_123_456);
    writer.flush();
    return Buffer.from(sink.bytes());
  }

  it("writes header and record as the format draws them [draft-ietf-opsawg-pcap §4]", () => {
    const file = record("nanoseconds", "little");

    expect(hex(file.subarray(0, 24))).to.equal(
      "4d3cb2a1020004000000000000000000000004000100 0000".replace(" ", ""),
    );
    expect(hex(file.subarray(24, 40))).to.equal("02f1536540e201003600000036000000");
    expect(file.subarray(40).equals(bytes)).to.equal(true);
  });

  for (const byteOrder of ["little", "big"] as const) {
    for (const precision of ["microseconds", "nanoseconds"] as const) {
      it(`reads ${precision} in ${byteOrder}-endian order`, () => {
        const [frame] = readPcap(record(precision, byteOrder), "a.pcap").frames;

        expect(frame?.seconds).to.equal(1_700_000_002);
        expect(frame?.nanoseconds).to.equal(precision === "microseconds" ? 123_000 : 123_456);
        expect(frame?.bytes.equals(bytes)).to.equal(true);
      });
    }
  }

  it("writes microseconds as node-pcap-writer does, byte for byte", async () => {
    const stamps = [1_700_000_002_000_123, 1_700_000_003_500_000];
    const witness = await nodePcapWriterFile(stamps.map((stamp) => ({ stamp, bytes })));
    const frames = stamps.map((stamp) => ({
      interfaceIndex: 0,
      seconds: Math.floor(stamp / 1e6),
      nanoseconds: (stamp % 1e6) * 1000,
      bytes,
      originalLength: bytes.length,
      direction: 0 as const,
      packetId: 0,
      comment: "",
    }));

    const ours = writePcap(frames, { precision: "microseconds", snapLength: 1500 });

    expect(hex(ours)).to.equal(hex(witness));
  });

  it("cuts frames at the snap length and keeps their length", () => {
    const sink = new MemorySink();
    const writer = new PcapWriter(sink, { snapLength: 20 });
    writer.frame(new FramePool().takeFrom(bytes), 1, 0);
    writer.flush();

    const [frame] = readCapture(sink.bytes()).frames;

    expect(frame?.bytes.length).to.equal(20);
    expect(frame?.originalLength).to.equal(bytes.length);
  });

  it("copies the frame when it passes, so that later changes do not show", () => {
    const sink = new MemorySink();
    const writer = new PcapWriter(sink);
    const frame = new FramePool().takeFrom(bytes);
    writer.frame(frame, 1, 0);
    frame.bytes.fill(0);
    writer.flush();

    expect(readCapture(sink.bytes()).frames[0]?.bytes.equals(bytes)).to.equal(true);
  });

  it("keeps every frame in order through chunks of any size", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 14, maxLength: 300 }), { maxLength: 30 }),
        fc.integer({ min: 64, max: 1000 }),
        (contents, chunkBytes) => {
          const sink = new MemorySink();
          const writer = new PcapWriter(sink, { chunkBytes });
          const pool = new FramePool();
          contents.forEach((content, index) => {
            writer.frame(pool.takeFrom(content), 1, index * 1000);
          });
          writer.flush();

          const { frames } = readCapture(sink.bytes());

          expect(frames.map((frame) => hex(frame.bytes))).to.deep.equal(contents.map(hex));
          for (const frame of frames) {
            expect(nsSince(frames[0]!, frame)).to.equal(frames.indexOf(frame) * 1000);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  describe("of a damaged file", () => {
    const good = record("nanoseconds", "little");
    const cases: [string, Buffer, string][] = [
      [
        "an empty file",
        Buffer.alloc(0),
        "x.pcap: byte 0: the file is empty (pcap and pcapng are readable)",
      ],
      [
        "a foreign magic number",
        Buffer.from("GIF89a......"),
        "x.pcap: byte 0: not a capture file (pcap and pcapng are readable)",
      ],
      [
        "a header cut short",
        good.subarray(0, 20),
        "x.pcap: byte 20: the file ends within its header (a pcap header has 24 bytes)",
      ],
      [
        "a record header cut short",
        good.subarray(0, 30),
        "x.pcap: byte 24: the file ends within a record header (6 bytes) (a record header has 16 bytes)",
      ],
      [
        "a frame cut short",
        good.subarray(0, 50),
        "x.pcap: byte 40: the file ends within a frame (10 bytes of 54)",
      ],
      [
        "an absurd length",
        patched(good, 32, 0x7fffffff),
        "x.pcap: byte 32: a frame of 2147483647 bytes (at most 262144)",
      ],
      [
        "a foreign link type",
        patched(good, 20, 113),
        "x.pcap: byte 20: link type 113 (only Ethernet (1) is readable)",
      ],
      [
        "a foreign version",
        patched(good, 4, 3),
        "x.pcap: byte 4: pcap version 3 (version 2 is readable)",
      ],
      [
        "a fraction above a second",
        patched(good, 28, 1e9),
        "x.pcap: byte 28: a fraction of a second above one second (below one second)",
      ],
      [
        "an original length below the captured one",
        patched(good, 36, 53),
        "x.pcap: byte 36: an original length of 53 bytes (at least the captured 54)",
      ],
    ];
    for (const [what, file, message] of cases) {
      it(`says where and what: ${what}`, () => {
        expect(() => readCapture(file, "x.pcap")).to.throw(VethworkError, message);
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
      );
    });
  });
});

function patched(file: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(file);
  copy.writeUInt32LE(value, at);
  return copy;
}
