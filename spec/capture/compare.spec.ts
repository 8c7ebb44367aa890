import { readFileSync } from "node:fs";
import { expect } from "chai";
import { type Capture, type CapturedFrame, framesOf } from "../../lib/capture/capture.ts";
import { compareRuns } from "../../lib/capture/compare.ts";
import { readCapture } from "../../lib/capture/read.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import { viewOf } from "../support/frames.ts";

const FOLDER = "fixtures/cluster/clusterip-across-nodes/kernel";
const L3 = 14;
const L4 = 34;

/** A recording of the real kernel: one curl through a ClusterIP, on eight interfaces. */
function outcome(number: number): Capture {
  const name = `outcome-${number}.pcapng`;
  return readCapture(readFileSync(`${FOLDER}/${name}`), name);
}

/** The recording with other frames on one interface. */
function onInterface(
  capture: Capture,
  name: string,
  change: (frames: CapturedFrame[]) => CapturedFrame[],
): Capture {
  const index = capture.interfaces.findIndex((one) => one.name === name);
  const others = capture.frames.filter((frame) => frame.interfaceIndex !== index);
  return { ...capture, frames: [...others, ...change(framesOf(capture, index))] };
}

/** The recording with the bytes of one frame changed and its checksums put right again. */
function edited(
  capture: Capture,
  name: string,
  number: number,
  edit: (view: DataView) => void,
  repair = true,
): Capture {
  return onInterface(capture, name, (frames) =>
    frames.map((frame, index) => {
      if (index !== number - 1) return frame;
      const bytes = Buffer.from(frame.bytes);
      edit(viewOf(bytes));
      if (repair) finish(bytes);
      return { ...frame, bytes };
    }),
  );
}

function finish(bytes: Buffer): void {
  const view = viewOf(bytes);
  if (view.getUint16(12) !== 0x0800) return;
  ipv4.finishHeader(view, L3);
  const end = L3 + ipv4.totalLength(view, L3);
  if (ipv4.protocol(view, L3) === 6) {
    tcp.finishSegment(view, L4, end, ipv4.source(view, L3), ipv4.destination(view, L3));
  }
  if (ipv4.protocol(view, L3) === 1) icmp.finishMessage(view, L4, end);
}

/** All frames of the recording as another run would have them: nothing real is different. */
function asAnotherRun(capture: Capture): Capture {
  const frames = capture.frames.map((frame) => {
    const bytes = Buffer.from(frame.bytes);
    const view = viewOf(bytes);
    if (view.getUint16(12) === 0x0800 && ipv4.protocol(view, L3) === 6) reseed(view);
    finish(bytes);
    return { ...frame, seconds: frame.seconds + 86400, bytes };
  });
  return { ...capture, frames };
}

/** Other ports, initial numbers, timestamps and identifications, as other random draws give. */
function reseed(view: DataView): void {
  const fromClient = tcp.sourcePort(view, L4) > 32768;
  const [shiftFrom, shiftTo] = fromClient ? [0x7000_0000, 0x1234_5678] : [0x1234_5678, 0x7000_0000];
  view.setUint16(L4 + (fromClient ? 0 : 2), 50001);
  view.setInt32(L4 + 4, tcp.sequence(view, L4) + shiftFrom);
  if ((tcp.flags(view, L4) & tcp.FLAG_ACK) !== 0) {
    view.setInt32(L4 + 8, tcp.acknowledgment(view, L4) + shiftTo);
  }
  if (ipv4.id(view, L3) !== 0) view.setUint16(L3 + 4, ipv4.id(view, L3) + (fromClient ? 7 : 999));
  const end = L4 + tcp.headerSize(view, L4);
  for (let at = L4 + tcp.TCP_SIZE; at < end - 9; at += 1) {
    if (view.getUint16(at) !== 0x080a) continue;
    view.setInt32(at + 2, view.getInt32(at + 2) + shiftFrom);
    if (view.getInt32(at + 6) !== 0) view.setInt32(at + 6, view.getInt32(at + 6) + shiftTo);
    return;
  }
}

