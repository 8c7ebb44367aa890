/**
 * Putting fragments together. Each user (local delivery, conntrack) has queues of its own. Pieces
 * that overlap without being repetitions destroy the packet, as an attack would look like that.
 *
 * Spec: RFC 791 §3.2, RFC 5722 §4 (overlaps). Kernel: net/ipv4/ip_fragment.c (ip_frag_queue,
 * ip_frag_reasm, ip_expire), net/ipv4/inet_fragment.c (inet_frag_queue_insert), 6.18.
 */
import { NS_PER_S } from "../base/units.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import { type Frame, HEADROOM } from "../wire/frame.ts";
import { ICMP_TIME_EXCEEDED, TIME_EXCEEDED_REASSEMBLY } from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { FragmentQueue, type FragmentQueueOwner, type Piece } from "./fragment-queue.ts";
import { FRAGMENT_PMTU } from "./ip-flags.ts";
import type { Namespace } from "./namespace.ts";
import { routeOf } from "./route.ts";

/** The user that delivers to this host; netfilter's users have the numbers of `DefragUser`. */
export const LOCAL_DELIVERY = -1;

const MAX_PACKET = 0xffff;
/** How many senders are remembered at a time (`inet_peer_threshold`). */
const MAX_SENDERS = 65_664;
/** What the ECN bits of fragments come to: index is the set of bits seen (`ip_frag_ecn_table`). */
const ECN_INVALID = 0xff;

/** Reassembly on one host. */
export class Reassembly implements FragmentQueueOwner {
  readonly #namespace: Namespace;
  readonly #queues = new Map<string, FragmentQueue>();
  /** Fragments seen by sender, for `ipfrag_max_dist`. */
  readonly #senders = new Map<number, number>();
  #memory = 0;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** How many packets are incomplete. */
  get pending(): number {
    return this.#queues.size;
  }

