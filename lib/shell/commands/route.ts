/**
 * `route` of net-tools: prints the main table.
 *
 * Spec: net-tools 2.10, lib/inet_gr.c (rprint_fib). Kernel: net/ipv4/fib_trie.c (fib_route_seq_show).
 */
import { formatIpv4, maskOf } from "../../base/inet.ts";
import type { FibEntry } from "../../net/fib-info.ts";
import { Table } from "../../net/fib-table.ts";
import { AddressType } from "../../netfilter/hooks.ts";
import { type Command, immediate, notModelled } from "../command.ts";
import { readOptions } from "../options.ts";

const HEAD =
  "Kernel IP routing table\n" +
  "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n";

/** The command. */
export const route: Command = {
  name: "route",
  parse(args) {
    const { options, words } = readOptions(args, {
      command: "route",
      letters: "ne",
      allowed: "route [-n]; use ip route for changes",
    });
    if (words[0] !== undefined) {
      throw notModelled("route", words[0], "route [-n]; use ip route for changes");
    }
    const numeric = options.some(([letter]) => letter === "n");
    return immediate(({ host, io }) => {
      io.stdout(HEAD);
      for (const entry of host.namespace.fib.table(Table.MAIN).entries()) {
        io.stdout(line(entry, numeric));
      }
      return 0;
    });
  },
};

function line(entry: FibEntry, numeric: boolean): string {
  const { destination, prefixLength, info, type } = entry;
  const [nexthop] = info.nexthops;
  const rejects = type === AddressType.UNREACHABLE || type === AddressType.PROHIBIT;
  const gateway = nexthop?.gateway ?? 0;
  const name =
    !numeric && destination === 0 && prefixLength === 0 ? "default" : formatIpv4(destination);
  const flags = `${rejects ? "!" : "U"}${gateway === 0 ? "" : "G"}${prefixLength === 32 ? "H" : ""}`;
  const via = rejects ? "-" : formatIpv4(gateway);
  const device = rejects ? "-" : (nexthop?.device?.name ?? "*");
  return (
    `${name.padEnd(15)} ${via.padEnd(15)} ${formatIpv4(maskOf(prefixLength)).padEnd(15)} ` +
    `${flags.padEnd(5)} ${String(info.priority).padEnd(6)} ${rejects ? "-" : "0"}        0 ${device}\n`
  );
}
