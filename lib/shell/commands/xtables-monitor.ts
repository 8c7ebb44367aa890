/**
 * `xtables-monitor --trace`: the way of packets that a TRACE rule has met, as they go it.
 *
 * Spec: iptables 1.8.9, xtables-monitor(8).
 * Not modelled: --event, counters, two monitors of one host at the same time.
 */
import { formatRecord, TraceListener, type TraceRecord } from "../../netfilter/trace.ts";
import { WaitQueue, waitFor } from "../../sim/process.ts";
import { type Command, notModelled, ToolError } from "../command.ts";

const USAGE = `xtables-monitor 1.8.9 (nf_tables)
Usage: xtables-monitor [ -t | -e ]
        --trace    -t    trace ruleset traversal of packets tagged via -j TRACE rule
        --event    -e    show events that modify the ruleset
Optional arguments:
        --ipv4     -4    only monitor IPv4
        --ipv6     -6    only monitor IPv6
\t--counters -c    show counters in rules
`;

export const xtablesMonitor: Command = {
  name: "xtables-monitor",
  parse(args) {
    let isTrace = false;
    for (const word of args) {
      if (word === "--trace" || word === "-t") isTrace = true;
      else if (word !== "--ipv4" && word !== "-4") {
        throw notModelled("xtables-monitor", word, "options are --trace -t --ipv4 -4");
      }
    }
    if (!isTrace) throw new ToolError(USAGE, 1);
    return function* ({ host: { netfilter, namespace }, io, signal }) {
      if (netfilter.trace !== null) {
        throw notModelled("xtables-monitor", "a second one", "one on each host");
      }
      let before: TraceRecord | null = null;
      netfilter.trace = new TraceListener(namespace.cpu, (record) => {
        io.stdout(formatRecord(record, before));
        before = record;
      });
      try {
        yield waitFor([signal?.waitQueue ?? new WaitQueue()]);
        return 0;
      } finally {
        netfilter.trace = null;
      }
    };
  },
};
