import { expect } from "chai";
import { formatMac, parseMac } from "../../lib/base/mac.ts";
import { NS_PER_S } from "../../lib/base/units.ts";
import { Bridge } from "../../lib/link/bridge.ts";
import type { Veth } from "../../lib/link/veth.ts";
import { BareHost, Bench, ethernetFrame, OrderTap } from "../support/bare-host.ts";
import { createVethPair } from "../support/veth-pair.ts";

const BROADCAST = "ff:ff:ff:ff:ff:ff";
const BRIDGE = "02:00:00:00:00:fe";
const mac = (host: number): string => `02:00:00:00:00:0${host}`;

/** A switch with a bridge and `count` hosts, host n on port pn, the newest port being the last. */
function world(count: number) {
  const bench = new Bench();
  const sw = new BareHost(bench);
  const bridge = new Bridge(sw, { name: "br0", mac: parseMac(BRIDGE) });
  bridge.setUp(true);
  const hosts: BareHost[] = [];
  const nics: Veth[] = [];
  const ports: Veth[] = [];
  for (let n = 1; n <= count; n += 1) {
    const host = new BareHost(bench);
    const [nic, port] = createVethPair(host, { name: "eth0", mac: parseMac(mac(n)) }, sw, {
      name: `p${n}`,
      mac: parseMac(`02:00:00:00:01:0${n}`),
    });
    nic.setUp(true);
    port.setUp(true);
    bridge.addPort(port);
    hosts.push(host);
    nics.push(nic);
    ports.push(port);
  }
  const send = (from: number, to: string, source = mac(from)): void => {
    nics[from - 1]!.queueXmit(bench.pool.takeFrom(Buffer.from(ethernetFrame(to, source), "hex")));
  };
  const got = (): number[] => hosts.map((host) => host.received.length);
  return { bench, sw, bridge, hosts, nics, ports, send, got };
}

describe("link/bridge", () => {
  it("floods a frame to an unknown address by all ports but its own", () => {
    const { bench, got, send } = world(3);

    send(1, mac(3));

    expect(got()).to.deep.equal([0, 1, 1]);
    expect(bench.pool.outstanding).to.equal(0);
  });

  it("learns where an address is, and forwards there alone", () => {
    const { got, send } = world(3);
    send(3, mac(1));
    const before = got();

    send(1, mac(3));

    expect(before).to.deep.equal([1, 1, 0]);
    expect(got()).to.deep.equal([1, 1, 1]);
  });

  it("forgets an address after the ageing time of 300 s", () => {
    const { bench, got, send } = world(3);
    send(3, mac(1));

    bench.scheduler.runUntil(300 * NS_PER_S - 1);
    send(1, mac(3));
    const justBefore = got();
    bench.scheduler.runUntil(300 * NS_PER_S);
    send(1, mac(3));

    expect(justBefore).to.deep.equal([1, 1, 1]);
    expect(got()).to.deep.equal([1, 2, 2]);
  });

  it("follows a host that moves to another port", () => {
    const { got, send } = world(3);
    send(1, mac(3));
    send(2, mac(3), mac(1));

    send(3, mac(1));

    expect(got()).to.deep.equal([1, 2, 2]);
  });

  it("passes broadcasts up and to all other ports, newest port first [br_add_if]", () => {
    const { bridge, got, ports, send, sw } = world(3);
    const log: string[] = [];
    for (const port of ports) port.taps.push(new OrderTap(port.name, log));
    bridge.taps.push(new OrderTap("br0", log));

    send(1, BROADCAST);

    expect(log).to.deep.equal(["p1 in", "p3 out", "p2 out", "br0 in"]);
    expect(got()).to.deep.equal([0, 1, 1]);
    expect(sw.received.map((received) => received.device)).to.deep.equal(["br0"]);
  });

  it("passes up what is for its own address or a port's, and forwards it nowhere", () => {
    const { got, send, sw } = world(2);

    send(1, BRIDGE);
    send(1, "02:00:00:00:01:02");

    expect(got()).to.deep.equal([0, 0]);
    expect(sw.received).to.have.length(2);
  });

  it("sends a frame back out by its port only with hairpin", () => {
    const { bridge, got, ports, send, sw } = world(1);
    send(1, BROADCAST);
    send(1, mac(1));
    const without = sw.drops.get("BRIDGE_NO_EGRESS_PORT");

    bridge.portOf(ports[0]!)!.hairpin = true;
    send(1, mac(1));

    expect(without).to.equal(1);
    expect(got()).to.deep.equal([1]);
  });

  it("keeps isolated ports from each other but not from the rest", () => {
    const { bridge, got, ports, send } = world(3);
    bridge.portOf(ports[0]!)!.isolated = true;
    bridge.portOf(ports[1]!)!.isolated = true;

    send(1, BROADCAST);

    expect(got()).to.deep.equal([0, 0, 1]);
  });

  it("sends the host's own frames to the learned port, or floods them", () => {
    const { bench, bridge, got, send } = world(3);
    const fromHost = (to: string): void => {
      bridge.queueXmit(bench.pool.takeFrom(Buffer.from(ethernetFrame(to, BRIDGE), "hex")));
    };
    send(2, BRIDGE);

    fromHost(mac(2));
    const known = got();
    fromHost(mac(3));

    expect(known).to.deep.equal([0, 1, 0]);
    expect(got()).to.deep.equal([1, 2, 1]);
  });

  it("drops frames from a group address and link-local groups, counted", () => {
    const { got, send, sw } = world(2);

    send(1, mac(2), "03:00:00:00:00:01");
    send(1, "01:80:c2:00:00:0e");

    expect(got()).to.deep.equal([0, 0]);
    expect(sw.drops.entries()).to.deep.equal([
      ["BRIDGE_INGRESS_STP_STATE", 1],
      ["MAC_INVALID_SOURCE", 1],
    ]);
  });

  it("takes the lowest address of its ports unless it was given one, and their lowest MTU", () => {
    const bench = new Bench();
    const sw = new BareHost(bench);
    const bridge = new Bridge(sw, { name: "br0" });
    const add = (n: number, mtu: number) => {
      const [port] = createVethPair(sw, { name: `p${n}`, mac: parseMac(mac(n)), mtu }, sw, {
        name: `q${n}`,
        mac: parseMac(mac(n + 4)),
      });
      bridge.addPort(port);
      return port;
    };

    const high = add(3, 1500);
    const first = formatMac(bridge.mac);
    const low = add(2, 1400);

    expect(first).to.equal(mac(3));
    expect(formatMac(bridge.mac)).to.equal(mac(2));
    expect(bridge.mtu).to.equal(1400);
    bridge.removePort(low);
    expect(formatMac(bridge.mac)).to.equal(high.mac === bridge.mac ? mac(3) : "");
    expect(bridge.mtu).to.equal(1500);
  });
});
