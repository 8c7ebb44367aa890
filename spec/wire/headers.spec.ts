import { expect } from "chai";
import * as fc from "fast-check";
import { fromHex, hex } from "../../lib/base/bytes.ts";
import { formatIpv4, parseIpv4 } from "../../lib/base/inet.ts";
import { formatMac, parseMac } from "../../lib/base/mac.ts";
import * as arp from "../../lib/wire/arp.ts";
import * as ethernet from "../../lib/wire/ethernet.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import type { Header } from "../../lib/wire/layout.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import * as option from "../../lib/wire/tcp-options.ts";
import { TcpOptions } from "../../lib/wire/tcp-options.ts";
import * as udp from "../../lib/wire/udp.ts";
import { viewOf } from "../support/frames.ts";

// Frames of a curl between two pods, as tcpdump recorded them on a Linux 6.18 host.
const ARP_REQUEST = fromHex(
  "ffffffffffff02000af4010208060001080006040001 02000af40102 0af40102 000000000000 0af40101",
);
const SYN = fromHex(
  `02000000 01fe0200 0af40102 0800 4500003c2db740004006ea8d0af401020a600c22
   930c00505019e91100000000a002faf081500000 020405b40402080ab0b02c0c000000000103030a`,
);
// A ping with 8 bytes of data, and the datagram "hello" to port 9.
const ECHO = fromHex("0800ebec000200010001020304050607");
const L3 = 14;
const L4 = 34;

/** A buffer in which nothing is zero by accident. */
function dirty(size: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(size).fill(0xa5);
  return { bytes, view: viewOf(bytes) };
}

/** Any bytes of the size of a header: accessor and declaration must read the same. */
function agree(
  header: Header,
  fields: Record<string, (view: DataView, at: number) => number>,
): void {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: header.size + 3, maxLength: header.size + 3 }),
      fc.nat(3),
      (bytes, at) => {
        const decoded = header.decode(Buffer.from(bytes), at);
        for (const [name, read] of Object.entries(fields)) {
          const value = read(viewOf(bytes), at);
          const width = header.place(name).width;
          expect(width === 4 ? value >>> 0 : value, name).to.equal(decoded[name]);
        }
      },
    ),
  );
}

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

describe("wire/ethernet", () => {
  it("reads a recorded header", () => {
    const view = viewOf(SYN);

    expect(formatMac(ethernet.destination(view, 0))).to.equal("02:00:00:00:01:fe");
    expect(formatMac(ethernet.source(view, 0))).to.equal("02:00:0a:f4:01:02");
    expect(ethernet.type(view, 0)).to.equal(0x0800);
  });

  it("builds the same bytes into a dirty buffer", () => {
    const { bytes, view } = dirty(14);
    ethernet.write(view, 0, parseMac("02:00:00:00:01:fe"), parseMac("02:00:0a:f4:01:02"), 0x0800);

    expect(hex(bytes)).to.equal(hex(SYN.subarray(0, 14)));
  });

  it("reads as its declaration decodes", () => {
    const { destination, source, type } = ethernet;
    agree(ethernet.ETHERNET, { destination, source, type });
  });
});

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

