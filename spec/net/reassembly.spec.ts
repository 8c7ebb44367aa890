import { expect } from "chai";
import { NS_PER_MS } from "../../lib/base/units.ts";
import { echoRequest, packet } from "../support/packets.ts";
import { record } from "../support/recorder.ts";
import { inject, ping, World } from "../support/world.ts";

const MF = 0x2000;
const MESSAGE = echoRequest(2000);

function fragment(id: number, from: number, end: number, to = "10.0.1.1", tos = 0): Buffer {
  const word = (end < MESSAGE.length ? MF : 0) | (from / 8);
  const fields = { id, protocol: 1, fragment: word, tos };
  return packet("10.0.1.2", to, MESSAGE.subarray(from, end), fields);
}

function routed() {
  const world = new World();
  const places = world.routed();
  ping(places.a, "10.0.1.1");
  world.run(10);
  return { world, ...places, seen: record(places.aEth0) };
}

describe("net/reassembly", () => {
  it("takes pieces in any order and ignores repetitions", () => {
    const { world, router, aEth0, seen } = routed();

    inject(aEth0, fragment(104, 800, 2008));
    inject(aEth0, fragment(104, 800, 2008));
    inject(aEth0, fragment(104, 1200, 1600));
    inject(aEth0, fragment(104, 0, 800));
    world.run(10);

    expect(seen.lines.slice(-2)).to.deep.equal([
      "< 10.0.1.1 > 10.0.1.2 ttl 64 frag 0+ proto 1 length 1500 icmp 0/0",
      "< 10.0.1.1 > 10.0.1.2 ttl 64 frag 1480 proto 1 length 548",
    ]);
    expect(router.drops.entries()).to.deep.equal([["DUP_FRAG", 2]]);
    expect(router.snmp.ip).to.include({ ReasmReqds: 4, ReasmOKs: 1, ReasmFails: 0 });
  });

  it("throws the packet away when pieces overlap (6.18: ReasmOverlaps, ReasmFails)", () => {
    const { world, router, aEth0, seen } = routed();

    inject(aEth0, fragment(105, 0, 800));
    inject(aEth0, fragment(105, 792, 2008));
    world.run(10);

    expect(seen.lines.filter((line) => line.startsWith("<"))).to.deep.equal([]);
    expect(router.snmp.get("IpExtReasmOverlaps")).to.equal(1);
    expect(router.snmp.ip).to.include({ ReasmReqds: 2, ReasmOKs: 0, ReasmFails: 1 });
    expect(router.reassembly.pending).to.equal(0);
    expect(world.pool.outstanding).to.equal(0);
  });

  it("tells the sender after 30 s and the wheel's rounding, if it has the first piece", () => {
    const { world, router, aEth0, seen } = routed();
    inject(aEth0, fragment(106, 0, 800));
    inject(aEth0, fragment(106, 1600, 2008));
    inject(aEth0, fragment(107, 1600, 2008));
    const start = world.scheduler.now;

    world.run(40_000);

    const errors = seen.frames.filter(({ out, bytes }) => !out && bytes[34] === 11);
    expect(errors).to.have.length(1);
    expect(errors[0]?.bytes[35]).to.equal(1);
    expect(errors[0]?.bytes.length).to.equal(590);
    expect(((errors[0]?.at ?? 0) - start) / NS_PER_MS).to.be.within(30_000, 32_060);
    expect(router.snmp.ip).to.include({ ReasmTimeout: 2, ReasmFails: 2 });
    expect(router.drops.entries()).to.deep.equal([["FRAG_REASM_TIMEOUT", 3]]);
    expect(world.pool.outstanding).to.equal(0);
  });

  it("refuses pieces behind the end, empty ones and packets of more than 65535 bytes", () => {
    const { router, aEth0 } = routed();
    const odd = (id: number, payload: number, word: number) =>
      inject(
        aEth0,
        packet("10.0.1.2", "10.0.1.1", Buffer.alloc(payload), { id, protocol: 1, fragment: word }),
      );

    odd(1, 80, 10);
    odd(1, 80, MF | 20);
    odd(2, 0, MF | 1);
    odd(3, 80, 8190);
    odd(3, 1480, MF);
    for (let offset = 185; offset < 8190; offset += 185) odd(3, 1480, MF | offset);

    expect(router.reassembly.pending).to.be.lessThan(2);
    expect(router.snmp.ip.ReasmOKs).to.equal(0);
  });

  it("marks the whole as congested when one piece was, and refuses a mixture without ECN", () => {
    const { world, router, aEth0 } = routed();
    const tos: number[] = [];
    router.rawListeners.push({
      rawPacket: (frame) => {
        tos.push(frame.view.getUint8(frame.l3 + 1));
        return true;
      },
    });

    inject(aEth0, fragment(1, 0, 800, "10.0.1.1", 2));
    inject(aEth0, fragment(1, 800, 2008, "10.0.1.1", 3));
    inject(aEth0, fragment(2, 0, 800, "10.0.1.1", 0));
    inject(aEth0, fragment(2, 800, 2008, "10.0.1.1", 3));
    world.run(10);

    expect(tos).to.deep.equal([3]);
  });

  it("starts again when too many other fragments of the sender came between", () => {
    const { router, aEth0 } = routed();

    inject(aEth0, fragment(1, 0, 800));
    for (let id = 100; id < 170; id += 1) inject(aEth0, fragment(id, 0, 800));
    inject(aEth0, fragment(1, 800, 2008));

    expect(router.drops.get("FRAG_TOO_FAR")).to.equal(1);
    expect(router.snmp.ip.ReasmOKs).to.equal(0);
  });

  it("takes no more pieces than its memory allows", () => {
    const { world, router, aEth0 } = routed();
    router.sysctls.write("net.ipv4.ipfrag_high_thresh", "10000");

    for (let id = 1; id < 20; id += 1) inject(aEth0, fragment(id, 0, 800));

    expect(router.drops.get("NOMEM")).to.be.greaterThan(10);
    world.run(40_000);
    expect(world.pool.outstanding).to.equal(0);
  });
});
