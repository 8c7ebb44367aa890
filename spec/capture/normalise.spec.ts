import { expect } from "chai";
import { parseMac } from "../../lib/base/mac.ts";
import type { Capture } from "../../lib/capture/capture.ts";
import { normalise } from "../../lib/capture/normalise.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import { arpFrame, icmpFrame, tcpFrame, udpFrame, viewOf } from "../support/frames.ts";

const L4 = 34;

describe("capture/normalise", () => {
  function run(...bytes: Buffer[]): Capture {
    const frames = bytes.map((one, index) => ({
      interfaceIndex: 0,
      seconds: 0,
      nanoseconds: index * 1000,
      bytes: one,
      originalLength: one.length,
      direction: 0 as const,
      packetId: 0,
      comment: "",
    }));
    return { interfaces: [{ name: "a/eth0", snapLength: 0 }], frames };
  }

  function texts(capture: Capture, path: string, fixedMacs?: ReadonlySet<number>): string[] {
    const frames =
      normalise(capture, fixedMacs === undefined ? {} : { fixedMacs }).get("a/eth0") ?? [];
    return frames.map(
      ({ fields }) => fields.find((field) => field.path === path)?.text ?? "absent",
    );
  }

  const sack = Uint8Array.of(1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 0);
  const client = { sequence: 1000, flags: tcp.FLAG_SYN };
  const server = { from: "10.0.0.2", to: "10.0.0.1", sourcePort: 80, destinationPort: 40000 };
  const synAck = tcpFrame({ ...server, sequence: 9000, acknowledgment: 1001, flags: 0x12 });

  it("makes edges of SACK blocks relative to the peer's initial number", () => {
    const view = viewOf(sack);
    view.setInt32(4, 1101);
    view.setInt32(8, 1201);
    const ack = tcpFrame({
      ...server,
      sequence: 9001,
      acknowledgment: 1001,
      flags: 0x10,
      options: sack,
    });

    const capture = run(tcpFrame(client), synAck, ack);

    expect(texts(capture, "tcp.sackLeft1")[2]).to.equal("isn1+101");
    expect(texts(capture, "tcp.sackRight1")[2]).to.equal("isn1+201");
  });

  it("keeps the zero sequence number of a reset to a closed port", () => {
    const reset = tcpFrame({ ...server, sequence: 0, acknowledgment: 1001, flags: 0x14 });

    expect(texts(run(tcpFrame(client), reset), "tcp.sequence")[1]).to.equal("0");
    expect(texts(run(tcpFrame(client), reset), "tcp.acknowledgment")[1]).to.equal("isn1+1");
  });

  it("knows whom a reset refuses though the SYN was never seen like that", () => {
    const reset = tcpFrame({ ...server, sequence: 0, acknowledgment: 1001, flags: 0x14 });

    expect(texts(run(reset), "tcp.destinationPort")).to.deep.equal(["port1"]);
    expect(texts(run(reset), "tcp.acknowledgment")).to.deep.equal(["isn1+1"]);
  });

  it("maps the numbers inside of what an ICMP error quotes", () => {
    const error = icmpFrame({ from: "10.0.0.9" }, 3, 1, 0, tcpFrame(client).subarray(14));
    const capture = run(tcpFrame(client), error);

    expect(texts(capture, "icmp.tcp.sequence")[1]).to.equal("isn1+0");
    expect(texts(capture, "icmp.tcp.sourcePort")[1]).to.equal("port1");
    expect(texts(capture, "icmp.ip.id")[1]).to.equal("id+0");
  });

  it("keeps ports that a program chose, and ports below 1024", () => {
    const low = run(udpFrame({ sourcePort: 1023 }));
    const chosen = normalise(run(tcpFrame(client)), { fixedPorts: new Set([40000]) });

    expect(texts(low, "udp.sourcePort")).to.deep.equal(["1023"]);
    expect(
      chosen.get("a/eth0")?.[0]?.fields.find(({ path }) => path === "tcp.sourcePort")?.text,
    ).to.equal("40000");
  });

  it("gives fragments of a datagram the same name of identification, and 0 none", () => {
    const capture = run(
      udpFrame({ id: 77, fragment: ipv4.FLAG_MF, payload: new Uint8Array(8) }),
      udpFrame({ id: 77, fragment: 2 }),
      udpFrame({ id: 78 }),
      udpFrame({ id: 0 }),
    );

    expect(texts(capture, "ip.id")).to.deep.equal(["id1", "id1", "id2", "0"]);
  });

  it("names echo identifiers and the time in ping's data, and keeps the rest of it", () => {
    const data = Uint8Array.from({ length: 20 }, (_, index) => index);
    const capture = run(
      icmpFrame({}, 8, 0, 0x1234_0001, data),
      icmpFrame({ from: "10.0.0.2", to: "10.0.0.1" }, 0, 0, 0x1234_0001, data),
    );

    expect(texts(capture, "icmp.rest")).to.deep.equal([
      "id echo1 sequence 1",
      "id echo1 sequence 1",
    ]);
    expect(texts(capture, "data.bytes")).to.deep.equal(["time1 10111213", "time1 10111213"]);
  });

  it("names the identifier of DNS messages", () => {
    const question = { destinationPort: 53, payload: Uint8Array.of(0xab, 0xcd, 1, 0) };

    expect(texts(run(udpFrame(question)), "data.bytes")).to.deep.equal(["dns1 0100"]);
  });

  it("names random MAC addresses only when told which are fixed", () => {
    const capture = run(arpFrame(1, "10.0.0.1", "10.0.0.2"));
    const fixed = new Set([parseMac("02:00:00:00:00:0b")]);

    expect(texts(capture, "arp.senderMac")).to.deep.equal(["02:00:00:00:00:0a"]);
    expect(texts(capture, "arp.senderMac", fixed)).to.deep.equal(["mac1"]);
    expect(texts(capture, "eth.source", fixed)).to.deep.equal(["mac1"]);
    expect(texts(capture, "eth.destination", fixed)).to.deep.equal(["ff:ff:ff:ff:ff:ff"]);
  });

  it("knows an absent, a partial and an unverifiable checksum", () => {
    const absent = udpFrame({});
    absent.writeUInt16BE(0, L4 + 6);
    const fragment = udpFrame({ fragment: ipv4.FLAG_MF });

    expect(texts(run(absent, fragment), "udp.checksum")).to.deep.equal(["none", "unverified"]);
  });
});
