import { expect } from "chai";
import type { IcmpListener } from "../../lib/net/inet.ts";
import type { Frame } from "../../lib/wire/frame.ts";
import { echoRequest, packet } from "../support/packets.ts";
import { describePacket, record } from "../support/recorder.ts";
import { addAddress, addRoute, inject, ping, send, World } from "../support/world.ts";

/** Options: record route, already full (pointer 9 in an option of 7). */
const FULL_RECORD_ROUTE = Uint8Array.of(7, 7, 9, 0, 0, 0, 0, 0);

describe("net/icmp", () => {
  it("answers an echo request after asking for the link address", () => {
    const world = new World();
    const [a, b] = [world.host("a"), world.host("b")];
    const [eth0] = world.connect(a, b, ["10.0.0.1/24", "10.0.0.2/24"]);
    const seen = record(eth0);

    ping(a, "10.0.0.2");
    world.run(100);

    expect(seen.lines).to.deep.equal([
      "> arp who-has 10.0.0.2 tell 10.0.0.1 broadcast",
      "< arp 10.0.0.2 is-at 020000000102",
      "> 10.0.0.1 > 10.0.0.2 ttl 64 proto 1 length 84 icmp 8/0",
      "< 10.0.0.2 > 10.0.0.1 ttl 64 proto 1 length 84 icmp 0/0",
    ]);
    expect(world.pool.outstanding).to.equal(0);
  });

  it("echoes identifier, data and TOS, without DF", () => {
    const world = new World();
    const { a, aEth0, eth0 } = world.routed();
    ping(a, "10.0.1.1");
    const seen = record(aEth0);

    inject(aEth0, packet("10.0.1.2", "10.0.1.1", echoRequest(9), { protocol: 1, tos: 0x2b }));
    world.run(10);

    const reply = seen.frames[1]?.bytes.subarray(14) ?? Buffer.alloc(0);
    expect(eth0.name).to.equal("eth0");
    expect(describePacket(reply)).to.equal(
      "10.0.1.1 > 10.0.1.2 tos 0x2b ttl 64 proto 1 length 37 icmp 0/0",
    );
    expect(reply.subarray(24).equals(echoRequest(9).subarray(4))).to.equal(true);
  });

  it("gives echo replies to its listeners, and counts those that nobody waits for", () => {
    const world = new World();
    const { a } = world.routed();
    const heard: number[] = [];
    const listener: IcmpListener = {
      icmpMessage: (frame: Frame) => heard.push(frame.view.getUint16(frame.start + 4)) === 1,
      icmpError: () => undefined,
    };
    a.icmp.listeners.push(listener);

    ping(a, "10.0.2.2");
    world.run(10);
    ping(a, "10.0.2.2");
    world.run(10);

    expect(heard).to.deep.equal([0x1234, 0x1234]);
    expect(a.drops.entries()).to.deep.equal([["NO_SOCKET", 1]]);
    expect(a.snmp.get("IcmpInEchoReps")).to.equal(2);
    expect(a.snmp.get("IcmpOutEchos")).to.equal(0);
  });

  it("does not miss a listener for a reply that a raw socket has seen", () => {
    const world = new World();
    const { a } = world.routed();
    a.rawListeners.push({ rawPacket: () => true });

    ping(a, "10.0.2.2");
    world.run(10);

    expect(a.drops.total).to.equal(0);
  });

  it("quotes at most 576 bytes in errors, precedence 6, TOS bits kept (6.18 capture)", () => {
    const world = new World();
    const { a, aEth0 } = world.routed();
    ping(a, "10.0.1.1");
    const seen = record(aEth0);

    inject(aEth0, packet("10.0.1.2", "10.0.1.1", Buffer.alloc(600), { protocol: 200, tos: 0x1f }));
    world.run(10);

    expect(seen.lines).to.deep.equal([
      "> 10.0.1.2 > 10.0.1.1 tos 0x1f ttl 64 proto 200 length 620",
      "< 10.0.1.1 > 10.0.1.2 tos 0xde ttl 64 proto 1 length 576 icmp 3/2",
    ]);
    const error = seen.frames[1]?.bytes.subarray(14 + 28) ?? Buffer.alloc(0);
    const cause = seen.frames[0]?.bytes.subarray(14, 14 + 548) ?? Buffer.alloc(1);
    expect(error.equals(cause)).to.equal(true);
  });

  it("echoes the options of the packet in the error, and points at wrong ones", () => {
    const world = new World();
    const { a, router, aEth0 } = world.routed();
    ping(a, "10.0.1.1");
    const seen = record(aEth0);

    inject(aEth0, packet("10.0.1.2", "10.0.1.1", Buffer.alloc(20), { options: FULL_RECORD_ROUTE }));
    inject(
      aEth0,
      packet("10.0.1.2", "10.0.1.1", Buffer.alloc(20), { options: Uint8Array.of(7, 2, 4, 0) }),
    );
    world.run(10);

    expect(seen.lines.filter((line) => line.startsWith("<"))).to.deep.equal([
      "< 10.0.1.1 > 10.0.1.2 tos 0xc0 ttl 64 proto 1 length 84 icmp 3/2",
      "< 10.0.1.1 > 10.0.1.2 tos 0xc0 ttl 64 proto 1 length 72 icmp 12/0",
    ]);
    expect(seen.frames[3]?.bytes[14 + 24], "octet 21").to.equal(21);
    expect(router.snmp.get("IpInHdrErrors")).to.equal(1);
  });

  it("says nothing about broadcasts, errors and later fragments", () => {
    const world = new World();
    const { a, aEth0, router } = world.routed();
    ping(a, "10.0.1.1");
    const seen = record(aEth0);
    const error = Buffer.from(echoRequest(28));
    error[0] = 3;

    inject(aEth0, packet("10.0.1.2", "10.0.1.255", Buffer.alloc(9)));
    inject(aEth0, packet("10.0.1.2", "10.0.1.1", Buffer.alloc(9)), "ff:ff:ff:ff:ff:ff");
    inject(aEth0, packet("10.0.1.2", "10.0.2.2", Buffer.alloc(9)), "ff:ff:ff:ff:ff:ff");
    inject(aEth0, packet("10.0.1.2", "10.7.7.7", error, { protocol: 1 }));
    inject(aEth0, packet("10.0.1.2", "10.7.7.7", Buffer.alloc(8), { fragment: 0x2010 }));
    world.run(10);

    expect(seen.lines.filter((line) => line.startsWith("<"))).to.deep.equal([]);
    expect(router.snmp.get("IpInUnknownProtos")).to.equal(2);
    expect(router.snmp.get("IpExtInBcastPkts")).to.equal(1);
  });

  it("is silent about echo requests to a broadcast address unless told otherwise", () => {
    const world = new World();
    const { a, router, aEth0 } = world.routed();
    ping(a, "10.0.1.1");
    const seen = record(aEth0);

    inject(aEth0, packet("10.0.1.2", "10.0.1.255", echoRequest(), { protocol: 1 }));
    world.run(10);
    expect(seen.lines).to.have.length(1);
    router.sysctls.write("net.ipv4.icmp_echo_ignore_broadcasts", "0");
    inject(aEth0, packet("10.0.1.2", "10.0.1.255", echoRequest(), { protocol: 1 }));
    world.run(10);

    expect(seen.lines.at(-1)).to.equal("< 10.0.1.1 > 10.0.1.2 ttl 64 proto 1 length 84 icmp 0/0");
    expect(router.snmp.get("IcmpInErrors")).to.equal(1);
  });

  it("lets two of twelve 'net unreachable' out in a second, as the two limits share one bucket", () => {
    const world = new World();
    const { a, router, aEth0 } = world.routed();
    ping(a, "10.0.1.1");
    const seen = record(aEth0);

    for (let count = 0; count < 12; count += 1) {
      inject(aEth0, packet("10.0.1.2", "192.168.99.1", echoRequest(), { protocol: 1 }));
      world.run(104);
    }

    expect(seen.lines.filter((line) => line.startsWith("<"))).to.deep.equal(
      Array(2).fill("< 10.0.1.1 > 10.0.1.2 tos 0xc0 ttl 64 proto 1 length 112 icmp 3/0"),
    );
    expect(router.snmp.get("IcmpOutRateLimitHost")).to.equal(2);
    expect(router.snmp.get("IpExtInNoRoutes")).to.equal(12);
  });

  it("sends at most a burst of errors to all destinations together", () => {
    const world = new World();
    const { aEth0, router } = world.routed();
    router.sysctls.write("net.ipv4.icmp_ratelimit", "0");

    for (let count = 0; count < 200; count += 1) {
      inject(aEth0, packet("10.0.1.2", "10.0.1.1", Buffer.alloc(9)));
    }

    const sent = router.snmp.get("IcmpOutDestUnreachs");
    expect(sent).to.be.within(40, 65);
    expect(router.snmp.get("IcmpOutRateLimitGlobal")).to.equal(200 - sent);
  });

  it("answers by type of route: prohibited, unreachable, black hole", () => {
    const world = new World();
    const { a, router, aEth0 } = world.routed();
    const types = [8, 7, 6] as const;
    types.forEach((type, index) => {
      const destination = { address: (0x0a080000 + index * 65536) as never, prefixLength: 16 };
      expect(router.fib.addRoute({ destination, nexthops: [], type })).to.equal(null);
    });
    ping(a, "10.0.1.1");
    const seen = record(aEth0);

    for (const target of ["10.8.0.1", "10.9.0.1", "10.10.0.1"]) {
      ping(a, target);
      world.run(3000);
    }

    expect(seen.lines.filter((line) => line.startsWith("< 10"))).to.deep.equal([
      "< 10.0.1.1 > 10.0.1.2 tos 0xc0 ttl 64 proto 1 length 112 icmp 3/13",
      "< 10.0.1.1 > 10.0.1.2 tos 0xc0 ttl 64 proto 1 length 112 icmp 3/1",
    ]);
    expect(send(router, "10.8.0.1", Buffer.alloc(1)), "EACCES").to.equal(-13);
    expect(send(router, "10.9.0.1", Buffer.alloc(1)), "EHOSTUNREACH").to.equal(-113);
    expect(send(router, "10.10.0.1", Buffer.alloc(1)), "EINVAL").to.equal(-22);
    expect(send(router, "10.77.0.1", Buffer.alloc(1)), "ENETUNREACH").to.equal(-101);
  });

  it("chooses as source the address towards the sender, or with a switch the one at which it came in", () => {
    const world = new World();
    const { a, b, router, aEth0, eth1, eth0 } = world.routed();
    addAddress(router, eth0, "10.0.9.1/24");
    addRoute(router, "10.66.0.0/16", "10.0.2.2");
    ping(a, "10.0.1.1");
    ping(b, "10.0.2.1");
    const seen = record(eth1);

    inject(aEth0, packet("10.66.0.1", "10.0.2.2", Buffer.alloc(9), { ttl: 1 }));
    world.run(1000);
    router.sysctls.write("net.ipv4.icmp_errors_use_inbound_ifaddr", "1");
    inject(aEth0, packet("10.66.0.1", "10.0.2.2", Buffer.alloc(9), { ttl: 1 }));
    world.run(1000);

    expect(seen.lines).to.deep.equal([
      "> 10.0.2.1 > 10.66.0.1 tos 0xc0 ttl 64 proto 1 length 57 icmp 11/0",
      "> 10.0.1.1 > 10.66.0.1 tos 0xc0 ttl 64 proto 1 length 57 icmp 11/0",
      ...seen.lines.slice(2),
    ]);
  });
});