  /**
   * Takes a fragment that came in by `device`; returns the whole packet once it is there, with
   * `start`, `l3` and `l4` set, or null.
   */
  receive(frame: Frame, user: number, device: NetDevice): Frame | null {
    const { snmp, drops } = this.#namespace;
    snmp.ip.ReasmReqds += 1;
    const queue = this.#find(frame, user, device);
    if (queue === null) {
      snmp.ip.ReasmFails += 1;
      frame.drop(DropReason.NOMEM, drops);
      return null;
    }
    if (this.#isTooFar(queue, frame)) this.#restart(queue);
    queue.device = device;
    const reason = this.#insert(queue, frame);
    if (reason !== null) {
      if (reason !== DropReason.DUP_FRAG) {
        this.#kill(queue, DropReason.NOT_SPECIFIED);
        snmp.ip.ReasmFails += 1;
      }
      frame.drop(reason, drops);
      return null;
    }
    const { route } = frame;
    frame.route = null;
    const [first] = queue.pieces;
    const complete = queue.hasLast && first?.offset === 0 && queue.received === queue.length;
    const whole = complete ? this.#assemble(queue) : null;
    // The packet goes on along the route of the fragment that completed it.
    if (whole !== null) whole.route = route;
    return whole;
  }

  /** The rest has not come in time; used by the queue's timer. */
  expire(queue: FragmentQueue): void {
    const { snmp, icmp } = this.#namespace;
    snmp.ip.ReasmFails += 1;
    snmp.ip.ReasmTimeout += 1;
    const [first] = queue.pieces;
    if (first !== undefined && first.offset === 0 && this.#isForThisHost(queue, first.frame)) {
      icmp.sendError(first.frame, ICMP_TIME_EXCEEDED, TIME_EXCEEDED_REASSEMBLY, 0);
    }
    this.#kill(queue, DropReason.FRAG_REASM_TIMEOUT);
  }

  #find(frame: Frame, user: number, device: NetDevice): FragmentQueue | null {
    const { view, l3 } = frame;
    const key = [
      user,
      ipv4.source(view, l3),
      ipv4.destination(view, l3),
      ipv4.protocol(view, l3),
      ipv4.id(view, l3),
    ].join();
    const found = this.#queues.get(key);
    if (found !== undefined) return found;
    const { conf } = this.#namespace;
    if (conf.ipfragHighThresh === 0 || this.#memory > conf.ipfragHighThresh) return null;
    const queue = new FragmentQueue(this, this.#namespace.cpu, key, user, device);
    queue.timer.armNs(conf.ipfragTime * NS_PER_S);
    this.#queues.set(key, queue);
    return queue;
  }

  /** Whether so many fragments of the sender came between that the identification was reused. */
  #isTooFar(queue: FragmentQueue, frame: Frame): boolean {
    const limit = this.#namespace.conf.ipfragMaxDist;
    if (limit === 0) return false;
    const sender = ipv4.source(frame.view, frame.l3);
    const count = (this.#senders.get(sender) ?? 0) + 1;
    if (this.#senders.size >= MAX_SENDERS) this.#senders.clear();
    this.#senders.set(sender, count);
    const distance = count - queue.senderCount;
    queue.senderCount = count;
    return queue.pieces.length > 0 && distance > limit;
  }

  #restart(queue: FragmentQueue): void {
    this.#namespace.snmp.ip.ReasmFails += 1;
    this.#release(queue, DropReason.FRAG_TOO_FAR);
    queue.timer.armNs(this.#namespace.conf.ipfragTime * NS_PER_S);
    queue.length = 0;
    queue.hasLast = false;
    queue.received = 0;
    queue.ecnSeen = 0;
  }

  /** Null if the fragment was kept; DUP_FRAG ends it alone, other reasons the whole queue. */
  #insert(queue: FragmentQueue, frame: Frame): DropReason | null {
    const { view, l3, l4 } = frame;
    const word = ipv4.fragment(view, l3);
    const offset = (word & ipv4.FRAGMENT_OFFSET_MASK) * 8;
    let end = offset + frame.end - l4;
    if ((word & ipv4.FLAG_MF) === 0) {
      if (end < queue.length || (queue.hasLast && end !== queue.length)) {
        return DropReason.NOT_SPECIFIED;
      }
      queue.hasLast = true;
      queue.length = end;
    } else {
      end -= end & 7;
      if (end > queue.length) {
        if (queue.hasLast) return DropReason.NOT_SPECIFIED;
        queue.length = end;
      }
    }
    if (end <= offset) return DropReason.NOT_SPECIFIED;
    const refusal = this.#place(queue, { frame, offset, end });
    if (refusal !== null) return refusal;
    frame.trim(l4 + end - offset);
    queue.received += end - offset;
    queue.ecnSeen |= 1 << (ipv4.tos(view, l3) & 3);
    const size = frame.end - l3;
    queue.maxSize = Math.max(queue.maxSize, size);
    if ((word & ipv4.FLAG_DF) !== 0) queue.maxDfSize = Math.max(queue.maxDfSize, size);
    queue.memory += frame.bytes.length;
    this.#memory += frame.bytes.length;
    return null;
  }

  #place(queue: FragmentQueue, piece: Piece): DropReason | null {
    const { pieces } = queue;
    const behind = pieces.findIndex((other) => other.end > piece.offset);
    if (behind === -1) {
      pieces.push(piece);
      return null;
    }
    const neighbour = pieces[behind];
    if (neighbour === undefined || neighbour.offset >= piece.end) {
      pieces.splice(behind, 0, piece);
      return null;
    }
    if (neighbour.offset <= piece.offset && runEnd(pieces, behind) >= piece.end) {
      return DropReason.DUP_FRAG;
    }
    this.#namespace.snmp.ipExt.ReasmOverlaps += 1;
    return DropReason.NOT_SPECIFIED;
  }

  #assemble(queue: FragmentQueue): Frame | null {
    const { snmp, pool } = this.#namespace;
    const [first] = queue.pieces;
    const ecn = ecnOf(queue.ecnSeen);
    if (first === undefined) return null;
    const head = first.frame;
    const headerSize = ipv4.headerSize(head.view, head.l3);
    const total = headerSize + queue.length;
    if (ecn === ECN_INVALID || total > MAX_PACKET) {
      snmp.ip.ReasmFails += 1;
      this.#kill(queue, DropReason.NOT_SPECIFIED);
      return null;
    }
    const whole = pool.take(HEADROOM + total);
    whole.copyMetadata(head);
    whole.start = HEADROOM;
    whole.l3 = HEADROOM;
    whole.l2 = HEADROOM - (head.l3 - head.l2);
    whole.l4 = HEADROOM + headerSize;
    whole.end = HEADROOM + total;
    head.bytes.copy(whole.bytes, whole.l2, head.l2, head.l4);
    const sizes: number[] = [];
    for (const { frame, offset, end } of queue.pieces) {
      frame.bytes.copy(whole.bytes, whole.l4 + offset, frame.l4, frame.l4 + end - offset);
      sizes.push(end - offset);
      if (!frame.checksumVerified) whole.checksumVerified = false;
    }
    this.#finishHeader(queue, whole, total, ecn);
    if (queue.user !== LOCAL_DELIVERY) whole.fragmentSizes = sizes;
    snmp.ip.ReasmOKs += 1;
    this.#consume(queue);
    return whole;
  }

