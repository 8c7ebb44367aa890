import { expect } from "chai";
import * as fc from "fast-check";
import type { Namespace } from "../../lib/net/namespace.ts";
import { NamespaceNetfilterHost } from "../../lib/net/netfilter-host.ts";
import { type DefragUser, Hook, type NetfilterHooks } from "../../lib/netfilter/hooks.ts";
import { isFragment } from "../../lib/wire/ipv4.ts";
import { echoRequest, packet } from "../support/packets.ts";
import { record } from "../support/recorder.ts";
import { inject, ping, receiveSent, send, World } from "../support/world.ts";

const MF = 0x2000;
const DF = 0x4000;

/** A netfilter that does nothing but put fragments together, as conntrack has it done. */
function defragmenting(host: Namespace): NetfilterHooks {
  const asked = new NamespaceNetfilterHost(host);
  const user: DefragUser = 0;
  return {
    active: (hook) => hook === Hook.PREROUTING,
    run: (_hook, frame) =>
      isFragment(frame.view, frame.l3) ? asked.defragment(frame, user) : frame,
    refused: false,
    deviceDown: () => undefined,
    addressRemoved: () => undefined,
  };
}

/** 2008 bytes of echo request in pieces of 800, 800 and 408. */
function pieces(id: number, to: string, extra = 0): Buffer[] {
  const message = echoRequest(2000);
  const piece = (from: number, end: number, word: number) =>
    packet("10.0.1.2", to, message.subarray(from, end), {
      id,
      protocol: 1,
      fragment: word | extra,
    });
  return [piece(0, 800, MF), piece(800, 1600, MF | 100), piece(1600, 2008, 200)];
}

describe("net/fragment", () => {
  it("cuts in order, with one identification and multiples of eight", () => {
    const world = new World();
    const { a, router, aEth0, eth0 } = world.routed();
    ping(a, "10.0.1.1");
    const seen = record(aEth0);

    ping(a, "10.0.1.1", 4000);
    world.run(10);

    expect(seen.lines).to.deep.equal([
      "> 10.0.1.2 > 10.0.1.1 ttl 64 frag 0+ proto 1 length 1500 icmp 8/0",
      "> 10.0.1.2 > 10.0.1.1 ttl 64 frag 1480+ proto 1 length 1500",
      "> 10.0.1.2 > 10.0.1.1 ttl 64 frag 2960 proto 1 length 1068",
      "< 10.0.1.1 > 10.0.1.2 ttl 64 frag 0+ proto 1 length 1500 icmp 0/0",
      "< 10.0.1.1 > 10.0.1.2 ttl 64 frag 1480+ proto 1 length 1500",
      "< 10.0.1.1 > 10.0.1.2 ttl 64 frag 2960 proto 1 length 1068",
    ]);
    const ids = new Set(seen.frames.slice(0, 3).map(({ bytes }) => bytes.readUInt16BE(18)));
    expect(ids.size).to.equal(1);
    expect(router.snmp.ip).to.include({ ReasmReqds: 3, ReasmOKs: 1, FragOKs: 1, FragCreates: 3 });
    expect(eth0.counters.txPackets).to.equal(5);
    expect(world.pool.outstanding).to.equal(0);
  });

  it("keeps copied options in all fragments and turns the others into no-ops", () => {
    const world = new World();
    const { a, aEth0 } = world.routed();
    ping(a, "10.0.1.1");
    const seen = record(aEth0);
    const options = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0);

    send(a, "10.0.1.1", Buffer.alloc(2000), { options });

    const later = seen.frames[1]?.bytes.subarray(14 + 20, 14 + 32) ?? Buffer.alloc(0);
    expect([...later]).to.deep.equal([1, 1, 1, 1, 1, 1, 1, 148, 4, 0, 0, 0]);
    expect(seen.frames[0]?.bytes.length).to.equal(14 + 32 + 1464);
  });

  it("sends packets that a router put together in the pieces in which they came", () => {
    for (const extra of [0, DF]) {
      const world = new World();
      const { a, router, aEth0, eth1 } = world.routed();
      ping(a, "10.0.2.2");
      router.netfilter = defragmenting(router);
      const seen = record(eth1);

      for (const piece of pieces(100, "10.0.2.2", extra)) inject(aEth0, piece);

      expect(seen.lines.filter((line) => line.startsWith(">"))).to.deep.equal([
        "> 10.0.1.2 > 10.0.2.2 ttl 63 frag 0+ proto 1 length 820 icmp 8/0",
        "> 10.0.1.2 > 10.0.2.2 ttl 63 frag 800+ proto 1 length 820",
        "> 10.0.1.2 > 10.0.2.2 ttl 63 frag 1600 proto 1 length 428",
      ]);
      world.run(10);
      expect(world.pool.outstanding).to.equal(0);
    }
  });

  it("cuts them anew when they do not fit, or refuses if they came with DF", () => {
    const world = new World();
    const { a, router, aEth0, eth1 } = world.routed();
    ping(a, "10.0.2.2");
    router.netfilter = defragmenting(router);
    eth1.mtu = 700;
    router.deviceChanged(eth1);
    const out = record(eth1);
    const back = record(aEth0);

    const [first, second, third] = pieces(102, "10.0.2.2", DF);
    for (const piece of [third, first, second]) inject(aEth0, piece ?? Buffer.alloc(0));
    expect(back.lines.at(-1)).to.equal(
      "< 10.0.1.1 > 10.0.1.2 tos 0xc0 ttl 64 proto 1 length 576 icmp 3/4 mtu 700",
    );
    expect(out.lines).to.deep.equal([]);
    for (const piece of pieces(103, "10.0.2.2")) inject(aEth0, piece);

    expect(out.lines.slice(0, 3)).to.deep.equal([
      "> 10.0.1.2 > 10.0.2.2 ttl 63 frag 0+ proto 1 length 700 icmp 8/0",
      "> 10.0.1.2 > 10.0.2.2 ttl 63 frag 680+ proto 1 length 700",
      "> 10.0.1.2 > 10.0.2.2 ttl 63 frag 1360 proto 1 length 668",
    ]);
  });

  it("comes back whole whatever the size and the MTU", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 68, max: 1500 }),
        (length, mtu) => {
          const world = new World();
          const [a, b] = [world.host("a"), world.host("b")];
          const [one] = world.connect(a, b, ["10.0.0.1/24", "10.0.0.2/24"]);
          ping(a, "10.0.0.2");
          world.run(10);
          one.mtu = mtu;
          a.deviceChanged(one);
          const got: Buffer[] = [];
          receiveSent(b, (frame) => {
            got.push(Buffer.from(frame.bytes.subarray(frame.start, frame.end)));
            frame.deliver();
          });
          const payload = Buffer.from(Array.from({ length }, (_, index) => (index * 7) & 255));

          send(a, "10.0.0.2", payload);
          world.run(10);

          expect(got).to.have.length(1);
          expect(got[0]?.equals(payload)).to.equal(true);
          expect(world.pool.outstanding).to.equal(0);
        },
      ),
      { numRuns: 30 },
    );
  });
});
