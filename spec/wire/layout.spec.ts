import { expect } from "chai";
import * as fc from "fast-check";
import { hex } from "../../lib/base/bytes.ts";
import * as arp from "../../lib/wire/arp.ts";
import * as ethernet from "../../lib/wire/ethernet.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import type { Header } from "../../lib/wire/layout.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import * as udp from "../../lib/wire/udp.ts";
import { L3, SYN } from "../support/headers.ts";

/** Decoded fields encode to the same bytes, whatever was there before. */
function encodesBack(header: Header): void {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: header.size, maxLength: header.size }), (bytes) => {
      const target = Buffer.alloc(header.size, 0xa5);

      header.encode(header.decode(Buffer.from(bytes), 0), target, 0);

      expect(hex(target)).to.equal(hex(bytes));
    }),
  );
}

describe("wire/layout", () => {
  const headers = [ethernet.ETHERNET, arp.ARP, ipv4.IPV4, icmp.ICMP, udp.UDP, tcp.TCP];
  for (const header of headers) {
    it(`encodes what it decoded: ${header.name}`, () => {
      encodesBack(header);
    });
  }

  it("numbers bits from the most significant, as the RFCs draw them", () => {
    expect(ipv4.IPV4.decode(Buffer.from(SYN), L3)).to.include({ version: 4, ihl: 5, df: 1, mf: 0 });
  });
});
