/**
 * `conntrack -I`, `-U` and `-G`: makes an entry, changes entries, and looks one up.
 *
 * Spec: conntrack-tools 1.4.7, src/conntrack.c; net/netfilter/nf_conntrack_netlink.c, 6.18.
 * Not modelled: labels, helpers, masters, sequence adjustment; of an entry only its mark, timeout
 * and status can be changed.
 */
import { type Connection, Status } from "../../../netfilter/conntrack/connection.ts";
import type { Conntrack } from "../../../netfilter/conntrack/conntrack.ts";
import { stateNames } from "../../../netfilter/conntrack/print.ts";
import { hasPorts, Tuple } from "../../../netfilter/conntrack/tuple.ts";
import { ANY_RANGE, Manip, type NatRange, singleAddress } from "../../../netfilter/nat/range.ts";
import type { Netfilter } from "../../../netfilter/netfilter.ts";
import { parseNumber, tryHost } from "../../../netfilter/text/values.ts";
import { IPPROTO_GRE, IPPROTO_ICMP } from "../../../wire/protocol-numbers.ts";
import { ToolError } from "../../command.ts";
import { statusBits } from "./filter.ts";
import { CONNTRACK_TOOL, type ConntrackOption, conntrackProblem } from "./options.ts";

/** What the options of a command say of an entry, by their names. */
class Wanted {
  readonly #values: ReadonlyMap<string, string>;
  readonly protocol: number;