describe("wire/ipv4", () => {
  it("reads a recorded header", () => {
    const view = viewOf(SYN);

    expect(ipv4.isValid(view, L3, SYN.length)).to.equal(true);
    expect(ipv4.checksumIsRight(view, L3)).to.equal(true);
    expect(ipv4.totalLength(view, L3)).to.equal(60);
    expect(ipv4.id(view, L3)).to.equal(0x2db7);
    expect(ipv4.hasDf(view, L3)).to.equal(true);
    expect(ipv4.isFragment(view, L3)).to.equal(false);
    expect(formatIpv4(ipv4.destination(view, L3))).to.equal("10.96.12.34");
  });

  it("builds the same bytes into a dirty buffer, with the checksum", () => {
    const { bytes, view } = dirty(20);
    ipv4.write(view, 0, {
      tos: 0,
      length: 60,
      id: 0x2db7,
      fragment: ipv4.FLAG_DF,
      ttl: 64,
      protocol: 6,
      source: parseIpv4("10.244.1.2"),
      destination: parseIpv4("10.96.12.34"),
    });

    expect(hex(bytes)).to.equal(hex(SYN.subarray(L3, L4)));
  });

  it("refuses every truncated or lying length", () => {
    const valid = (change: (view: DataView) => void, end = SYN.length): boolean => {
      const bytes = SYN.slice();
      change(viewOf(bytes));
      return ipv4.isValid(viewOf(bytes), L3, end);
    };

    for (let end = L3; end < SYN.length; end += 1) expect(valid(() => {}, end)).to.equal(false);
    expect(
      valid((view) => view.setUint8(L3, 0x65)),
      "version 6",
    ).to.equal(false);
    expect(
      valid((view) => view.setUint8(L3, 0x44)),
      "four words",
    ).to.equal(false);
    expect(
      valid((view) => view.setUint16(L3 + 2, 19)),
      "below the header",
    ).to.equal(false);
    expect(
      valid((view) => view.setUint16(L3 + 2, 61)),
      "beyond the frame",
    ).to.equal(false);
    expect(
      valid((view) => view.setUint16(L3 + 2, 59)),
      "padding",
    ).to.equal(true);
  });

  it("reads as its declaration decodes", () => {
    const { tos, totalLength: length, id, ttl, protocol, checksum, source, destination } = ipv4;
    agree(ipv4.IPV4, { tos, length, id, ttl, protocol, checksum, source, destination });
  });

  it("keeps the checksum right under any change of TTL, TOS and addresses [RFC 1624]", () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), fc.integer(), fc.integer(), (ttl, tos, from, to) => {
        const bytes = SYN.slice();
        const view = viewOf(bytes);
        ipv4.setTtl(view, L3, ttl);
        ipv4.setTos(view, L3, tos);
        ipv4.setSource(view, L3, from);
        ipv4.setDestination(view, L3, to);

        expect(ipv4.checksumIsRight(view, L3)).to.equal(true);
        expect([ipv4.ttl(view, L3), ipv4.tos(view, L3)]).to.deep.equal([ttl, tos]);
      }),
    );
  });
});

describe("wire/icmp", () => {
  it("reads an echo request", () => {
    const view = viewOf(ECHO);

    expect(icmp.isValid(view, 0, 8)).to.equal(true);
    expect(icmp.checksumIsRight(view, 0, ECHO.length)).to.equal(true);
    expect([icmp.type(view, 0), icmp.id(view, 0), icmp.sequence(view, 0)]).to.deep.equal([8, 2, 1]);
  });

  it("builds the same bytes into a dirty buffer", () => {
    const { bytes, view } = dirty(16);
    bytes.set(ECHO.subarray(8), 8);
    icmp.write(view, 0, 16, icmp.ICMP_ECHO, 0, 0x00020001);

    expect(hex(bytes)).to.equal(hex(ECHO));
  });

  it("refuses a header cut short", () => {
    expect(icmp.isValid(viewOf(ECHO), 0, 7)).to.equal(false);
  });

  it("reads as its declaration decodes", () => {
    const { type, code, checksum, rest } = icmp;
    agree(icmp.ICMP, { type, code, checksum, rest });
  });

  it("keeps the checksum right when NAT sets another identifier", () => {
    const bytes = ECHO.slice();
    icmp.setId(viewOf(bytes), 0, 0xbeef);

    expect(icmp.checksumIsRight(viewOf(bytes), 0, bytes.length)).to.equal(true);
  });
});

