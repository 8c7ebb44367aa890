import { expect } from "chai";
import { hex } from "../../lib/base/bytes.ts";
import { formatIpv4, parseIpv4 } from "../../lib/base/inet.ts";
import { formatMac, parseMac } from "../../lib/base/mac.ts";
import * as arp from "../../lib/wire/arp.ts";
import { viewOf } from "../support/frames.ts";
import { ARP_REQUEST, agree, dirty, L3 } from "../support/headers.ts";

describe("wire/arp", () => {
  it("reads a recorded request", () => {
    const view = viewOf(ARP_REQUEST);

    expect(arp.isValid(view, L3, ARP_REQUEST.length)).to.equal(true);
    expect(arp.operation(view, L3)).to.equal(arp.ARP_REQUEST);
    expect(formatMac(arp.senderMac(view, L3))).to.equal("02:00:0a:f4:01:02");
    expect(formatIpv4(arp.targetIp(view, L3))).to.equal("10.244.1.1");
  });

  it("builds the same bytes into a dirty buffer", () => {
    const { bytes, view } = dirty(28);
    arp.write(view, 0, {
      operation: arp.ARP_REQUEST,
      senderMac: parseMac("02:00:0a:f4:01:02"),
      senderIp: parseIpv4("10.244.1.2"),
      targetMac: 0,
      targetIp: parseIpv4("10.244.1.1"),
    });

    expect(hex(bytes)).to.equal(hex(ARP_REQUEST.subarray(L3)));
  });

  it("refuses a packet cut short and other hardware or protocols", () => {
    expect(arp.isValid(viewOf(ARP_REQUEST), L3, ARP_REQUEST.length - 1)).to.equal(false);
    for (const at of [1, 3, 4, 5]) {
      const bytes = ARP_REQUEST.slice();
      bytes[L3 + at] = 99;
      expect(arp.isValid(viewOf(bytes), L3, bytes.length), `byte ${at}`).to.equal(false);
    }
  });

  it("reads as its declaration decodes", () => {
    const { operation, senderMac, senderIp, targetMac, targetIp } = arp;
    agree(arp.ARP, { operation, senderMac, senderIp, targetMac, targetIp });
  });
});
