import { expect } from "chai";
import type { Namespace } from "../../lib/net/namespace.ts";
import { NamespaceNetfilterHost } from "../../lib/net/netfilter-host.ts";
import { HOOK_NAMES, Hook, type NetfilterHooks } from "../../lib/netfilter/hooks.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import { echoRequest, packet } from "../support/packets.ts";
import { record } from "../support/recorder.ts";
import { inject, ip, ping, send, World } from "../support/world.ts";

/** Notes which hooks a host's packets pass, with the devices. */
function watched(host: Namespace, notes: string[]): NetfilterHooks {
  return {
    active: () => true,
    run: (hook, frame, inDevice, outDevice) => {
      const header = frame.start === frame.l3 && frame.l4 > frame.l3;
      const names = `${inDevice?.name ?? "-"} ${outDevice?.name ?? "-"}`;
      notes.push(`${host.name} ${HOOK_NAMES[hook]} ${names}${header ? "" : " BAD"}`);
      return frame;
    },
    refused: false,
    deviceDown: () => undefined,
    addressRemoved: () => undefined,
  };
}

describe("net/ip-output", () => {
  it("passes the hooks at the kernel's points", () => {
    const world = new World();
    const { a, router, b, aEth0 } = world.routed();
    ping(a, "10.0.2.2");
    world.run(10);
    const notes: string[] = [];
    for (const host of [a, router, b]) host.netfilter = watched(host, notes);

    ping(a, "10.0.2.2");
    world.run(10);

    expect(aEth0.name).to.equal("eth0");
    expect(notes).to.deep.equal([
      "a OUTPUT - eth0",
      "a POSTROUTING - eth0",
      "router PREROUTING eth0 -",
      "router FORWARD eth0 eth1",
      "router POSTROUTING eth0 eth1",
      "b PREROUTING eth0 -",
      "b INPUT eth0 -",
      "b OUTPUT - eth0",
      "b POSTROUTING - eth0",
      "router PREROUTING eth1 -",
      "router FORWARD eth1 eth0",
      "router POSTROUTING eth1 eth0",
      "a PREROUTING eth0 -",
      "a INPUT eth0 -",
    ]);
  });

  it("cuts packets behind POSTROUTING and puts them together before INPUT", () => {
    const world = new World();
    const { a, router } = world.routed();
    ping(a, "10.0.1.1");
    world.run(10);
    const notes: string[] = [];
    for (const host of [a, router]) host.netfilter = watched(host, notes);

    ping(a, "10.0.1.1", 3000);

    expect(notes.slice(0, 6)).to.deep.equal([
      "a OUTPUT - eth0",
      "a POSTROUTING - eth0",
      "router PREROUTING eth0 -",
      "router PREROUTING eth0 -",
      "router PREROUTING eth0 -",
      "router INPUT eth0 -",
    ]);
  });

  it("goes another way when OUTPUT changes the destination and asks for a new route", () => {
    const world = new World();
    const { a, router, aEth0 } = world.routed();
    ping(a, "10.0.1.1");
    world.run(10);
    const asked = new NamespaceNetfilterHost(a);
    a.netfilter = {
      ...watched(a, []),
      active: (hook) => hook === Hook.OUTPUT,
      run: (_hook, frame) => {
        ipv4.setDestination(frame.view, frame.l3, ip("10.0.1.1"));
        return asked.rerouteOutput(frame) ? frame : null;
      },
    };
    const lo = record(a.loopback);
    const eth0 = record(aEth0);

    send(a, "10.0.1.2", echoRequest(8), { protocol: 1 });

    expect(lo.lines).to.deep.equal([]);
    expect(eth0.lines[0]).to.equal("> 10.0.1.2 > 10.0.1.1 ttl 64 proto 1 length 36 icmp 8/0");
    expect(router.snmp.get("IcmpInEchos")).to.equal(2);
  });

  it("chooses identifications by flow: 0 with DF, else counting up", () => {
    const world = new World();
    const { a, aEth0 } = world.routed();
    ping(a, "10.0.1.1");
    world.run(10);
    const seen = record(aEth0);

    for (let count = 0; count < 3; count += 1)
      send(a, "10.0.1.1", Buffer.alloc(1), { protocol: 200 });
    send(a, "10.0.1.1", Buffer.alloc(1), { protocol: 200, df: true });
    send(a, "10.0.1.1", Buffer.alloc(1), { protocol: 200, df: true, ignoreDf: true });
    send(a, "10.0.1.1", Buffer.alloc(1), { protocol: 200, id: 0x1234 });

    const own = seen.frames.filter(({ out }) => out).map(({ bytes }) => bytes.readUInt16BE(18));
    const first = own[0] ?? 0;
    expect(own).to.deep.equal([
      first,
      (first + 1) & 0xffff,
      (first + 2) & 0xffff,
      0,
      (first + 3) & 0xffff,
      0x1234,
    ]);
  });

  it("takes the TTL from the caller, or the default", () => {
    const { a, aEth0 } = new World().routed();
    ping(a, "10.0.1.1");
    a.sysctls.write("net.ipv4.ip_default_ttl", "33");
    const seen = record(aEth0);

    send(a, "10.0.1.1", Buffer.alloc(1));
    send(a, "10.0.1.1", Buffer.alloc(1), { ttl: 7 });

    const sent = seen.lines.filter((line) => line.startsWith("> 10"));
    expect(sent).to.deep.equal([
      "> 10.0.1.2 > 10.0.1.1 ttl 33 proto 253 length 21",
      "> 10.0.1.2 > 10.0.1.1 ttl 7 proto 253 length 21",
    ]);
  });

  it("decreases the TTL when it forwards, and tells the sender when it is used up", () => {
    const { a, b, aEth0, bEth0, router } = new World().routed();
    ping(a, "10.0.2.2");
    const [near, far] = [record(aEth0), record(bEth0)];
    const payload = Buffer.alloc(1400);

    inject(aEth0, packet("10.0.1.2", "10.0.2.2", payload, { ttl: 2, tos: 0x28 }));
    inject(aEth0, packet("10.0.1.2", "10.0.2.2", payload, { ttl: 1, tos: 0x28 }));

    expect(far.lines[0]).to.equal("< 10.0.1.2 > 10.0.2.2 tos 0x28 ttl 1 proto 253 length 1420");
    expect(b.snmp.get("IpInUnknownProtos")).to.equal(1);
    expect(near.lines.at(-1)).to.equal(
      "< 10.0.1.1 > 10.0.1.2 tos 0xc8 ttl 64 proto 1 length 576 icmp 11/0",
    );
    expect(router.snmp.get("IpInHdrErrors")).to.equal(1);
    expect(router.snmp.get("IpForwDatagrams")).to.equal(4);
  });

  it("counts transmits after cutting, requests before (6.18: 18 requests, 20 transmits)", () => {
    const { a } = new World().routed();
    ping(a, "10.0.1.1");
    ping(a, "10.0.1.1", 2000);

    expect(a.snmp.ip).to.include({ OutRequests: 2, OutTransmits: 3, FragOKs: 1, FragCreates: 2 });
    expect(a.snmp.ipExt.OutOctets).to.equal(84 + 1500 + 548);
  });
});
