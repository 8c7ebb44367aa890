/**
 * The states of connections that rules name: bits, and their spelling.
 *
 * Kernel: include/uapi/linux/netfilter/xt_conntrack.h (XT_CONNTRACK_STATE_*), 6.18; iptables 1.8.9,
 * extensions/libxt_conntrack.c (conntrack_parse_state, print_state).
 */
import { type Connection, Info, Status } from "../conntrack/connection.ts";
import { refuse } from "../text/errors.ts";

/** Bits of `--ctstate`, in the order in which they are printed. */
const INVALID = 1;
const NEW = 2;
const RELATED = 4;
const ESTABLISHED = 8;
const UNTRACKED = 16;
/** The connection has another source, or destination, in its answers. */
export const SNAT = 32;
export const DNAT = 64;
const STATE_NAMES = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"];

/** The states that a packet is in; `info` is how it belongs to its connection. @hot */
export function stateBits(connection: Connection | null, info: number): number {
  if (connection === null) return info === Info.UNTRACKED ? UNTRACKED : INVALID;
  let bits = NEW;
  if (info === Info.RELATED || info === Info.RELATED_REPLY) bits = RELATED;
  else if (info === Info.ESTABLISHED || info === Info.ESTABLISHED_REPLY) bits = ESTABLISHED;
  if ((connection.status & Status.SRC_NAT) !== 0) bits |= SNAT;
  if ((connection.status & Status.DST_NAT) !== 0) bits |= DNAT;
  return bits;
}

/** As they are printed. */
export function stateNames(states: number): string {
  return STATE_NAMES.filter((_name, bit) => (states & (1 << bit)) !== 0).join(",");
}

/** `STATE,…`, of the first `known` states; `option` is for messages. */
export function parseStates(option: string, text: string, known = STATE_NAMES.length): number {
  const names = STATE_NAMES.slice(0, known);
  let states = 0;
  const words = text.split(",");
  for (const [index, word] of words.entries()) {
    const bit = names.indexOf(word.toUpperCase());
    if (bit === -1) {
      const rest = words.slice(index).join();
      refuse(`Bad ${option} "${rest}"`, `states are ${names.join(", ")}`);
    }
    states |= 1 << bit;
  }
  return states;
}
