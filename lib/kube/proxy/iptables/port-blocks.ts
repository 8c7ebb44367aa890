/**
 * The rules of a service port as blocks of text. A node that has written a port remembers them for
 * its next syncs; and as most ports have the same rules on all nodes, those are written once.
 */
import { LineBlock } from "../../../base/line-text.ts";
import type { Endpoint } from "../endpoint.ts";
import type { ServicePort } from "../service-port.ts";
import { declare } from "./base-rules.ts";
import type { PortRules } from "./port-rules.ts";

/** As `PortRules`; null where there are no lines. */
export interface PortBlocks {
  readonly filter: LineBlock | null;
  readonly shared: LineBlock | null;
  readonly own: LineBlock | null;
  /** Declares `chains`. */
  readonly declared: LineBlock | null;
  readonly chains: readonly string[];
}

/** What rules of a port were written from, if from nothing of the node. */
export interface WrittenFrom {
  readonly port: ServicePort;
  readonly endpoints: readonly Endpoint[];
  /** All settings that matter, as one text. */
  readonly settings: string;
}

interface Known extends WrittenFrom {
  readonly blocks: PortBlocks;
}

const written = new WeakMap<ServicePort, readonly Known[]>();
/** As many of each port are remembered: nodes are not all at the same sync. */
const MAX_KNOWN = 4;

/** The blocks that were written from the same things, or those of `write`. */
export function sharedBlocks(from: WrittenFrom, write: () => PortRules): PortBlocks {
  const { port, endpoints, settings } = from;
  const before = written.get(port) ?? [];
  for (const known of before) {
    if (known.endpoints === endpoints && known.settings === settings) return known.blocks;
  }
  const blocks = portBlocks(write());
  written.set(port, [{ port, endpoints, settings, blocks }, ...before.slice(0, MAX_KNOWN - 1)]);
  return blocks;
}

/** The rules as blocks of their own. */
export function portBlocks({ filter, shared, own, chains }: PortRules): PortBlocks {
  return {
    filter: linesOf(filter),
    shared: linesOf(shared),
    own: linesOf(own),
    declared: linesOf(chains.map(declare)),
    chains,
  };
}

function linesOf(lines: readonly string[]): LineBlock | null {
  return lines.length === 0 ? null : new LineBlock(lines);
}