  #finishHeader(queue: FragmentQueue, whole: Frame, total: number, ecn: number): void {
    const { view, l3 } = whole;
    whole.fragmentMaxSize = Math.max(queue.maxDfSize, queue.maxSize);
    const keepsDf = queue.maxDfSize === queue.maxSize;
    if (keepsDf) whole.ipFlags |= FRAGMENT_PMTU;
    if (ecn !== 0) view.setUint8(l3 + 1, view.getUint8(l3 + 1) | ecn);
    ipv4.setFragment(view, l3, total, ipv4.id(view, l3), keepsDf ? ipv4.FLAG_DF : 0);
    ipv4.finishHeader(view, l3);
  }

  /** The pieces have been copied: they have reached their destination. */
  #consume(queue: FragmentQueue): void {
    for (const { frame } of queue.pieces) frame.deliver();
    queue.pieces = [];
    this.#kill(queue, DropReason.NOT_SPECIFIED);
  }

  #kill(queue: FragmentQueue, reason: DropReason): void {
    queue.timer.dispose();
    this.#queues.delete(queue.key);
    this.#release(queue, reason);
  }

  #release(queue: FragmentQueue, reason: DropReason): void {
    for (const { frame } of queue.pieces) frame.drop(reason, this.#namespace.drops);
    queue.pieces = [];
    this.#memory -= queue.memory;
    queue.memory = 0;
  }

  /** Only the packet's destination tells the sender of a timeout (RFC 792). */
  #isForThisHost(queue: FragmentQueue, frame: Frame): boolean {
    const { view, l3 } = frame;
    frame.route = null;
    const reason = this.#namespace.routing.input(
      frame,
      ipv4.destination(view, l3),
      ipv4.source(view, l3),
      ipv4.tos(view, l3) & 0xfc,
      queue.device,
    );
    if (reason !== null) return false;
    return queue.user === LOCAL_DELIVERY || routeOf(frame)?.type === AddressType.LOCAL;
  }
}

/** Where the pieces that follow one another without a gap from `index` on end. */
function runEnd(pieces: readonly Piece[], index: number): number {
  let end = pieces[index]?.end ?? 0;
  for (let next = index + 1; pieces[next]?.offset === end; next += 1)
    end = pieces[next]?.end ?? end;
  return end;
}

/** The ECN bits of the whole; `seen` has a bit for each codepoint that occurred (RFC 3168 §5.3). */
function ecnOf(seen: number): number {
  const notEct = (seen & 1) !== 0;
  const ce = (seen & 8) !== 0;
  if (!ce) return 0;
  return notEct ? ECN_INVALID : 3;
}
