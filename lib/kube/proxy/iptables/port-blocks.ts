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

/** Of a port that is not there. */
export const NO_BLOCKS: PortBlocks = {
  filter: null,
  shared: null,
  own: null,
  declared: null,
  chains: [],
};

/** All that rules of a port were written from. */
export interface WrittenFrom {
  readonly port: ServicePort;
  readonly endpoints: readonly (readonly Endpoint[])[];
  /** All settings that matter, as one text. */
  readonly settings: string;
}

interface Known extends WrittenFrom {
  readonly blocks: PortBlocks;
}

const written = new WeakMap<ServicePort, Known[]>();
/** As many of each port are remembered: nodes are not all at the same sync, nor at the same place. */
const MAX_KNOWN = 16;

/** The blocks that were written from the same things, or those of `write`. */
export function sharedBlocks(from: WrittenFrom, write: () => PortRules): PortBlocks {
  const before = written.get(from.port) ?? [];
  const at = before.findIndex((one) => isSame(one, from));
  const known = at === -1 ? { ...from, blocks: portBlocks(write()) } : before[at];
  if (known === undefined) return NO_BLOCKS;
  if (at === 0) return known.blocks;
  const others = before.filter((one) => one !== known).slice(0, MAX_KNOWN - 1);
  written.set(from.port, [known, ...others]);
  return known.blocks;
}

function isSame(a: WrittenFrom, b: WrittenFrom): boolean {
  return (
    a.settings === b.settings &&
    a.endpoints.every((list, index) => sameEndpoints(list, b.endpoints[index] ?? []))
  );
}

function sameEndpoints(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return a === b || (a.length === b.length && a.every((one, index) => one === b[index]));
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
