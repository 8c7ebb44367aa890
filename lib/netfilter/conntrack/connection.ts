/**
 * One connection: the tuples of both directions, its status and state, and when it ends. A frame
 * that belongs to it carries it (`frame.conntrack`) with one of the `Info` values.
 *
 * Kernel: include/net/netfilter/nf_conntrack.h (struct nf_conn),
 * include/uapi/linux/netfilter/nf_conntrack_common.h, 6.18.
 */
import { type Frame, FrameAttachment } from "../../wire/frame.ts";
import type { Conntrack } from "./conntrack.ts";
import { Tuple } from "./tuple.ts";

/** How a packet belongs to its connection (`enum ip_conntrack_info`). */
export const Info = {
  ESTABLISHED: 0,
  RELATED: 1,
  NEW: 2,
  ESTABLISHED_REPLY: 3,
  RELATED_REPLY: 4,
  UNTRACKED: 7,
} as const;

/** From this value on a packet goes in the reply direction. */
const FIRST_REPLY_INFO = Info.ESTABLISHED_REPLY;

/** Directions. */
export const Direction = { ORIGINAL: 0, REPLY: 1 } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

/** Bits of `status` (`IPS_*`). */
export const Status = {
  EXPECTED: 0x1,
  SEEN_REPLY: 0x2,
  ASSURED: 0x4,
  CONFIRMED: 0x8,
  SRC_NAT: 0x10,
  DST_NAT: 0x20,
  SRC_NAT_DONE: 0x80,
  DST_NAT_DONE: 0x100,
  DYING: 0x200,
  FIXED_TIMEOUT: 0x400,
  TEMPLATE: 0x800,
  NAT_CLASH: 0x1000,
} as const;

/** Whether listeners hear of a connection, and whether there is something to tell. */
export const News = { NONE: 0, TOLD: 1, PENDING: 2 } as const;
export type News = (typeof News)[keyof typeof News];

/** Both bits of NAT that change something. */
export const NAT_MASK = Status.SRC_NAT | Status.DST_NAT;

/** Packets and bytes of one connection, kept if `nf_conntrack_acct` is on. */
export class Accounting {
  readonly packets: [number, number] = [0, 0];
  readonly bytes: [number, number] = [0, 0];
}

/** Zone 0 in both directions. */
const ZONE_BOTH = 3 << 16;

/** A connection. */
export class Connection extends FrameAttachment {
  readonly #conntrack: Conntrack;
  /** The tuple of the first packet. */
  readonly original = new Tuple();
  /** The tuple that an answer has, which NAT may have changed. */
  readonly reply = new Tuple();
  /** The zone, and above it in which directions it counts; together, for there may be many. */
  #zoneBits = ZONE_BOTH;
  /** Order of creation; prints as `id`. */
  id = 0;
  status = 0;
  mark = 0;
  /** The tick at which it ends; before it is confirmed, how many ticks it will live. */
  timeout = 0;
  /** The protocol's state: of TCP and SCTP, or the time from which a UDP stream counts as one. */
  state = 0;
  /** Row of TCP's window tracking, or -1. */
  row = -1;
  /** The connection to which this one is related, or null. */
  master: Connection | null = null;
  accounting: Accounting | null = null;
  /** Interface index to which the connection is masqueraded, or 0. */
  masqueradeIndex = 0;
  /** The next connection of the same source, in NAT's index. */
  nextBySource: Connection | null = null;
  /** Position in the table of connections, or -1 while it is not confirmed. */
  slot = -1;
  /** Frames that carry it. */
  uses = 0;
  /** What listeners are told of it, as somebody listened or not when it was made. */
  news: News = News.NONE;

  constructor(conntrack: Conntrack) {
    super();
    this.#conntrack = conntrack;
  }

  get zone(): number {
    return this.#zoneBits & 0xffff;
  }

  /** In which directions the zone counts: bit 0 original, bit 1 reply. */
  get zoneDirections(): number {
    return this.#zoneBits >>> 16;
  }

  setZone(zone: number, directions: number): void {
    this.#zoneBits = (directions << 16) | zone;
  }

  get confirmed(): boolean {
    return (this.status & Status.CONFIRMED) !== 0;
  }

  /** The tuple of a direction. @hot */
  tuple(direction: Direction): Tuple {
    return direction === Direction.ORIGINAL ? this.original : this.reply;
  }

  /** The zone in which a direction's tuple is looked up. @hot */
  zoneOf(direction: Direction): number {
    return (this.zoneDirections & (1 << direction)) !== 0 ? this.zone : 0;
  }

  override onCopy(): void {
    this.uses += 1;
  }

  override onRelease(): void {
    this.uses -= 1;
    if (this.uses === 0 && this.slot === -1) this.#conntrack.free(this);
  }
}

/** The connection that a frame carries, or null. */
export function connectionOf(frame: Frame): Connection | null {
  const attachment = frame.conntrack;
  return attachment instanceof Connection ? attachment : null;
}

/** The direction in which a packet with `info` goes. @hot */
export function directionOf(info: number): Direction {
  return info >= FIRST_REPLY_INFO ? Direction.REPLY : Direction.ORIGINAL;
}

/**
 * Gives a packet that a host makes in answer to `cause`, an ICMP error or a reset, the connection of
 * `cause`, as related to it in the other direction (`nf_ct_attach`).
 */
export function attachAnswer(answer: Frame, cause: Frame): void {
  const connection = connectionOf(cause);
  if (connection === null) return;
  const isReply = directionOf(cause.conntrackInfo) === Direction.REPLY;
  answer.attach(connection, isReply ? Info.RELATED : Info.RELATED_REPLY);
}
