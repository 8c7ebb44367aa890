/**
 * One neighbour: who has an address on a link, and how sure that is. The state machine of neighbour
 * unreachability detection, the queue of packets that wait for an answer, and the way out of the
 * host for every unicast packet.
 *
 *     NONE ──▶ INCOMPLETE ──reply──▶ REACHABLE ──time──▶ STALE ──use──▶ DELAY ──5 s──▶ PROBE
 *                  │ 3 requests          ▲                                │              │
 *                  ▼                     └──────── confirmed ─────────────┴──── reply ───┤
 *                FAILED ◀──────────────────── 3 unanswered ──────────────────────────────┘
 *
 * Kernel: net/core/neighbour.c (__neigh_event_send, neigh_timer_handler, __neigh_update), 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import { type Mac, ZERO_MAC } from "../base/mac.ts";
import { NS_PER_MS, NS_PER_S, type Ns } from "../base/units.ts";
import type { NetDevice } from "../link/device.ts";
import { DropReason } from "../sim/drop-reason.ts";
import { jiffiesAt } from "../sim/jiffies.ts";
import { type Timer, WheelTimer } from "../sim/timer.ts";
import * as ethernet from "../wire/ethernet.ts";
import type { Frame } from "../wire/frame.ts";
import type { InetDevice } from "./inet-device.ts";
import type { Namespace } from "./namespace.ts";
import { NeighbourQueue } from "./neighbour-queue.ts";
import { NUD_CONNECTED, NUD_IN_TIMER, NUD_VALID, Nud } from "./nud.ts";

/** How `update` treats a link address that differs from the known one. */
export interface UpdateFlags {
  readonly override: boolean;
  /** An administrator's word, which is above everything. */
  readonly admin: boolean;
}

/** The least time between two questions. */
const MIN_RETRANSMIT: Ns = 10 * NS_PER_MS;

/** An entry of the neighbour table. */
export class Neighbour {
  readonly address: Ipv4;
  readonly owner: InetDevice;
  readonly device: NetDevice;
  mac: Mac = ZERO_MAC;
  state: Nud = Nud.NONE;
  /** It was taken out of the table; routes must look it up again. */
  dead = false;
  /** Times of the last confirmation, use and change. */
  confirmedAt: Ns;
  usedAt: Ns;
  updatedAt: Ns;
  /** Questions asked since the last answer. */
  probes = 0;
  readonly #namespace: Namespace;
  readonly #timer: WheelTimer;
  readonly #queue: NeighbourQueue;

  constructor(namespace: Namespace, owner: InetDevice, address: Ipv4) {
    this.#namespace = namespace;
    this.owner = owner;
    this.device = owner.device;
    this.address = address;
    const { now } = namespace.cpu;
    this.confirmedAt = now;
    this.usedAt = now;
    this.updatedAt = now;
    this.#timer = new WheelTimer(namespace.cpu, this);
    this.#queue = new NeighbourQueue(namespace.drops);
  }

  /** Whether its state ends by itself. */
  get isTimed(): boolean {
    return this.#timer.armed;
  }

  /** How many packets wait for an answer. */
  get queued(): number {
    return this.#queue.length;
  }

  /**
   * Sends a packet, `start` at its network header, to this neighbour; takes it. False if it went
   * out at once and the line refused it. @hot
   */
  output(frame: Frame): boolean {
    if ((this.state & NUD_CONNECTED) === 0 && !this.#mayUse(frame)) return true;
    const at = frame.push(ethernet.ETHERNET_SIZE);
    ethernet.write(frame.view, at, this.mac, this.device.mac, frame.protocol);
    return this.device.queueXmit(frame);
  }

  /** A transport has heard from the neighbour (MSG_CONFIRM, a new ACK). @hot */
  confirm(): void {
    this.confirmedAt = this.#namespace.cpu.now;
  }

  /** Asks for the neighbour's link address if it is not known (`neigh_event_send` without packet). */
  solicit(): void {
    if ((this.state & (NUD_CONNECTED | Nud.DELAY | Nud.PROBE)) === 0) this.#event(null);
  }

  /** New knowledge: from ARP, or from an administrator (`neigh_update`). */
  update(mac: Mac | null, to: Nud, flags: UpdateFlags): void {
    const before = this.state;
    if (!flags.admin && (before & (Nud.NOARP | Nud.PERMANENT)) !== 0) return;
    if (this.dead) return;
    if ((to & NUD_VALID) === 0) {
      this.#becomeInvalid(to);
      return;
    }
    if (mac === null && (before & NUD_VALID) === 0) return;
    const link = mac ?? this.mac;
    const { now } = this.#namespace.cpu;
    if ((to & NUD_CONNECTED) !== 0) this.confirmedAt = now;
    let state = to;
    if ((before & NUD_VALID) !== 0) {
      if (link !== this.mac && !flags.override) return;
      if (link === this.mac && to === Nud.STALE && !flags.admin) state = before;
    }
    if (state !== before || link !== this.mac) this.updatedAt = now;
    if (state !== before) this.#enter(state);
    if (link !== this.mac) {
      this.mac = link;
      if ((state & NUD_CONNECTED) === 0) this.confirmedAt = now - 2 * this.#baseReachable;
    }
    if (state !== before && (before & NUD_VALID) === 0) this.#sendQueue();
  }

  /** Takes the entry out of use, with all that waits for it. */
  destroy(reason: DropReason = DropReason.NEIGH_DEAD): void {
    this.dead = true;
    this.#timer.dispose();
    this.#queue.purge(reason);
    this.state = Nud.NONE;
  }

  /** For the wheel timer. */
  expired(_timer: Timer): void {
    const { now } = this.#namespace.cpu;
    let next = now + NS_PER_S;
    if ((this.state & Nud.REACHABLE) !== 0) {
      if (now <= this.confirmedAt + this.owner.reachableTimeNs) {
        next = this.confirmedAt + this.owner.reachableTimeNs;
      } else if (now <= this.usedAt + this.#delayProbe) {
        this.#change(Nud.DELAY);
        next = now + this.#delayProbe;
      } else {
        this.#change(Nud.STALE);
      }
    } else if ((this.state & Nud.DELAY) !== 0) {
      if (now <= this.confirmedAt + this.#delayProbe) {
        this.#change(Nud.REACHABLE);
        next = this.confirmedAt + this.owner.reachableTimeNs;
      } else {
        this.#change(Nud.PROBE);
        this.probes = 0;
        next = now + this.#retransmit;
      }
    } else {
      next = now + this.#retransmit;
    }
    const asking = (this.state & (Nud.INCOMPLETE | Nud.PROBE)) !== 0;
    if (asking && this.probes >= this.#maxProbes) {
      this.#change(Nud.FAILED);
      this.#fail();
      return;
    }
    if ((this.state & NUD_IN_TIMER) !== 0) this.#armAt(Math.max(next, now + MIN_RETRANSMIT));
    if (asking) this.#probe();
  }

  get #baseReachable(): Ns {
    return this.owner.neighbourConf.baseReachableTimeMs * NS_PER_MS;
  }

