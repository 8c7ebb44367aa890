import { expect } from "chai";
import { parseIpv4 } from "../../lib/base/inet.ts";
import type { Capture, CapturedFrame } from "../../lib/capture/capture.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import type { Outcome } from "../../tools/verify/outcome.ts";
import { readRecordings } from "../../tools/verify/recordings.ts";
import { judgeRecorded, type Verdict } from "../../tools/verify/verdict.ts";
import { arpFrame, viewOf } from "../support/frames.ts";

const LAB = "fixtures/tcp/connect-send-close/lab.yaml";
const L3 = 14;
const L4 = 34;

/** What the kernel did in the lab: an emulator that does the same is right. */
function kernelOutcome(): Outcome {
  const outcome = readRecordings(LAB)?.outcomes[0];
  if (outcome === undefined) throw new Error(`${LAB} has no recordings`);
  return outcome;
}

/** The verdict on an emulator that does what the kernel did, but for `damage`. */
function verdictOn(damage: (frames: CapturedFrame[]) => CapturedFrame[]): Verdict {
  const outcome = kernelOutcome();
  const capture: Capture = { ...outcome.capture, frames: damage([...outcome.capture.frames]) };
  return judgeRecorded(LAB, () => ({ ...outcome, capture }));
}

/** Index of the first frame that `matches`. */
function find(
  frames: readonly CapturedFrame[],
  matches: (view: DataView, frame: CapturedFrame) => boolean,
): number {
  const index = frames.findIndex((frame) => matches(viewOf(frame.bytes), frame));
  if (index === -1) throw new Error("no such frame in the recording");
  return index;
}

function isTcp(view: DataView): boolean {
  return view.byteLength >= L4 + tcp.TCP_SIZE && ipv4.protocol(view, L3) === 6;
}

/** The frames with the bytes of one of them changed. */
function edited(
  frames: CapturedFrame[],
  index: number,
  edit: (view: DataView) => void,
): CapturedFrame[] {
  return frames.map((frame, at) => {
    if (at !== index) return frame;
    const bytes = Buffer.from(frame.bytes);
    edit(viewOf(bytes));
    return { ...frame, bytes };
  });
}

function finish(view: DataView): void {
  const end = L3 + ipv4.totalLength(view, L3);
  tcp.finishSegment(view, L4, end, ipv4.source(view, L3), ipv4.destination(view, L3));
}

describe("tools/verify", () => {
  it("finds an emulator equal that does what the kernel did", () => {
    expect(verdictOn((frames) => frames)).to.deep.include({ verdict: "equal", why: "" });
  });

  const broken: [string, (frames: CapturedFrame[]) => CapturedFrame[], string][] = [
    [
      "a window that is off by one",
      (frames) =>
        edited(frames, find(frames, isTcp), (view) => {
          view.setUint16(L4 + 14, view.getUint16(L4 + 14) - 1);
          finish(view);
        }),
      "tcp.window 64240 on the kernel, 64239 here",
    ],
    [
      "a missing acknowledgment",
      (frames) => {
        const ack = find(frames, (view) => isTcp(view) && tcp.flags(view, L4) === tcp.FLAG_ACK);
        return frames.filter((_, index) => index !== ack);
      },
      "is missing here",
    ],
    [
      "two frames in the wrong order",
      (frames) => {
        const isData = (view: DataView): boolean =>
          isTcp(view) && (tcp.flags(view, L4) & tcp.FLAG_PSH) !== 0;
        const data = find(frames, isData);
        const [one] = frames.slice(data);
        const next = frames.findIndex(
          (frame, index) => index > data && frame.interfaceIndex === one?.interfaceIndex,
        );
        return frames.map((frame, index) =>
          index === data ? (frames[next] ?? frame) : index === next ? (one ?? frame) : frame,
        );
      },
      "swapped here",
    ],
    [
      "a wrong checksum",
      (frames) =>
        edited(frames, find(frames, isTcp), (view) =>
          view.setUint16(L4 + 16, view.getUint16(L4 + 16) ^ 1),
        ),
      "tcp.checksum wrong",
    ],
    [
      "an extra ARP request",
      (frames) => {
        const [first] = frames;
        if (first === undefined) return frames;
        return [{ ...first, bytes: arpFrame(1, "10.0.0.1", "10.0.0.77") }, ...frames];
      },
      " here",
    ],
    [
      "an answer from another address",
      (frames) =>
        edited(frames, find(frames, isTcp), (view) => {
          ipv4.setSource(view, L3, parseIpv4("10.0.0.7"));
          finish(view);
        }),
      "ip.source 10.0.0.1 on the kernel, 10.0.0.7 here",
    ],
    [
      "a retransmission that comes too early",
      (frames) =>
        frames.map((frame, index) =>
          index < frames.length - 1 ? frame : { ...frame, seconds: frame.seconds + 1 },
        ),
      "clock off by",
    ],
  ];
  for (const [what, damage, words] of broken) {
    it(`reports ${what}`, () => {
      const { verdict, why } = verdictOn(damage);

      expect(verdict).to.equal("different");
      expect(why).to.include(words);
    });
  }

  it("reports what a command printed differently", () => {
    const outcome = kernelOutcome();
    const outputs = outcome.outputs.map((one) => ({ ...one, stdout: `${one.stdout}more\n` }));

    const { verdict, why } = judgeRecorded(LAB, () => ({ ...outcome, outputs }));

    expect(verdict).to.equal("different");
    expect(why).to.include('nothing on the kernel, "more" here');
  });
});