describe("wire/udp", () => {
  const [from, to] = [parseIpv4("10.0.0.1"), parseIpv4("10.0.0.2")];
  // 40000 > 9, "hello"; the sum by hand: 0a00 0001 0a00 0002 0011 000d 9c40 0009 000d 6865 6c6c 6f00.
  const HELLO = fromHex("9c400009000d0bb668656c6c6f");

  it("reads a datagram", () => {
    const view = viewOf(HELLO);

    expect(udp.isValid(view, 0, HELLO.length)).to.equal(true);
    expect([
      udp.sourcePort(view, 0),
      udp.destinationPort(view, 0),
      udp.length(view, 0),
    ]).to.deep.equal([40000, 9, 13]);
    expect(udp.checksumIsRight(view, 0, from, to)).to.equal(true);
  });

  it("builds the same bytes into a dirty buffer", () => {
    const { bytes, view } = dirty(13);
    bytes.set(HELLO.subarray(8), 8);
    udp.write(view, 0, 40000, 9, 13);
    udp.finishDatagram(view, 0, from, to);

    expect(hex(bytes)).to.equal(hex(HELLO));
  });

  it("refuses truncated and lying lengths", () => {
    const view = viewOf(HELLO.slice());
    for (let end = 0; end < 13; end += 1) expect(udp.isValid(view, 0, end)).to.equal(false);
    view.setUint16(4, 7);
    expect(udp.isValid(view, 0, 13)).to.equal(false);
  });

  it("reads as its declaration decodes", () => {
    const { sourcePort, destinationPort, length, checksum } = udp;
    agree(udp.UDP, { sourcePort, destinationPort, length, checksum });
  });

  it("sends a computed 0 as 0xffff and takes 0 as absent [RFC 768]", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), (word) => {
        const { bytes, view } = dirty(10);
        view.setUint16(8, word);
        udp.write(view, 0, 0, 0, 10);
        udp.finishDatagram(view, 0, 0, 0);

        expect(udp.checksum(view, 0)).to.not.equal(0);
        expect(udp.checksumIsRight(view, 0, 0, 0)).to.equal(true);
        bytes.set([0, 0], 6);
        expect(udp.checksumIsRight(view, 0, 0, 0)).to.equal(true);
      }),
    );
    // The word that makes the sum of a header of length 10 and protocol 17 come to 0xffff.
    const { view } = dirty(10);
    view.setUint16(8, 0xffff - 10 - 10 - 17);
    udp.write(view, 0, 0, 0, 10);
    udp.finishDatagram(view, 0, 0, 0);
    expect(udp.checksum(view, 0)).to.equal(0xffff);
  });
});

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

describe("wire/tcp-options", () => {
  function parse(text: string, syn = true): TcpOptions {
    const bytes = fromHex(text);
    const options = new TcpOptions();
    options.parse(viewOf(bytes), 0, bytes.length, syn);
    return options;
  }

  it("reads the options of a recorded SYN", () => {
    expect(parse(hex(SYN.subarray(54)))).to.include({
      mss: 1460,
      sackPermitted: true,
      hasTimestamps: true,
      timestampValue: 0xb0b02c0c | 0,
      timestampEcho: 0,
      windowScale: 10,
    });
  });

  it("ignores in other segments what only a SYN may carry", () => {
    expect(parse("020405b4040203030a", false)).to.include({
      mss: 0,
      sackPermitted: false,
      windowScale: -1,
    });
  });

  it("uses a window scale above 14 as 14 [RFC 7323 §2.3]", () => {
    expect(parse("03030f").windowScale).to.equal(14);
  });

  it("ends at malformed options and keeps what came before", () => {
    for (const tail of ["02", "0200", "0201", "02ff05b4", "0000", "03"]) {
      expect(parse(`0402${tail}`), tail).to.include({
        sackPermitted: true,
        mss: 0,
        windowScale: -1,
      });
    }
  });

  it("reads back the SACK blocks that it writes", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 2, maxLength: 8 }), (edges) => {
        const count = Math.floor(edges.length / 2);
        const { bytes, view } = dirty(34);
        const end = option.writeSack(view, 0, Int32Array.from(edges), count);
        const options = new TcpOptions();

        options.parse(viewOf(bytes), 0, end, false);

        expect(options.sackCount).to.equal(count);
        expect([...options.sack.subarray(0, 2 * count)]).to.deep.equal(edges.slice(0, 2 * count));
      }),
    );
  });

  it("never reads beyond the end, whatever the bytes", () => {
    const options = new TcpOptions();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        options.parse(viewOf(bytes), 0, bytes.length, true);
        expect(options.sackCount).to.be.at.most(4);
      }),
    );
  });
});
