import { expect } from "chai";
import { arpPacket } from "../support/packets.ts";
import { record } from "../support/recorder.ts";
import { addAddress, inject, ping, World } from "../support/world.ts";

const ARP = 0x0806;
const NONE = "00:00:00:00:00:00";
const ALL = "ff:ff:ff:ff:ff:ff";
const SOMEBODY = "02:00:00:00:00:77";

describe("net/arp", () => {
  it("answers a probe for its own address to the prober (RFC 5227)", () => {
    const world = new World();
    const { aEth0 } = world.routed();
    const seen = record(aEth0);

    inject(aEth0, arpPacket(1, SOMEBODY, "0.0.0.0", NONE, "10.0.1.1"), ALL, ARP);

    expect(seen.lines).to.deep.equal([
      "> arp who-has 10.0.1.1 tell 0.0.0.0 broadcast",
      "< arp 10.0.1.1 is-at 020000000102",
    ]);
  });

  it("answers for any of its addresses, or as arp_ignore says", () => {
    const asks = (ignore: string, sender: string, target: string): number => {
      const world = new World();
      const { router, aEth0 } = world.routed();
      router.sysctls.write("net.ipv4.conf.all.arp_ignore", ignore);
      const seen = record(aEth0);
      inject(aEth0, arpPacket(1, SOMEBODY, sender, NONE, target), ALL, ARP);
      return seen.frames.length - 1;
    };

    expect(asks("0", "10.0.1.2", "10.0.2.1"), "other device's address").to.equal(1);
    expect(asks("1", "10.0.1.2", "10.0.2.1")).to.equal(0);
    expect(asks("1", "192.168.0.1", "10.0.1.1")).to.equal(1);
    expect(asks("2", "192.168.0.1", "10.0.1.1"), "sender not on the link").to.equal(0);
    expect(asks("2", "10.0.1.2", "10.0.1.1")).to.equal(1);
    expect(asks("8", "10.0.1.2", "10.0.1.1")).to.equal(0);
  });

  it("tells the packet's own source, or as arp_announce says", () => {
    const tells = (announce: string): string => {
      const world = new World();
      const [a, b] = [world.host("a"), world.host("b")];
      const [eth0] = world.connect(a, b, ["10.0.0.1/24", "10.0.0.2/24"]);
      addAddress(a, eth0, "10.5.0.1/24");
      a.sysctls.write("net.ipv4.conf.all.arp_announce", announce);
      const seen = record(eth0);
      ping(a, "10.0.0.2", 8, { source: "10.5.0.1" });
      return seen.lines[0] ?? "";
    };

    expect(tells("0")).to.equal("> arp who-has 10.0.0.2 tell 10.5.0.1 broadcast");
    expect(tells("1")).to.equal("> arp who-has 10.0.0.2 tell 10.0.0.1 broadcast");
    expect(tells("2")).to.equal("> arp who-has 10.0.0.2 tell 10.0.0.1 broadcast");
  });

  it("answers for what it routes elsewhere when it is a proxy", () => {
    const world = new World();
    const { router, aEth0, eth0 } = world.routed();
    const seen = record(aEth0);
    const ask = (target: string) =>
      inject(aEth0, arpPacket(1, SOMEBODY, "10.0.1.2", NONE, target), ALL, ARP);

    ask("10.0.2.2");
    world.run(1000);
    expect(seen.lines, "not a proxy").to.have.length(1);
    router.sysctls.write("net.ipv4.conf.eth0.proxy_arp", "1");
    ask("10.0.2.2");
    ask("10.0.1.77");
    world.run(1000);

    expect(seen.lines.filter((line) => line.startsWith("<"))).to.deep.equal([
      "< arp 10.0.2.2 is-at 020000000102",
    ]);
    expect(eth0.counters.rxPackets).to.equal(3);
  });

  it("stays silent with arp_filter when it would answer by another device", () => {
    const world = new World();
    const { router, aEth0 } = world.routed();
    router.sysctls.write("net.ipv4.conf.eth0.arp_filter", "1");
    const seen = record(aEth0);

    inject(aEth0, arpPacket(1, SOMEBODY, "10.0.2.9", NONE, "10.0.1.1"), ALL, ARP);

    expect(seen.lines).to.have.length(1);
    expect(router.snmp.get("TcpExtArpFilter")).to.equal(1);
  });

  it("announces addresses when a device comes up and arp_notify is set", () => {
    const world = new World();
    const [a, b] = [world.host("a"), world.host("b")];
    const [eth0, other] = world.connect(a, b, ["10.0.0.1/24", "10.0.0.2/24"]);
    a.sysctls.write("net.ipv4.conf.eth0.arp_notify", "1");
    const seen = record(other);

    eth0.setUp(false);
    eth0.setUp(true);

    expect(seen.lines).to.deep.equal(["< arp who-has 10.0.0.1 tell 10.0.0.1 broadcast"]);
  });

  it("drops what is no ARP for IPv4", () => {
    const world = new World();
    const { router, aEth0 } = world.routed();

    inject(aEth0, arpPacket(9, SOMEBODY, "10.0.1.2", NONE, "10.0.1.1"), ALL, ARP);
    inject(aEth0, Buffer.alloc(12), ALL, ARP);
    inject(aEth0, arpPacket(1, SOMEBODY, "10.0.1.2", NONE, "127.0.0.1"), ALL, ARP);

    expect(router.drops.entries()).to.deep.equal([["ARP_INVALID", 3]]);
  });
});
