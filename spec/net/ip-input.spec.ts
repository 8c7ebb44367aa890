import { expect } from "chai";
import * as fc from "fast-check";
import { arpPacket, echoRequest, packet } from "../support/packets.ts";
import { inject, ping, World } from "../support/world.ts";

describe("net/ip-input", () => {
  it("survives anything, answers or counts it, and keeps no frame", () => {
    const mutation = fc.tuple(fc.nat(63), fc.nat(255));
    const target = fc.constantFrom("10.0.1.1", "10.0.2.2", "10.0.1.255", "10.9.9.9", "224.0.0.1");
    const options = fc.uint8Array({ maxLength: 10 }).map((bytes) => {
      const padded = new Uint8Array((bytes.length + 3) & ~3);
      padded.set(bytes);
      return padded;
    });
    fc.assert(
      fc.property(
        target,
        options,
        fc.nat(0xffff),
        fc.array(mutation, { maxLength: 3 }),
        fc.boolean(),
        (to, extra, word, mutations, repairs) => {
          const world = new World();
          const { a, router, aEth0 } = world.routed();
          router.sysctls.write("net.ipv4.conf.all.accept_source_route", "1");
          ping(a, "10.0.2.2");
          const fields = { protocol: 1, fragment: word & 0x6003, options: extra };
          const bytes = packet("10.0.1.2", to, echoRequest(40), fields);
          for (const [at, value] of mutations) bytes[at] = value;
          if (repairs) repairChecksum(bytes);

          inject(aEth0, bytes);
          inject(aEth0, bytes, "ff:ff:ff:ff:ff:ff");
          inject(aEth0, bytes.subarray(0, 28), "", 0x0806);
          world.run(60_000);

          expect(world.pool.outstanding).to.equal(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("counts ICMP messages as 6.18 did in the same test", () => {
    const { a, router, aEth0 } = new World().routed();
    ping(a, "10.0.1.1");
    const before = new Map(router.snmp.entries());
    const message = (...bytes: number[]): void => {
      const whole = Buffer.from(bytes);
      let sum = 0;
      for (let at = 0; at < whole.length; at += 2) {
        sum += ((whole[at] ?? 0) << 8) | (whole[at + 1] ?? 0);
      }
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
      whole.writeUInt16BE(~sum & 0xffff, 2);
      inject(aEth0, packet("10.0.1.2", "10.0.1.1", whole, { protocol: 1 }));
    };
    const rest = [1, 2, 3, 4];

    message(13, 0, 0, 0, ...rest, ...Array(12).fill(9));
    message(13, 0, 0, 0, ...rest);
    message(15, 0, 0, 0, ...rest);
    message(17, 0, 0, 0, ...rest);
    message(99, 0, 0, 0, ...rest);
    message(8, 0, 0, 0);
    const wrong = Buffer.from([8, 0, 1, 1, 120, 120, 120, 120]);
    inject(aEth0, packet("10.0.1.2", "10.0.1.1", wrong, { protocol: 1 }));
    message(3, 1, 0, 0, 0, 0, 0, 0, 0x45, ...Array(10).fill(0));
    message(8, 5, 0, 0, 0, 0, 0, 0);

    const counted = Object.fromEntries(
      router.snmp
        .entries()
        .map(([name, value]): [string, number] => [name, value - (before.get(name) ?? 0)])
        .filter(([name, value]) => name.startsWith("Icmp") && value !== 0),
    );
    expect(counted).to.deep.equal({
      IcmpInMsgs: 9,
      IcmpInErrors: 5,
      IcmpInCsumErrors: 1,
      IcmpInDestUnreachs: 1,
      IcmpInEchos: 1,
      IcmpInTimestamps: 2,
      IcmpInAddrMasks: 1,
      IcmpOutMsgs: 2,
      IcmpOutEchoReps: 2,
      IcmpMsgInType3: 1,
      IcmpMsgInType8: 1,
      IcmpMsgInType13: 2,
      IcmpMsgInType15: 1,
      IcmpMsgInType17: 1,
      IcmpMsgInType99: 1,
      IcmpMsgOutType0: 2,
    });
  });

  it("ignores ARP frames that are cut short", () => {
    const { router, aEth0 } = new World().routed();
    const whole = arpPacket(1, "02:00:00:00:00:77", "10.0.1.2", "00:00:00:00:00:00", "10.0.1.1");

    inject(aEth0, whole.subarray(0, 27), "ff:ff:ff:ff:ff:ff", 0x0806);

    expect(router.drops.entries()).to.deep.equal([["ARP_INVALID", 1]]);
  });
});

/** Makes the header checksum right again, if the header still has a size. */
function repairChecksum(bytes: Buffer): void {
  const size = Math.min(((bytes[0] ?? 0) & 15) * 4, bytes.length);
  if (size < 20) return;
  bytes.writeUInt16BE(0, 10);
  let sum = 0;
  for (let at = 0; at < size; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  bytes.writeUInt16BE(~sum & 0xffff, 10);
}