  get #delayProbe(): Ns {
    return this.owner.neighbourConf.delayFirstProbeTime * NS_PER_S;
  }

  get #retransmit(): Ns {
    return Math.max(this.owner.neighbourConf.retransTimeMs * NS_PER_MS, MIN_RETRANSMIT);
  }

  get #maxProbes(): number {
    const { ucastSolicit, appSolicit, mcastResolicit, mcastSolicit } = this.owner.neighbourConf;
    const group = (this.state & Nud.PROBE) !== 0 ? mcastResolicit : mcastSolicit;
    return ucastSolicit + appSolicit + group;
  }

  /** Whether the packet may go at once; if not, it was kept or dropped. */
  #mayUse(frame: Frame): boolean {
    this.usedAt = this.#namespace.cpu.now;
    if ((this.state & (Nud.DELAY | Nud.PROBE)) !== 0) return true;
    return this.#event(frame);
  }

  #event(frame: Frame | null): boolean {
    const { now } = this.#namespace.cpu;
    let asks = false;
    if ((this.state & (Nud.STALE | Nud.INCOMPLETE)) === 0) {
      const { mcastSolicit, appSolicit, ucastSolicit } = this.owner.neighbourConf;
      if (mcastSolicit + appSolicit === 0) {
        this.#change(Nud.FAILED);
        frame?.drop(DropReason.NEIGH_FAILED, this.#namespace.drops);
        return false;
      }
      this.probes = ucastSolicit;
      this.#change(Nud.INCOMPLETE);
      asks = true;
      this.#armAt(now + this.#retransmit);
    } else if ((this.state & Nud.STALE) !== 0) {
      this.#change(Nud.DELAY);
      this.#armAt(now + this.#delayProbe);
    }
    const waits = (this.state & Nud.INCOMPLETE) !== 0;
    if (waits && frame !== null) {
      this.#queue.push(frame, this.owner.neighbourConf.unresQlenBytes);
    }
    if (asks) this.#probe();
    return !waits;
  }

  #probe(): void {
    this.#namespace.arp.solicit(this, this.#queue.newest);
    this.probes += 1;
  }

  #becomeInvalid(to: Nud): void {
    const before = this.state;
    this.#timer.stop();
    this.state = to;
    if ((before & (Nud.INCOMPLETE | Nud.PROBE)) !== 0 && (to & Nud.FAILED) !== 0) this.#fail();
  }

  /** Nobody answers: what waits goes back to its senders as "host unreachable". */
  #fail(): void {
    this.updatedAt = this.#namespace.cpu.now;
    while ((this.state & Nud.FAILED) !== 0) {
      const frame = this.#queue.shift();
      if (frame === null) break;
      this.#namespace.icmp.linkFailure(frame);
    }
    this.#queue.purge(DropReason.NEIGH_FAILED);
  }

  #sendQueue(): void {
    while ((this.state & NUD_VALID) !== 0) {
      const frame = this.#queue.shift();
      if (frame === null) break;
      this.output(frame);
    }
    this.#queue.purge(DropReason.NEIGH_DEAD);
  }

  #change(state: Nud): void {
    this.state = state;
    this.updatedAt = this.#namespace.cpu.now;
  }

  #enter(state: Nud): void {
    this.#timer.stop();
    if ((state & Nud.PROBE) !== 0) this.probes = 0;
    this.state = state;
    if ((state & NUD_IN_TIMER) === 0) return;
    const { now } = this.#namespace.cpu;
    this.#armAt((state & Nud.REACHABLE) !== 0 ? now + this.owner.reachableTimeNs : now);
  }

  #armAt(at: Ns): void {
    const { jiffies } = this.#namespace.cpu;
    this.#timer.armJiffies(Math.max(0, jiffiesAt(at) - jiffies));
  }
}
