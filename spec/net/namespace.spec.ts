import { expect } from "chai";
import { Bridge } from "../../lib/link/bridge.ts";
import { Nud } from "../../lib/net/nud.ts";
import { record } from "../support/recorder.ts";
import { addAddress, inject, ping, World } from "../support/world.ts";

describe("net/namespace", () => {
  it("has a loopback device with its addresses from the beginning", () => {
    const host = new World().host("a");

    expect([...host.devices.values()].map(({ name, index }) => [name, index])).to.deep.equal([
      ["lo", 1],
    ]);
    expect(host.inet(host.loopback).addresses[0]).to.include({ prefixLength: 8, scope: 254 });
  });

  it("hears a second late that a bridge lost its carrier with its last running port", () => {
    const world = new World();
    const [node, pod] = [world.host("node"), world.host("pod")];
    const bridge = new Bridge(node, { name: "br0" });
    node.addDevice(bridge);
    bridge.setUp(true);
    addAddress(node, bridge, "10.1.0.1/24");
    const linkdown = () => node.fib.table(254).entries()[0]?.info.nexthops[0]?.linkdown;
    expect(linkdown()).to.equal(true);

    const [eth0, port] = world.connect(pod, node, [], ["eth0", "veth0"]);
    addAddress(pod, eth0, "10.1.0.2/24");
    bridge.addPort(port);
    expect(linkdown()).to.equal(false);
    ping(node, "10.1.0.2");
    expect(node.neighbours.entries().map(({ state }) => state)).to.deep.equal([Nud.REACHABLE]);
    eth0.setUp(false);

    world.run(950);
    expect([linkdown(), bridge.carrier, bridge.lowerUp]).to.deep.equal([false, true, false]);
    world.run(100);
    expect([linkdown(), bridge.carrier, bridge.lowerUp]).to.deep.equal([true, false, false]);
    expect(node.neighbours.entries()).to.deep.equal([]);
  });

  it("does not hear of a carrier that a bridge lost and had again within the second", () => {
    const world = new World();
    const [node, pod] = [world.host("node"), world.host("pod")];
    const bridge = new Bridge(node, { name: "br0" });
    node.addDevice(bridge);
    bridge.setUp(true);
    addAddress(node, bridge, "10.1.0.1/24");
    const [eth0, port] = world.connect(pod, node, [], ["eth0", "veth0"]);
    addAddress(pod, eth0, "10.1.0.2/24");
    bridge.addPort(port);
    ping(node, "10.1.0.2");

    eth0.setUp(false);
    world.run(500);
    eth0.setUp(true);
    world.run(1000);

    expect(bridge.carrier).to.equal(true);
    expect(node.neighbours.entries()).to.have.length(1);
  });

  it("keeps its own address on a device without carrier, whatever routes there do", () => {
    const world = new World();
    const { a, aEth0, router, bEth0 } = world.routed();
    router.sysctls.write("net.ipv4.conf.all.ignore_routes_with_linkdown", "1");
    const recorder = record(aEth0);
    bEth0.setUp(false);

    ping(a, "10.0.2.1");
    ping(a, "10.0.2.2");

    const answers = recorder.lines.filter((line) => line.startsWith("< 10."));
    expect(answers).to.have.length(2);
    expect(answers[0]).to.include("10.0.2.1 > 10.0.1.2");
    expect(answers[1]).to.include("10.0.1.1 > 10.0.1.2");
  });

  it("takes a device away with all that hung on it", () => {
    const world = new World();
    const { a, aEth0 } = world.routed();
    ping(a, "10.0.1.1");

    a.removeDevice(aEth0);

    expect(a.fib.table(254).entries()).to.deep.equal([]);
    expect(a.neighbours.entries()).to.deep.equal([]);
    expect(a.addresses.has(0x0a000102)).to.equal(false);
    expect(ping(a, "10.0.1.1")).to.equal(-101);
    expect(world.pool.outstanding).to.equal(0);
  });

  it("counts frames of protocols that it does not speak", () => {
    const { router, aEth0 } = new World().routed();

    inject(aEth0, Buffer.alloc(40), "", 0x86dd);

    expect(router.drops.entries()).to.deep.equal([["UNHANDLED_PROTO", 1]]);
  });
});
