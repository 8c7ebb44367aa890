import { expect } from "chai";
import { echoRequest, packet } from "../support/packets.ts";
import { record } from "../support/recorder.ts";
import { addRoute, inject, ip, receiveSent, send, World } from "../support/world.ts";

/** What the router of `World.routed` does with one packet from a: its drop reason, or how it goes. */
function fate(
  source: string,
  destination: string,
  settings: readonly (readonly [string, string])[] = [],
  prepare: (world: ReturnType<World["routed"]>) => void = () => undefined,
): string {
  const places = new World().routed();
  for (const [name, value] of settings) places.router.sysctls.write(`net.ipv4.conf.${name}`, value);
  prepare(places);
  let delivered = false;
  receiveSent(places.router, (frame) => {
    delivered = true;
    frame.deliver();
  });
  const out = record(places.eth1);
  inject(places.aEth0, packet(source, destination, Buffer.alloc(20)));
  if (delivered) return "delivered";
  const [dropped] = places.router.drops.entries();
  return dropped?.[0] ?? (out.frames.length > 0 ? "forwarded" : "nothing");
}

describe("net/routing", () => {
  it("refuses martian sources and destinations with the kernel's reasons", () => {
    expect(fate("10.0.1.2", "10.0.1.1")).to.equal("delivered");
    expect(fate("10.0.1.2", "10.0.2.2")).to.equal("forwarded");
    expect(fate("127.0.0.1", "10.0.1.1")).to.equal("IP_LOCALNET");
    expect(fate("10.0.1.2", "127.0.0.1")).to.equal("IP_LOCALNET");
    expect(fate("224.0.0.1", "10.0.1.1")).to.equal("IP_INVALID_SOURCE");
    expect(fate("255.255.255.255", "10.0.1.1")).to.equal("IP_INVALID_SOURCE");
    expect(fate("0.0.0.0", "10.0.1.1")).to.equal("IP_INVALID_SOURCE");
    expect(fate("10.0.1.2", "0.0.0.0")).to.equal("IP_INVALID_DEST");
    expect(fate("0.1.2.3", "10.0.1.1"), "unicast since Linux 5.3").to.equal("delivered");
    expect(fate("10.0.1.1", "10.0.1.1")).to.equal("IP_LOCAL_SOURCE");
  });

  it("lets loopback addresses and own sources in when told to", () => {
    expect(fate("10.0.1.2", "127.0.0.1", [["eth0.route_localnet", "1"]])).to.equal("delivered");
    expect(fate("10.0.1.1", "10.0.1.1", [["all.accept_local", "1"]])).to.equal("delivered");
  });

  it("filters by reverse path: the stricter of the two switches counts", () => {
    const foreign = "10.0.2.9";
    expect(fate(foreign, "10.0.1.1")).to.equal("delivered");
    expect(fate(foreign, "10.0.1.1", [["eth0.rp_filter", "1"]])).to.equal("IP_RPFILTER");
    expect(fate(foreign, "10.0.1.1", [["all.rp_filter", "1"]])).to.equal("IP_RPFILTER");
    expect(
      fate(foreign, "10.0.1.1", [
        ["eth0.rp_filter", "1"],
        ["all.rp_filter", "2"],
      ]),
    ).to.equal("delivered");
    expect(fate("172.16.0.1", "10.0.1.1", [["eth0.rp_filter", "2"]])).to.equal("IP_RPFILTER");
    expect(fate("10.0.1.2", "10.0.1.1", [["eth0.rp_filter", "1"]])).to.equal("delivered");
  });

  it("is a host unless it forwards: packets for others end there", () => {
    const places = new World().routed();
    places.router.sysctls.write("net.ipv4.ip_forward", "0");
    const seen = record(places.aEth0);

    inject(places.aEth0, packet("10.0.1.2", "10.0.2.2", Buffer.alloc(20)));

    expect(places.router.drops.entries()).to.deep.equal([["IP_INADDRERRORS", 1]]);
    expect(places.router.snmp.get("IpInAddrErrors")).to.equal(1);
    expect(seen.frames).to.have.length(1);
  });

  it("counts damaged headers as the kernel does", () => {
    const places = new World().routed();
    const good = packet("10.0.1.2", "10.0.1.1", Buffer.alloc(20));
    const change = (at: number, value: number): Buffer => {
      const bad = Buffer.from(good);
      bad[at] = value;
      return bad;
    };

    inject(places.aEth0, change(10, 1));
    inject(places.aEth0, change(0, 0x65));
    inject(places.aEth0, good.subarray(0, 12));
    inject(places.aEth0, good.subarray(0, 30));

    expect(places.router.drops.entries()).to.deep.equal([
      ["PKT_TOO_SMALL", 1],
      ["IP_CSUM", 1],
      ["IP_INHDR", 2],
    ]);
    expect(places.router.snmp.ip).to.include({ InReceives: 4, InHdrErrors: 3 });
    expect(places.router.snmp.ipExt).to.include({ InCsumErrors: 1, InTruncatedPkts: 1 });
  });

  it("cuts padding off", () => {
    const places = new World().routed();
    let length = 0;
    receiveSent(places.router, (frame) => {
      length = frame.end - frame.start;
      frame.deliver();
    });

    const padded = Buffer.concat([
      packet("10.0.1.2", "10.0.1.1", Buffer.alloc(4)),
      Buffer.alloc(22),
    ]);
    inject(places.aEth0, padded);

    expect(length).to.equal(4);
  });

  it("forgets kept routes when something changes", () => {
    const { a, router, aEth0, eth1 } = new World().routed();
    const out = record(eth1);
    const once = () =>
      inject(aEth0, packet("10.0.1.2", "10.0.2.2", echoRequest(), { protocol: 1 }));
    once();
    once();
    expect(out.lines.filter((line) => line.startsWith("> 10"))).to.have.length(2);

    router.sysctls.write("net.ipv4.ip_forward", "0");
    once();
    expect(out.lines.filter((line) => line.startsWith("> 10"))).to.have.length(2);
    expect(send(a, "10.9.9.9", Buffer.alloc(1))).to.equal(0);
    a.fib.deleteRoute({ destination: { address: ip("0.0.0.0"), prefixLength: 0 } });
    expect(send(a, "10.9.9.9", Buffer.alloc(1))).to.equal(-101);
  });

  it("takes broadcasts, its own included, and multicast to all hosts only", () => {
    const world = new World();
    const [a, b] = [world.host("a"), world.host("b")];
    const [eth0] = world.connect(a, b, ["10.0.0.1/24", "10.0.0.2/24"]);
    const got: string[] = [];
    for (const host of [a, b]) {
      receiveSent(host, (frame) => {
        got.push(`${host.name} ${frame.end - frame.start}`);
        frame.deliver();
      });
    }

    send(a, "10.0.0.255", Buffer.alloc(1));
    inject(eth0, packet("10.0.0.1", "255.255.255.255", Buffer.alloc(2)), "ff:ff:ff:ff:ff:ff");
    inject(eth0, packet("10.0.0.1", "224.0.0.1", Buffer.alloc(3)), "01:00:5e:00:00:01");
    inject(eth0, packet("10.0.0.1", "224.0.0.5", Buffer.alloc(4)), "01:00:5e:00:00:05");
    world.run(10);

    expect(got.sort()).to.deep.equal(["a 1", "b 1", "b 2", "b 3"]);
    expect(b.snmp.ipExt).to.include({ InBcastPkts: 2, InMcastPkts: 1 });
    expect(a.snmp.ipExt.OutBcastPkts).to.equal(1);
    expect(world.pool.outstanding).to.equal(0);
  });

  it("drops unicast in link-layer broadcasts when told to", () => {
    const { router, aEth0 } = new World().routed();
    router.sysctls.write("net.ipv4.conf.eth0.drop_unicast_in_l2_multicast", "1");

    const bytes = packet("10.0.1.2", "10.0.1.1", echoRequest(), { protocol: 1 });
    inject(aEth0, bytes, "ff:ff:ff:ff:ff:ff");

    expect(router.drops.entries()).to.deep.equal([["UNICAST_IN_L2_MULTICAST", 1]]);
  });

  it("passes own packets to itself over the loopback device", () => {
    const world = new World();
    const { a } = world.routed();
    const lo = record(a.loopback);
    addRoute(a, "10.50.0.0/16", "10.0.1.1");

    send(a, "10.0.1.2", echoRequest(8), { protocol: 1 });
    world.run(1);

    expect(lo.lines).to.deep.equal([
      "> 10.0.1.2 > 10.0.1.2 ttl 64 proto 1 length 36 icmp 8/0",
      "< 10.0.1.2 > 10.0.1.2 ttl 64 proto 1 length 36 icmp 8/0",
      "> 10.0.1.2 > 10.0.1.2 ttl 64 proto 1 length 36 icmp 0/0",
      "< 10.0.1.2 > 10.0.1.2 ttl 64 proto 1 length 36 icmp 0/0",
    ]);
    expect(world.pool.outstanding).to.equal(0);
  });
});
