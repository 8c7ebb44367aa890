/**
 * What a connection's first packet costs through the rules of many Services, for the first and the
 * last of them; and what a packet of an established connection costs.
 */
import { parseIpv4 } from "../../lib/base/inet.ts";
import { FLAG_SYN } from "../../lib/wire/tcp.ts";
import { FakeRouter } from "../fuzz/fake-router.ts";
import { segment } from "../fuzz/packet-grammar.ts";
import { serviceAddress, serviceRules } from "./rules.ts";

/** Microseconds for one packet, the best of the rounds. */
export interface FirstPacketFigures {
  readonly firstUs: number;
  readonly lastUs: number;
  readonly establishedUs: number;
}

const CLIENT = parseIpv4("10.1.0.2");
const PACKETS = 2_000;

/** Measures `rounds` times. */
export function benchFirstPacket(services = 10_000, rounds = 5): FirstPacketFigures {
  const router = new FakeRouter();
  router.netfilter.restore(serviceRules(services));
  let port = 1024;
  const time = (service: number, isNew: boolean): number => {
    const to = parseIpv4(serviceAddress(service));
    const packets = Array.from({ length: PACKETS }, () => {
      if (isNew) port = port >= 65000 ? 1024 : port + 1;
      return segment(CLIENT, to, port, 80, 1000, 0, FLAG_SYN, 0);
    });
    const start = performance.now();
    for (const packet of packets) router.inject("a", packet);
    const us = ((performance.now() - start) * 1000) / PACKETS;
    if (isNew) router.netfilter.conntrack.killWhere(() => true);
    return us;
  };
  const best = (service: number, isNew: boolean): number => {
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round += 1) least = Math.min(least, time(service, isNew));
    return least;
  };
  best(services >> 1, true);
  return {
    firstUs: best(0, true),
    lastUs: best(services - 1, true),
    establishedUs: best(0, false),
  };
}
