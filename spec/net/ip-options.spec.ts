import { expect } from "chai";
import type { Namespace } from "../../lib/net/namespace.ts";
import { echoRequest, packet } from "../support/packets.ts";
import { describePacket, type Recorder, record } from "../support/recorder.ts";
import { inject, ping, send, World } from "../support/world.ts";

const IPPROTO_ICMP = 1;

/** Options of the last packet that a recorder saw in one direction, in hexadecimal. */
function lastOptions(seen: Recorder, out: boolean): string {
  const packets = seen.frames.filter((frame) => frame.out === out && frame.bytes[12] === 8);
  const bytes = packets.at(-1)?.bytes ?? Buffer.alloc(14);
  return bytes.subarray(34, 14 + ((bytes[14] ?? 0) & 15) * 4).toString("hex");
}

function routed(acceptSourceRoute = true) {
  const world = new World();
  const places = world.routed();
  const hosts: Namespace[] = [places.a, places.router, places.b];
  for (const host of hosts) {
    if (acceptSourceRoute) host.sysctls.write("net.ipv4.conf.all.accept_source_route", "1");
  }
  ping(places.a, "10.0.2.2");
  world.run(10);
  return { world, ...places, atA: record(places.aEth0), atB: record(places.bEth0) };
}

describe("net/ip-options", () => {
  it("records the route there and back (6.18: ping -R through a router)", () => {
    const { world, a, atA, atB } = routed();
    const options = Buffer.from(`0107270800000000${"00".repeat(32)}`, "hex");
    options.set([10, 0, 1, 2], 4);

    send(a, "10.0.2.2", echoRequest(), { protocol: IPPROTO_ICMP, options });
    world.run(10);

    expect(lastOptions(atB, false).slice(0, 24)).to.equal("0107270c0a0001020a000201");
    expect(lastOptions(atA, false)).to.equal(
      `072718${"0a0001020a0002010a0002020a0002020a000101"}${"00".repeat(17)}`,
    );
  });

  it("stamps addresses and times as asked (6.18: ping -T through a router)", () => {
    const { world, a, atA, atB } = routed();
    const timestamps = (kind: number, slots: string) => {
      const size = 4 + slots.length / 2;
      const head = [0x44, size, 5, kind].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      return Buffer.from(head + slots, "hex");
    };
    const time = "0000000a";

    send(a, "10.0.2.2", echoRequest(), {
      protocol: IPPROTO_ICMP,
      options: timestamps(1, "00".repeat(32)),
    });
    world.run(5);
    expect(lastOptions(atB, false)).to.equal(`44240d01${`0a000101${time}`}${"00".repeat(24)}`);
    expect(lastOptions(atA, false)).to.equal(
      `44242501${`0a000101${time}`}${`0a000202${time}`.repeat(2)}${`0a000201${time}`}`,
    );

    send(a, "10.0.2.2", echoRequest(), {
      protocol: IPPROTO_ICMP,
      options: timestamps(3, `0a000101000000000a00020200000000`),
    });
    world.run(5);
    expect(lastOptions(atA, false)).to.match(/^441415130a000101[0-9a-f]{8}0a000202[0-9a-f]{8}$/);
  });

  it("goes the way of a source route and writes down its own address (6.18 capture)", () => {
    const { world, aEth0, atA, atB } = routed();
    const strict = Uint8Array.of(137, 7, 4, 10, 0, 2, 2, 0);

    inject(aEth0, packet("10.0.1.2", "10.0.1.1", echoRequest(8), { protocol: 1, options: strict }));
    world.run(10);

    expect(atB.lines).to.deep.equal([
      "< 10.0.1.2 > 10.0.2.2 ttl 63 proto 1 length 44 icmp 8/0",
      "> 10.0.2.2 > 10.0.2.1 ttl 64 proto 1 length 44 icmp 0/0",
    ]);
    expect(lastOptions(atB, false)).to.equal("8907080a00020100");
    expect(lastOptions(atB, true)).to.equal("8907040a00010200");
    expect(atA.lines.at(-1)).to.equal("< 10.0.2.2 > 10.0.1.2 ttl 63 proto 1 length 44 icmp 0/0");
    expect(lastOptions(atA, false)).to.equal("8907080a00010100");
  });

  it("complains about a strict route that it is not on", () => {
    const { world, aEth0, atA } = routed();
    const strict = Uint8Array.of(137, 7, 4, 10, 0, 2, 9, 0);

    inject(aEth0, packet("10.0.1.2", "10.0.2.2", echoRequest(8), { protocol: 1, options: strict }));
    world.run(10);

    const answer = atA.frames.at(-1)?.bytes.subarray(14) ?? Buffer.alloc(0);
    expect(describePacket(answer)).to.equal(
      "10.0.1.1 > 10.0.1.2 tos 0xc0 ttl 64 proto 1 length 72 icmp 12/0",
    );
    expect(answer[24], "octet 16").to.equal(16);
  });

  it("drops source routes where they are not accepted", () => {
    const { router, aEth0, atB } = routed(false);
    const loose = Uint8Array.of(131, 7, 4, 10, 0, 2, 2, 0);

    inject(aEth0, packet("10.0.1.2", "10.0.1.1", echoRequest(8), { protocol: 1, options: loose }));

    expect(router.drops.entries()).to.deep.equal([["IP_INHDR", 1]]);
    expect(atB.frames).to.have.length(0);
  });

  it("points at the first wrong byte", () => {
    const pointer = (options: readonly number[]): number => {
      const { aEth0, atA } = routed();
      const bytes = packet("10.0.1.2", "10.0.1.1", Buffer.alloc(8), {
        options: Uint8Array.from(options),
      });
      inject(aEth0, bytes);
      const answer = atA.frames.at(-1)?.bytes ?? Buffer.alloc(64);
      return answer[34] === 12 ? (answer[38] ?? -1) : -1;
    };

    expect(pointer([1, 1, 1, 99]), "no room for a length").to.equal(23);
    expect(pointer([7, 9, 4, 0]), "length beyond the header").to.equal(20);
    expect(pointer([7, 7, 3, 0, 0, 0, 0, 0]), "pointer below 4").to.equal(22);
    expect(pointer([7, 5, 4, 0, 0, 0, 0, 0]), "no room for an address").to.equal(22);
    expect(pointer([7, 3, 4, 7, 3, 4, 0, 0]), "record route twice").to.equal(23);
    expect(pointer([131, 3, 4, 137, 3, 4, 0, 0]), "source route twice").to.equal(23);
    expect(pointer([68, 4, 5, 0xf0]), "overflow of the overflow count").to.equal(23);
    expect(pointer([148, 3, 0, 0]), "router alert too short").to.equal(21);
    expect(pointer([1, 1, 0, 0]), "nothing wrong").to.equal(-1);
  });
});