describe("capture/compare", () => {
  it("finds no difference between a run and itself with other random draws", () => {
    expect(compareRuns(outcome(1), asAnotherRun(outcome(1)))).to.equal(null);
  });

  it("tells all kept outcomes of the real kernel apart", () => {
    const { outcomes } = JSON.parse(readFileSync(`${FOLDER}/outcomes.json`, "utf8")) as {
      outcomes: { capture: string; count: number }[];
    };
    const recordings = outcomes.map(({ capture }) =>
      readCapture(readFileSync(`${FOLDER}/${capture}`)),
    );

    const equal = recordings.map((one) =>
      recordings.findIndex((other) => compareRuns(one, other) === null),
    );
    expect(equal).to.deep.equal(recordings.map((_one, index) => index));
  });

  // Frames of client/eth0: 1–2 ARP, 3 SYN, 4 SYN-ACK, 5 ACK, 6 request, 7 ACK, 8 response, 9 ACK,
  // 10 FIN, 11 FIN of the server, 12 ACK.
  describe("says what is different:", () => {
    const kernel = outcome(1);
    const faults: [string, Capture, string][] = [
      [
        "a window that is off by one",
        edited(kernel, "client/eth0", 5, (view) => view.setUint16(L4 + 14, 64)),
        "client/eth0 frame 5: tcp.window 63 on the kernel, 64 here",
      ],
      [
        "another TTL",
        edited(kernel, "node2/eth0", 4, (view) => view.setUint8(L3 + 8, 64)),
        "node2/eth0 frame 4: ip.ttl 63 on the kernel, 64 here",
      ],
      [
        "a wrong checksum",
        edited(kernel, "web/eth0", 5, (view) => view.setUint16(L4 + 16, 0x1234), false),
        "web/eth0 frame 5: tcp.checksum wrong (0x1234, ",
      ],
      [
        "a missing ACK",
        onInterface(kernel, "web/eth0", (frames) => frames.filter((_, index) => index !== 6)),
        "web/eth0 frame 7 is missing here: IP 10.244.2.7.8080 > ",
      ],
      [
        "a missing last frame",
        onInterface(kernel, "web/eth0", (frames) => frames.slice(0, -1)),
        "web/eth0 frame 12 is missing here: IP 10.244.1.2.",
      ],
      [
        "an ARP request too many",
        onInterface(kernel, "node1/eth0", (frames) => frames.slice(0, 1).concat(frames)),
        "node1/eth0 frame 2 is extra here: ARP, Request who-has 172.18.0.3 tell 172.18.0.2, length 28",
      ],
      [
        "two frames swapped",
        onInterface(kernel, "node1/cbr0", ([a, b, c, d, e, f, g, h, i, j, ...rest]) => [
          a!,
          b!,
          c!,
          d!,
          e!,
          f!,
          g!,
          h!,
          j!,
          i!,
          ...rest,
        ]),
        "node1/cbr0 frame 9 and the next are swapped here: ",
      ],
      [
        "an identification that does not count",
        edited(kernel, "client/eth0", 6, (view) => view.setUint16(L3 + 4, ipv4.id(view, L3) - 1)),
        "client/eth0 frame 6: ip.id id+2 on the kernel, id+1 here",
      ],
      [
        "a SYN-ACK with an identification",
        edited(kernel, "client/eth0", 4, (view) => view.setUint16(L3 + 4, 5)),
        "client/eth0 frame 4: ip.id 0 on the kernel, ",
      ],
      [
        "an echo of a timestamp that the peer never sent",
        edited(kernel, "web/eth0", 7, (view) => view.setInt32(L4 + 28, 1)),
        "web/eth0 frame 7: tcp.timestampEcho the peer's frame 1–3's on the kernel, no frame's here",
      ],
      [
        "an echo of an older timestamp",
        edited(kernel, "client/eth0", 11, (view) =>
          view.setInt32(L4 + 28, view.getInt32(L4 + 28) - 1),
        ),
        "client/eth0 frame 11: tcp.timestampEcho the peer's frame 5's on the kernel, the peer's frame 1–4's here",
      ],
      [
        "a timestamp clock that runs away",
        edited(kernel, "web/eth0", 8, (view) =>
          view.setInt32(L4 + 24, view.getInt32(L4 + 24) + 200),
        ),
        "web/eth0 frame 8: tcp.timestampValue clock on the kernel, clock off by 200 ms here",
      ],
      [
        "a sequence number that is off by one",
        edited(kernel, "web/eth0", 6, (view) => view.setInt32(L4 + 4, view.getInt32(L4 + 4) + 1)),
        "web/eth0 frame 6: tcp.sequence isn1+1 on the kernel, isn1+2 here",
      ],
      [
        "an initial sequence number that changes on the way",
        onInterface(kernel, "web/eth0", (frames) =>
          frames.map((frame) => {
            const bytes = Buffer.from(frame.bytes);
            const view = viewOf(bytes);
            if (
              view.getUint16(12) === 0x0800 &&
              ipv4.protocol(view, L3) === 6 &&
              tcp.sourcePort(view, L4) !== 8080
            ) {
              view.setInt32(L4 + 4, view.getInt32(L4 + 4) + 77);
              finish(bytes);
            }
            return { ...frame, bytes };
          }),
        ),
        "web/eth0 frame 3: tcp.sequence isn1+0 on the kernel, isn3+0 here",
      ],
      [
        "a port that changes on the way",
        edited(kernel, "node2/eth0", 3, (view) => view.setUint16(L4, 40404)),
        "node2/eth0 frame 3: tcp.sourcePort port1 on the kernel, port2 here",
      ],
      [
        "another server port",
        edited(kernel, "node1/cbr0", 4, (view) => view.setUint16(L4, 81)),
        "node1/cbr0 frame 4: tcp.sourcePort 80 on the kernel, 81 here",
      ],
      [
        "options in another order",
        edited(kernel, "client/eth0", 3, (view) => {
          // NOP and window scale before the timestamps.
          const options = [4, 2, 1, 3, 3, 10, 8, 10];
          options.forEach((byte, index) => {
            view.setUint8(L4 + 24 + index, byte);
          });
        }),
        "client/eth0 frame 3: tcp.options mss,sackOK,TS,nop,wscale on the kernel, ",
      ],
      [
        "other payload",
        edited(kernel, "web/eth0", 6, (view) => view.setUint8(L4 + 32, 0x50)),
        "web/eth0 frame 6: data.bytes 47",
      ],
      [
        "another MAC address",
        edited(kernel, "node1/eth0", 3, (view) => view.setUint8(5, 9)),
        "node1/eth0 frame 3: eth.destination 02:00:00:00:00:02 on the kernel, 02:00:00:00:00:09 here",
      ],
      [
        "an interface without a capture",
        { interfaces: kernel.interfaces.slice(1), frames: [] },
        "client/eth0: captured on the kernel, not here",
      ],
    ];
    for (const [what, faulty, words] of faults) {
      it(what, () => {
        const difference = compareRuns(kernel, faulty);

        expect(difference?.slice(0, words.length)).to.equal(words);
      });
    }

    it("a wrong checksum even if both sides have it", () => {
      const both = edited(kernel, "web/eth0", 5, (view) => view.setUint16(L4 + 16, 1), false);

      expect(compareRuns(both, both)).to.match(
        /^web\/eth0 frame 5: tcp.checksum wrong .* on the kernel$/,
      );
    });
  });
});
