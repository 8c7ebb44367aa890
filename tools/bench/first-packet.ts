/**
 * `vethwork bench first-packet`: what a connection's first packet costs through the rules of many
 * Services, for the first and the last of them; and what a packet of an established connection costs.
 */
import type { Command } from "commander";
import { parseIpv4 } from "../../lib/base/inet.ts";
import { FLAG_SYN } from "../../lib/wire/tcp.ts";
import { wholeNumber } from "../arguments.ts";
import { FakeRouter } from "../fuzz/fake-router.ts";
import { segment } from "../fuzz/packet-bytes.ts";
import { serviceAddress, serviceRules } from "./rules.ts";

/** Microseconds for one packet, the best of the rounds. */
export interface FirstPacketFigures {
  readonly services: number;
  readonly first_us: number;
  readonly last_us: number;
  readonly established_us: number;
}

const CLIENT = parseIpv4("10.1.0.2");
const PACKETS = 2_000;
const WARM_UP_ROUNDS = 5;

/** Adds `first-packet` to the `bench` command. */
export function addFirstPacketBench(bench: Command): void {
  bench
    .command("first-packet")
    .description("time a connection's first packet to the first and to the last Service")
    .option("--services <number>", "how many Services", wholeNumber(1), 10_000)
    .option("--json", "print the figures as JSON")
    .action((options: { services: number; json?: boolean }) => {
      const result = benchFirstPacket(options.services);
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(result)}\n`
          : `${result.services} Services: first ${result.first_us} µs, last ${result.last_us} µs, ` +
              `established ${result.established_us} µs\n`,
      );
    });
}

/**
 * Measures `rounds` times, the first and the last Service in turn: what else the machine does meets
 * both alike, and neither is measured before the compiler has seen the code.
 */
function benchFirstPacket(services = 10_000, rounds = 15): FirstPacketFigures {
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
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) time(services >> 1, true);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.POSITIVE_INFINITY;
  let established = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    first = Math.min(first, time(0, true));
    last = Math.min(last, time(services - 1, true));
  }
  for (let round = 0; round < rounds; round += 1)
    established = Math.min(established, time(0, false));
  return {
    services,
    first_us: hundredths(first),
    last_us: hundredths(last),
    established_us: hundredths(established),
  };
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
