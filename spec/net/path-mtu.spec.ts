import { expect } from "chai";
import { Flow } from "../../lib/net/inet.ts";
import type { Namespace } from "../../lib/net/namespace.ts";
import type { Route } from "../../lib/net/route.ts";
import { echoRequest, packet } from "../support/packets.ts";
import { record } from "../support/recorder.ts";
import { addRoute, inject, ip, ping, World } from "../support/world.ts";

function routeTo(host: Namespace, destination: string): Route {
  const flow = new Flow();
  flow.destination = ip(destination);
  const route = host.routing.output(flow);
  if (typeof route === "number") throw new Error(`no route: ${route}`);
  return route;
}

/** Host a behind a router whose far link takes 1400 bytes. */
function narrow() {
  const world = new World();
  const places = world.routed();
  places.eth1.mtu = 1400;
  places.router.deviceChanged(places.eth1);
  return { world, ...places };
}

describe("net/path-mtu", () => {
  it("learns the next hop's MTU for 600 s and cuts to it (6.18 capture)", () => {
    const { world, a, aEth0 } = narrow();
    ping(a, "10.0.1.1");
    const seen = record(aEth0);

    ping(a, "10.0.2.2", 1400, { df: true });
    world.run(100);
    expect(seen.lines.at(-1)).to.equal(
      "< 10.0.1.1 > 10.0.1.2 tos 0xc0 ttl 64 proto 1 length 576 icmp 3/4 mtu 1400",
    );
    const route = routeTo(a, "10.0.2.2");
    expect([route.mtu, routeTo(a, "10.0.2.3").mtu]).to.deep.equal([1400, 1500]);
    ping(a, "10.0.2.2", 2000);
    world.run(100);

    expect(seen.lines.filter((line) => line.startsWith("> 10")).slice(-2)).to.deep.equal([
      "> 10.0.1.2 > 10.0.2.2 ttl 64 frag 0+ proto 1 length 1396 icmp 8/0",
      "> 10.0.1.2 > 10.0.2.2 ttl 64 frag 1376 proto 1 length 652",
    ]);
    world.run(599_000);
    expect(route.obsolete).to.equal(false);
    world.run(1000);
    expect(route.obsolete).to.equal(true);
    expect(routeTo(a, "10.0.2.2").mtu).to.equal(1500);
  });

  it("does not go below min_pmtu, and stops discovery there", () => {
    const { world, a, eth1, router } = narrow();
    eth1.mtu = 300;
    router.deviceChanged(eth1);

    ping(a, "10.0.2.2", 1000, { df: true });
    world.run(100);

    const route = routeTo(a, "10.0.2.2");
    expect([route.mtu, route.mtuLocked]).to.deep.equal([552, true]);
  });

  it("ignores the MTU, or the message, as ip_no_pmtu_disc says", () => {
    const learnt = (mode: string): number => {
      const { world, a } = narrow();
      a.sysctls.write("net.ipv4.ip_no_pmtu_disc", mode);
      ping(a, "10.0.2.2", 1400, { df: true });
      world.run(100);
      return routeTo(a, "10.0.2.2").mtu;
    };

    expect(learnt("0")).to.equal(1400);
    expect(learnt("1"), "as a message without MTU").to.equal(552);
    expect(learnt("2")).to.equal(1500);
  });

  it("follows a redirect once it knows the new router, and forgets it after 300 s", () => {
    const world = new World();
    const { a, router, aEth0 } = world.routed();
    ping(a, "10.0.1.1");
    const other = "10.0.1.77";
    a.neighbours.set(aEth0, ip(other), 0x020000000077 as never, 0x80);
    const cause = packet("10.0.1.2", "10.9.0.1", echoRequest(8), { protocol: 1 });
    const redirect = Buffer.concat([Buffer.from([5, 1, 0, 0, 10, 0, 1, 77]), cause]);
    let sum = 0;
    for (let at = 0; at < redirect.length; at += 2) sum += redirect.readUInt16BE(at);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    redirect.writeUInt16BE(~sum & 0xffff, 2);
    const [routerDevice] = [router.deviceByIndex(2)];
    if (routerDevice === null || routerDevice === undefined) throw new Error("no device");

    inject(routerDevice, packet("10.0.1.9", "10.0.1.2", redirect, { protocol: 1 }));
    expect(routeTo(a, "10.9.0.1").gateway, "not from the router in use").to.equal(ip("10.0.1.1"));
    inject(routerDevice, packet("10.0.1.1", "10.0.1.2", redirect, { protocol: 1 }));
    expect(routeTo(a, "10.9.0.1").gateway).to.equal(ip(other));
    expect(routeTo(a, "10.9.0.2").gateway).to.equal(ip("10.0.1.1"));
    world.run(300_100);

    expect(routeTo(a, "10.9.0.1").gateway).to.equal(ip("10.0.1.1"));
    expect(a.snmp.get("IcmpInRedirects")).to.equal(2);
  });

  it("asks for the new router first, so the second redirect is the one that counts (6.18)", () => {
    const { world, a, seen } = redirected();

    for (let count = 0; count < 4; count += 1) {
      ping(a, "10.9.0.1");
      world.run(1000);
    }

    expect(seen.lines.filter((line) => line.includes("icmp 5/1"))).to.deep.equal(
      Array(2).fill(
        "< 10.0.0.2 > 10.0.0.1 tos 0xc0 ttl 64 proto 1 length 112 icmp 5/1 gateway 10.0.0.3",
      ),
    );
    expect(seen.lines).to.include("> arp who-has 10.0.0.3 tell 10.0.0.1 broadcast");
  });

  it("keeps redirecting at doubling distances who does not listen (6.18: pings 1 2 3 5 9 16 29 54)", () => {
    const { world, a, router, seen } = redirected();
    a.sysctls.write("net.ipv4.conf.all.accept_redirects", "0");
    a.sysctls.write("net.ipv4.conf.eth0.accept_redirects", "0");
    const redirectedPings: number[] = [];

    for (let count = 1; count <= 80; count += 1) {
      const before = router.snmp.get("IcmpOutRedirects");
      ping(a, "10.9.0.1");
      world.run(103);
      if (router.snmp.get("IcmpOutRedirects") > before) redirectedPings.push(count);
    }

    expect(redirectedPings).to.have.length(8);
    expect(redirectedPings.slice(0, 4)).to.deep.equal([1, 2, 3, 5]);
    expect(redirectedPings[7]).to.be.within(52, 56);
    expect(seen.lines.some((line) => line.includes("> 10.9.0.1"))).to.equal(true);
  });
});

/** a, a router and c on one bridge-like line: a reaches 10.9/16 behind c through the router. */
function redirected() {
  const world = new World();
  const [a, router, c] = [world.host("a"), world.host("router"), world.host("c")];
  const lan = world.lan([a, router, c], ["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24"]);
  addRoute(a, "10.9.0.0/16", "10.0.0.2");
  addRoute(router, "10.9.0.0/16", "10.0.0.3");
  c.addresses.add(c.loopback, { local: ip("10.9.0.1"), prefixLength: 32 });
  router.sysctls.write("net.ipv4.ip_forward", "1");
  const [device] = lan;
  if (device === undefined) throw new Error("no device");
  return { world, a, router, c, seen: record(device) };
}
