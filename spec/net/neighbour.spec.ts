import { expect } from "chai";
import { NS_PER_MS } from "../../lib/base/units.ts";
import { Nud } from "../../lib/net/nud.ts";
import { arpPacket, echoRequest, packet } from "../support/packets.ts";
import { record } from "../support/recorder.ts";
import { inject, ip, ping, World } from "../support/world.ts";

const ARP = 0x0806;

function pair() {
  const world = new World();
  const [a, b] = [world.host("a"), world.host("b")];
  const [aEth0, bEth0] = world.connect(a, b, ["10.0.0.1/24", "10.0.0.2/24"]);
  const stateOf = (address: string) => a.neighbours.find(aEth0, ip(address))?.state ?? Nud.NONE;
  return { world, a, b, aEth0, bEth0, stateOf };
}

describe("net/neighbour", () => {
  it("asks three times, a second and the wheel's rounding apart, then gives up (6.18 capture)", () => {
    const { world, a, aEth0, stateOf } = pair();
    const seen = record(aEth0);

    ping(a, "10.0.0.77");
    world.run(2000);
    expect(stateOf("10.0.0.77")).to.equal(Nud.INCOMPLETE);
    world.run(2000);

    expect(seen.lines).to.deep.equal(
      Array(3).fill("> arp who-has 10.0.0.77 tell 10.0.0.1 broadcast"),
    );
    const [first, second, third] = seen.frames.map(({ at }) => at / NS_PER_MS);
    expect((second ?? 0) - (first ?? 0)).to.be.within(1000, 1036);
    expect((third ?? 0) - (second ?? 0)).to.be.within(1000, 1036);
    expect(stateOf("10.0.0.77")).to.equal(Nud.FAILED);
    expect(a.drops.entries()).to.deep.include(["NEIGH_FAILED", 1]);
    expect(a.snmp.get("IcmpInDestUnreachs"), "the host tells itself").to.equal(1);
    expect(world.pool.outstanding).to.equal(0);
  });

  it("sends what waits in order once the answer is there", () => {
    const { world, a, b, aEth0, stateOf } = pair();
    b.sysctls.write("net.ipv4.conf.eth0.arp_ignore", "8");
    const seen = record(aEth0);

    for (let id = 1; id <= 3; id += 1) ping(a, "10.0.0.2", 4 * id);
    world.run(100);
    expect(seen.lines).to.have.length(1);
    b.sysctls.write("net.ipv4.conf.eth0.arp_ignore", "0");
    world.run(1000);

    const lengths = seen.lines.filter((line) => line.startsWith("> 10")).map((l) => l.slice(-17));
    expect(lengths).to.deep.equal(
      ["length 32 icmp 8/0", "length 36 icmp 8/0", "length 40 icmp 8/0"].map((l) => l.slice(-17)),
    );
    expect(stateOf("10.0.0.2")).to.equal(Nud.REACHABLE);
  });

  it("forgets the oldest packets when too many wait", () => {
    const { world, a } = pair();
    a.sysctls.write("net.ipv4.neigh.eth0.unres_qlen_bytes", "2000");

    for (let count = 0; count < 5; count += 1) ping(a, "10.0.0.77");

    expect(a.drops.get("NEIGH_QUEUEFULL")).to.equal(3);
    world.run(4000);
    expect(a.drops.get("NEIGH_FAILED")).to.equal(2);
  });

  it("becomes stale when its time is over, is probed when used, and is confirmed by the answer", () => {
    const { world, a, aEth0, stateOf } = pair();
    ping(a, "10.0.0.2");
    world.run(50_000);
    expect(stateOf("10.0.0.2")).to.equal(Nud.STALE);
    const seen = record(aEth0);

    ping(a, "10.0.0.2");
    expect(stateOf("10.0.0.2")).to.equal(Nud.DELAY);
    world.run(5300);

    const start = seen.frames[0]?.at ?? 0;
    const probe = seen.frames.find(({ bytes }) => bytes.readUInt16BE(12) === ARP);
    expect(seen.lines).to.include("> arp who-has 10.0.0.2 tell 10.0.0.1");
    expect(((probe?.at ?? 0) - start) / NS_PER_MS).to.be.within(5000, 5260);
    expect(stateOf("10.0.0.2")).to.equal(Nud.REACHABLE);
  });

  it("probes a deaf neighbour three times by unicast, then fails and asks everybody again", () => {
    const { world, a, b, aEth0, stateOf } = pair();
    ping(a, "10.0.0.2");
    world.run(50_000);
    b.sysctls.write("net.ipv4.conf.eth0.arp_ignore", "8");
    const seen = record(aEth0);

    ping(a, "10.0.0.2");
    world.run(9000);
    expect(stateOf("10.0.0.2")).to.equal(Nud.FAILED);
    ping(a, "10.0.0.2");

    const questions = seen.lines.filter((line) => line.startsWith("> arp who-has"));
    expect(questions).to.deep.equal([
      ...Array(3).fill("> arp who-has 10.0.0.2 tell 10.0.0.1"),
      "> arp who-has 10.0.0.2 tell 10.0.0.1 broadcast",
    ]);
  });

  it("learns from gratuitous ARP and from answers as 6.18 was seen to", () => {
    const { world, a, aEth0, bEth0, stateOf } = pair();
    ping(a, "10.0.0.2");
    const macOf = () => a.neighbours.find(aEth0, ip("10.0.0.2"))?.mac;
    const none = "00:00:00:00:00:00";
    const us = "02:00:00:00:01:01";
    const all = "ff:ff:ff:ff:ff:ff";
    world.run(1500);

    inject(bEth0, arpPacket(1, "02:00:00:00:00:99", "10.0.0.2", none, "10.0.0.2"), all, ARP);
    expect([macOf(), stateOf("10.0.0.2")]).to.deep.equal([0x020000000099, Nud.STALE]);
    const own = "02:00:00:00:00:98";
    inject(bEth0, arpPacket(2, own, "10.0.0.2", own, "10.0.0.2"), all, ARP);
    expect([macOf(), stateOf("10.0.0.2")]).to.deep.equal([0x020000000098, Nud.STALE]);
    inject(bEth0, arpPacket(2, "02:00:00:00:00:97", "10.0.0.2", us, "10.0.0.1"), us, ARP);
    expect(macOf(), "locktime").to.equal(0x020000000098);
    world.run(1200);
    inject(bEth0, arpPacket(2, "02:00:00:00:00:96", "10.0.0.2", us, "10.0.0.1"), us, ARP);
    expect([macOf(), stateOf("10.0.0.2")]).to.deep.equal([0x020000000096, Nud.REACHABLE]);

    inject(bEth0, arpPacket(1, own, "10.0.0.55", none, "10.0.0.55"), all, ARP);
    inject(bEth0, arpPacket(1, own, "10.0.0.57", none, "10.0.0.99"), all, ARP);
    inject(bEth0, arpPacket(1, own, "0.0.0.0", none, "10.0.0.1"), all, ARP);
    inject(bEth0, arpPacket(1, own, "10.0.0.56", none, "10.0.0.1"), all, ARP);
    inject(bEth0, arpPacket(1, own, "192.168.7.7", none, "10.0.0.1"), all, ARP);
    expect(a.neighbours.entries().map(({ address, state }) => [address, state])).to.deep.equal([
      [ip("10.0.0.2"), Nud.REACHABLE],
      [ip("10.0.0.56"), Nud.STALE],
      [ip("192.168.7.7"), Nud.STALE],
    ]);
  });

  it("keeps what an administrator has set", () => {
    const { world, a, aEth0, bEth0, stateOf } = pair();
    a.neighbours.set(aEth0, ip("10.0.0.2"), 0x020000000102 as never, Nud.PERMANENT);
    const seen = record(aEth0);

    ping(a, "10.0.0.2");
    inject(
      bEth0,
      arpPacket(1, "02:00:00:00:00:99", "10.0.0.2", "00:00:00:00:00:00", "10.0.0.1"),
      "ff:ff:ff:ff:ff:ff",
      ARP,
    );
    world.run(60_000);

    expect(seen.lines[0]).to.match(/^> 10\.0\.0\.1 > 10\.0\.0\.2/);
    expect(stateOf("10.0.0.2")).to.equal(Nud.PERMANENT);
    expect(a.neighbours.find(aEth0, ip("10.0.0.2"))?.mac).to.equal(0x020000000102);
  });

  it("is forgotten with the carrier, while routes stay; nothing leaves then (6.18)", () => {
    const { world, a, aEth0, bEth0, stateOf } = pair();
    ping(a, "10.0.0.2");
    const seen = record(aEth0);

    bEth0.setUp(false);
    expect(stateOf("10.0.0.2")).to.equal(Nud.NONE);
    expect(ping(a, "10.0.0.2")).to.equal(0);
    world.run(4000);

    expect(seen.lines).to.deep.equal([]);
    expect(a.snmp.get("IcmpInDestUnreachs")).to.equal(1);
    bEth0.setUp(true);
    ping(a, "10.0.0.2");
    expect(stateOf("10.0.0.2")).to.equal(Nud.REACHABLE);
  });

  it("tells the sender of a forwarded packet that its destination does not answer", () => {
    const world = new World();
    const { a, aEth0 } = world.routed();
    ping(a, "10.0.1.1");
    const seen = record(aEth0);

    inject(aEth0, packet("10.0.1.2", "10.0.2.77", echoRequest(), { protocol: 1 }));
    world.run(1017);
    inject(aEth0, packet("10.0.1.2", "10.0.2.77", echoRequest(), { protocol: 1 }));
    world.run(3000);

    const errors = seen.frames.filter(({ out, bytes }) => !out && bytes[34] === 3);
    expect(errors.map(({ bytes }) => [bytes[34], bytes[35], bytes.length])).to.deep.equal([
      [3, 1, 126],
      [3, 1, 126],
    ]);
    expect(errors[0]?.bytes[14 + 28 + 8], "TTL in the quoted packet").to.equal(63);
  });
});
