import { expect } from "chai";
import { parseMac } from "../../lib/base/mac.ts";
import type { Veth } from "../../lib/link/veth.ts";
import { BareHost, Bench, ethernetFrame, OrderTap } from "../support/bare-host.ts";
import { createVethPair } from "../support/veth-pair.ts";

const A = "02:00:00:00:00:01";
const B = "02:00:00:00:00:02";

function pair(bench: Bench): { a: BareHost; b: BareHost; one: Veth; other: Veth } {
  const a = new BareHost(bench);
  const b = new BareHost(bench);
  const options = [
    { name: "eth0", mac: parseMac(A) },
    { name: "peer0", mac: parseMac(B) },
  ] as const;
  const [one, other] = createVethPair(a, options[0], b, options[1]);
  one.setUp(true);
  other.setUp(true);
  return { a, b, one, other };
}

function send(bench: Bench, from: Veth, hex: string): void {
  from.queueXmit(bench.pool.takeFrom(Buffer.from(hex, "hex")));
}

describe("link/veth", () => {
  it("delivers a frame unchanged before a sending process goes on", () => {
    const bench = new Bench();
    const { b, one } = pair(bench);
    const frame = ethernetFrame(B, A);

    send(bench, one, frame);

    expect(b.received).to.deep.equal([{ device: "peer0", at: 0, bytes: frame }]);
    expect(bench.pool.outstanding).to.equal(0);
  });

  it("only queues what a softirq sends, until the softirq ends", () => {
    const bench = new Bench();
    const { b, one } = pair(bench);

    bench.cpu.enterSoftirq();
    send(bench, one, ethernetFrame(B, A));
    const before = b.received.length;
    bench.cpu.leaveSoftirq();

    expect(before).to.equal(0);
    expect(b.received).to.have.length(1);
  });

  it("shows a frame to the sender's tap and then to the receiver's", () => {
    const bench = new Bench();
    const { one, other } = pair(bench);
    const log: string[] = [];
    one.taps.push(new OrderTap("a", log));
    other.taps.push(new OrderTap("b", log));

    send(bench, one, ethernetFrame(B, A));

    expect(log).to.deep.equal(["a out", "b in"]);
  });

  it("charges each hop to the clock", () => {
    const bench = new Bench({ costs: { hopNs: 1500, syscallNs: 0, wakeupNs: 0 } });
    const { b, one } = pair(bench);

    send(bench, one, ethernetFrame(B, A));
    send(bench, one, ethernetFrame(B, A));

    expect(b.received.map((received) => received.at)).to.deep.equal([1500, 3000]);
  });

  it("has a carrier only while both ends are up, and tells both hosts", () => {
    const bench = new Bench();
    const { a, b, one, other } = pair(bench);

    const before = one.carrierChanges;
    other.setUp(false);

    expect(before, "without, when it was made, and with, when both were up").to.equal(2);
    expect(one.carrierChanges).to.equal(3);
    expect(one.up).to.equal(true);
    expect(one.carrier).to.equal(false);
    expect(a.changes.at(-1)).to.equal("eth0");
    expect(b.changes.at(-1)).to.equal("peer0");
  });

  it("counts what is lost because an end is down", () => {
    const bench = new Bench();
    const { a, b, one, other } = pair(bench);
    other.setUp(false);

    send(bench, one, ethernetFrame(B, A));
    one.setUp(false);
    send(bench, one, ethernetFrame(B, A));

    expect(b.received).to.deep.equal([]);
    expect(a.drops.entries()).to.deep.equal([["DEV_READY", 2]]);
    expect(one.counters.txDropped).to.equal(2);
    expect(bench.pool.outstanding).to.equal(0);
  });

  it("refuses what is longer than the receiver's MTU and a VLAN tag", () => {
    const bench = new Bench();
    const { a, b, one, other } = pair(bench);
    other.mtu = 100;

    send(bench, one, ethernetFrame(B, A, "00".repeat(104)));
    send(bench, one, ethernetFrame(B, A, "00".repeat(105)));

    expect(b.received).to.have.length(1);
    expect(a.drops.entries()).to.deep.equal([["PKT_TOO_BIG", 1]]);
  });

  it("drops what exceeds the processor's backlog of 1000 [net.core.netdev_max_backlog]", () => {
    const bench = new Bench();
    const { b, one } = pair(bench);

    bench.cpu.enterSoftirq();
    for (let index = 0; index < 1001; index += 1) send(bench, one, ethernetFrame(B, A));
    bench.cpu.leaveSoftirq();

    expect(b.received).to.have.length(1000);
    expect(b.drops.entries()).to.deep.equal([["CPU_BACKLOG", 1]]);
  });

  it("drops a frame too short for an Ethernet header without throwing", () => {
    const bench = new Bench();
    const { b, one } = pair(bench);

    for (let length = 0; length < 14; length += 1) send(bench, one, "00".repeat(length));

    expect(bench.pool.outstanding).to.equal(0);
    expect(b.received.length + b.drops.total).to.equal(14);
  });
});
