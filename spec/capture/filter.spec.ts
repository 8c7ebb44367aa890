import { readFileSync } from "node:fs";
import { expect } from "chai";
import { VethworkError } from "../../lib/base/errors.ts";
import { parseFilter } from "../../lib/capture/filter.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { arpFrame, tcpFrame, udpFrame, viewOf } from "../support/frames.ts";

describe("capture/filter", () => {
  const { frames } = readCapture(readFileSync("fixtures/capture/tcpdump/namespaces.pcap"));

  function count(text: string): number {
    const filter = parseFilter(text);
    return frames.filter(({ bytes }) => filter(viewOf(bytes), 0, bytes.length)).length;
  }

  // Each pair partitions or equals by the meaning of the words.
  it("keeps all frames without an expression", () => {
    expect(count("  ")).to.equal(frames.length);
  });

  it("divides the frames with and without not", () => {
    for (const text of ["arp", "icmp", "udp port 53", "host 10.1.0.1", "greater 100"]) {
      expect(count(text)).to.be.within(1, frames.length - 1);
      expect(count(text) + count(`not ${text}`)).to.equal(frames.length);
    }
  });

  it("divides a network into its source and destination side", () => {
    const both = count("src net 10.1.0.0/24 and dst net 10.1.0.0/24");

    expect(count("net 10.1.0.0/24")).to.equal(
      count("src net 10.1.0.0/24") + count("dst net 10.1.0.0/24") - both,
    );
  });

  const syn = tcpFrame({ destinationPort: 80 });
  const dns = udpFrame({ sourcePort: 53 });
  const request = arpFrame(1, "10.0.0.1", "10.0.0.2");
  const fragment = udpFrame({ sourcePort: 53, fragment: 5 });
  const cases: [string, Buffer, boolean][] = [
    ["tcp", syn, true],
    ["tcp[syn] and not tcp[ack]", syn, true],
    ["tcp[rst]", syn, false],
    ["tcp dst port 80", syn, true],
    ["tcp src port 80", syn, false],
    ["udp port 80", syn, false],
    ["port 80", syn, true],
    ["src port 53", dns, true],
    ["udp port 53", fragment, false],
    ["udp", fragment, true],
    ["src host 10.0.0.1 and dst host 10.0.0.2", request, true],
    ["src host 10.0.0.2", request, false],
    ["ether dst ff:ff:ff:ff:ff:ff", request, true],
    ["ether src 02:00:00:00:00:0a", syn, true],
    // "and" and "or" have the same precedence and go from left to right (pcap-filter(7)).
    ["arp or tcp and port 81", syn, false],
    ["arp or (tcp and port 80)", request, true],
    ["tcp and port 81 or arp", request, true],
    ["arp or tcp and port 81", request, false],
    ["! (arp || udp) && less 100", syn, true],
  ];
  for (const [text, frame, passes] of cases) {
    it(`${passes ? "passes" : "stops"}: ${text}`, () => {
      expect(parseFilter(text)(viewOf(frame), 0, frame.length)).to.equal(passes);
    });
  }

  const wrong: [string, string][] = [
    ["tpc port 80", 'filter:1:1: unexpected "tpc" (expected arp, '],
    ["tcp port http", 'filter:1:10: unexpected "http" (expected a port from 0 to 65535)'],
    ["port 65536", 'filter:1:6: unexpected "65536"'],
    ["host 10.0.0", 'filter:1:6: "10.0.0" is not an IPv4 address (for example 10.0.0.1)'],
    ["net 10.0.0.1/8", 'filter:1:5: "10.0.0.1/8" has host bits set (the network is 10.0.0.0/8)'],
    ["(arp or udp", "filter:1:12: the filter ends too early (expected ))"],
    ["arp udp", 'filter:1:5: unexpected "udp" (expected and, or)'],
    [
      "ether 02:00:00:00:00:0a",
      'filter:1:7: unexpected "02:00:00:00:00:0a" (expected src, dst, host)',
    ],
    ["tcp[foo]", 'filter:1:1: unexpected "tcp[foo]" (expected tcp[fin|syn|rst|psh|ack|urg])'],
    ["not", "filter:1:4: the filter ends too early"],
    ["src 10.0.0.1", 'filter:1:5: unexpected "10.0.0.1" (expected host, net, port)'],
  ];
  for (const [text, message] of wrong) {
    it(`says where it is wrong: ${text}`, () => {
      expect(() => parseFilter(text)).to.throw(VethworkError, message);
    });
  }
});