  constructor(options: readonly ConntrackOption[]) {
    this.#values = new Map(options.map(({ name, value }) => [name, value]));
    this.protocol = options.at(-1)?.protocol ?? -1;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string {
    return this.#values.get(name) ?? "";
  }

  number(name: string): number {
    return parseNumber(this.text(name)) ?? 0;
  }

  address(name: string): number {
    return tryHost(this.text(name)) ?? 0;
  }

  /** The zone, and in which directions it counts (`Connection.setZone`). */
  zone(): readonly [zone: number, directions: number] {
    if (this.has("orig-zone")) return [this.number("orig-zone"), 1];
    if (this.has("reply-zone")) return [this.number("reply-zone"), 2];
    return [this.number("zone"), 3];
  }

  /** The tuple of the first direction, as far as it is given. */
  original(): Tuple {
    const tuple = new Tuple();
    const source = this.address("orig-src");
    tuple.set(source, this.address("orig-dst"), this.#ports("orig"), this.protocol);
    return tuple;
  }

  /** The tuple of the other direction: what is not given is taken from the first. */
  reply(original: Tuple): Tuple {
    const tuple = new Tuple();
    tuple.invert(original);
    if (this.has("reply-src")) tuple.source = this.address("reply-src");
    if (this.has("reply-dst")) tuple.destination = this.address("reply-dst");
    if (this.has("reply-port-src") || this.has("reply-port-dst"))
      tuple.ports = this.#ports("reply");
    return tuple;
  }

  #ports(side: "orig" | "reply"): number {
    if (this.protocol === IPPROTO_ICMP) {
      const typeAndCode = (this.number("icmp-type") << 8) | this.number("icmp-code");
      return (this.number("icmp-id") << 16) | typeAndCode;
    }
    if (!hasPorts(this.protocol)) return 0;
    return (this.number(`${side}-port-src`) << 16) | (this.number(`${side}-port-dst`) & 0xffff);
  }
}

/** Makes the entry that the options describe, unless it is there and `mayExist`; returns how many. */
export function createEntry(
  netfilter: Netfilter,
  options: readonly ConntrackOption[],
  mayExist: boolean,
  portId: number,
): number {
  const wanted = new Wanted(options);
  requireOptions(wanted, ["protonum", "timeout"]);
  requireFlow(wanted);
  const { conntrack, nat } = netfilter;
  const original = wanted.original();
  const reply = wanted.reply(original);
  const [zone, directions] = wanted.zone();
  if (wanted.number("zone") !== 0 && directions !== 3) {
    throw operationFailed(mayExist ? "Invalid argument" : "invalid parameters");
  }
  if (original.source === 0 || original.destination === 0 || !original.hasAnswer) {
    throw operationFailed("invalid parameters");
  }
  const originalZone = (directions & 1) === 0 ? 0 : zone;
  const replyZone = (directions & 2) === 0 ? 0 : zone;
  const isThere =
    conntrack.lookup.findIn(original, originalZone) !== null ||
    conntrack.lookup.findIn(reply, replyZone) !== null;
  if (isThere) {
    if (mayExist) return 0;
    throw operationFailed("Such conntrack exists, try -U to update");
  }
  if ((statusBits(wanted.text("status")) & Status.EXPECTED) !== 0) {
    throw operationFailed("Device or resource busy");
  }
  const made = conntrack.insert(original, wanted.number("timeout"), portId, (connection) => {
    connection.reply.copy(reply);
    connection.setZone(zone, directions);
    connection.mark = markOf(wanted.text("mark"), 0);
    connection.status |= statusBits(wanted.text("status"));
    connection.state = Math.max(0, stateNames(wanted.protocol).indexOf(wanted.text("state")));
    if (!NAT_OPTIONS.some(([option]) => wanted.text(option) !== "")) return;
    // Once one side is translated, the other has to be free as well.
    for (const [option, manip] of NAT_OPTIONS) {
      const text = wanted.text(option);
      if (text === "") nat.bindNull(connection, manip);
      else nat.setUp(connection, natRange(text), manip);
    }
  });
  if (made === null) throw operationFailed("Cannot allocate memory");
  return 1;
}

const NAT_OPTIONS = [
  ["dst-nat", Manip.DESTINATION],
  ["src-nat", Manip.SOURCE],
] as const;

function natRange(text: string): NatRange {
  const [host = "", port] = text.split(":");
  const range = singleAddress(tryHost(host) ?? 0);
  if (port === undefined) return range;
  const number = parseNumber(port) ?? 0;
  return { ...ANY_RANGE, ...range, hasPorts: true, minPort: number, maxPort: number };
}

/** The entry that the options name. */
export function findEntry(conntrack: Conntrack, options: readonly ConntrackOption[]): Connection {
  const wanted = new Wanted(options);
  requireOptions(wanted, ["protonum"]);
  requireFlow(wanted, false);
  const original = wanted.original();
  const found = conntrack.lookup.findIn(original, wanted.number("zone"));
  if (found === null) throw operationFailed("such conntrack doesn't exist");
  return found;
}

/** Changes an entry as the options say; false if it is so already. */
export function updateEntry(
  conntrack: Conntrack,
  connection: Connection,
  options: readonly ConntrackOption[],
  portId: number,
): boolean {
  const wanted = new Wanted(options);
  const mark = wanted.has("mark") ? markOf(wanted.text("mark"), connection.mark) : connection.mark;
  const status = connection.status | statusBits(wanted.text("status"));
  const isSame = mark === connection.mark && status === connection.status;
  if (isSame && !wanted.has("timeout")) return false;
  if (!ADDRESSES.some((name) => wanted.has(name))) {
    // Without an address the tool asks the kernel for more than that changes.
    const problem = "Operation failed: Operation not supported\n";
    throw new ToolError(`${problem}${CONNTRACK_TOOL}: ${problem}`, 1);
  }
  connection.mark = mark;
  connection.status = status;
  if (wanted.has("timeout")) conntrack.refresh(connection, wanted.number("timeout"));
  conntrack.events.tell("UPDATE", connection, portId);
  return true;
}

const ADDRESSES = ["orig-src", "orig-dst", "reply-src", "reply-dst"];

/** `VALUE`, or `VALUE/MASK` for some of the bits. */
function markOf(text: string, before: number): number {
  const [value = "", mask] = text.split("/");
  const bits = mask === undefined ? -1 : (parseNumber(mask) ?? 0) | 0;
  return (before & ~bits) ^ ((parseNumber(value) ?? 0) | 0);
}

function requireOptions(wanted: Wanted, names: readonly string[]): void {
  for (const name of names) {
    if (wanted.has(name)) continue;
    throw conntrackProblem(`You need to supply the \`--${name}' option for this command`);
  }
}

/** What each protocol asks for. */
function requireFlow(wanted: Wanted, isNew = true): void {
  const { protocol } = wanted;
  const isReply = wanted.has("reply-src") || wanted.has("reply-dst");
  if (isReply && !(wanted.has("reply-src") && wanted.has("reply-dst"))) {
    throw conntrackProblem("you have to specify `--reply-src' and `--reply-dst'");
  }
  if (!isReply && !(wanted.has("orig-src") && wanted.has("orig-dst"))) {
    throw conntrackProblem("you have to specify `--src' and `--dst'");
  }
  if (protocol === IPPROTO_ICMP) requireOptions(wanted, ["icmp-type", "icmp-code"]);
  else if (protocol === IPPROTO_GRE) {
    if (!wanted.has("orig-key-src") || !wanted.has("orig-key-dst")) {
      throw conntrackProblem("you have to specify `--srckey' and `--dstkey'");
    }
  } else if (hasPorts(protocol)) {
    const isGiven = (side: string): boolean =>
      wanted.has(`${side}-port-src`) && wanted.has(`${side}-port-dst`);
    if (!isGiven("orig") && !isGiven("reply")) {
      throw conntrackProblem("you have to specify `--sport' and `--dport'");
    }
    if (isNew && stateNames(protocol).length > 0) requireOptions(wanted, ["state"]);
  }
}

function operationFailed(problem: string): ToolError {
  return new ToolError(`${CONNTRACK_TOOL}: Operation failed: ${problem}`, 1);
}
