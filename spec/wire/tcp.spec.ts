import { expect } from "chai";
import { hex } from "../../lib/base/bytes.ts";
import { parseIpv4 } from "../../lib/base/inet.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import * as option from "../../lib/wire/tcp-options.ts";
import { viewOf } from "../support/frames.ts";
import { agree, dirty, L4, SYN } from "../support/headers.ts";

describe("wire/tcp", () => {
  const [from, to] = [parseIpv4("10.244.1.2"), parseIpv4("10.96.12.34")];

  it("reads a recorded SYN", () => {
    const view = viewOf(SYN);

    expect(tcp.isValid(view, L4, SYN.length)).to.equal(true);
    expect(tcp.checksumIsRight(view, L4, SYN.length, from, to)).to.equal(true);
    expect(tcp.sourcePort(view, L4)).to.equal(37644);
    expect(tcp.sequence(view, L4) >>> 0).to.equal(1343875345);
    expect(tcp.headerSize(view, L4)).to.equal(40);
    expect(tcp.flags(view, L4)).to.equal(tcp.FLAG_SYN);
    expect(tcp.window(view, L4)).to.equal(64240);
  });

  it("builds the same bytes into a dirty buffer", () => {
    const { bytes, view } = dirty(40);
    let at = option.writeMss(view, 20, 1460);
    at = option.writeSackPermitted(view, at);
    at = option.writeTimestamps(view, at, 0xb0b02c0c | 0, 0);
    at = option.writeNops(view, at, 1);
    expect(option.writeWindowScale(view, at, 10)).to.equal(40);
    tcp.write(view, 0, 37644, 80, 1343875345, 0, 40, tcp.FLAG_SYN, 64240);
    tcp.finishSegment(view, 0, 40, from, to);

    expect(hex(bytes)).to.equal(hex(SYN.subarray(L4)));
  });

  it("refuses truncated headers and lying data offsets", () => {
    const view = viewOf(SYN.slice());
    for (let end = L4; end < L4 + 40; end += 1) expect(tcp.isValid(view, L4, end)).to.equal(false);
    for (const words of [0, 4, 11, 15]) {
      view.setUint8(L4 + 12, words << 4);
      expect(tcp.isValid(view, L4, SYN.length), `${words} words`).to.equal(false);
    }
  });

  it("reads as its declaration decodes", () => {
    const { sourcePort, destinationPort, sequence, acknowledgment } = tcp;
    const { flags, window, checksum, urgentPointer } = tcp;
    agree(tcp.TCP, { sourcePort, destinationPort, sequence, acknowledgment });
    agree(tcp.TCP, { flags, window, checksum, urgentPointer });
  });
});
