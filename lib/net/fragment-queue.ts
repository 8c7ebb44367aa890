/**
 * The fragments of one packet that have come so far, and the time until which the rest may come.
 *
 * Kernel: include/net/inet_frag.h (struct inet_frag_queue), net/ipv4/ip_fragment.c (struct ipq), 6.18.
 */
import type { NetDevice } from "../link/device.ts";
import type { Cpu } from "../sim/cpu.ts";
import { type Timer, type TimerOwner, WheelTimer } from "../sim/timer.ts";
import type { Frame } from "../wire/frame.ts";

/** One fragment in a queue: where its payload belongs. */
export interface Piece {
  readonly frame: Frame;
  readonly offset: number;
  readonly end: number;
}

/** Who is told that a queue's time is over. */
export interface FragmentQueueOwner {
  expire(queue: FragmentQueue): void;
}

/** The fragments of one packet. */
export class FragmentQueue implements TimerOwner {
  /** User, addresses, protocol and identification. */
  readonly key: string;
  readonly user: number;
  readonly timer: WheelTimer;
  /** By which the last fragment came in. */
  device: NetDevice;
  /** In order, without overlaps. */
  pieces: Piece[] = [];
  /** Length of the whole payload as far as known, and whether the last fragment has come. */
  length = 0;
  hasLast = false;
  /** Payload bytes that are there. */
  received = 0;
  /** A bit for each ECN codepoint that occurred. */
  ecnSeen = 0;
  /** Sizes of the largest fragment, and of the largest with DF, headers included. */
  maxSize = 0;
  maxDfSize = 0;
  /** Bytes of frame memory that it holds. */
  memory = 0;
  /** The sender's count of fragments when this queue last saw one. */
  senderCount = 0;
  readonly #owner: FragmentQueueOwner;

  constructor(owner: FragmentQueueOwner, cpu: Cpu, key: string, user: number, device: NetDevice) {
    this.#owner = owner;
    this.key = key;
    this.user = user;
    this.device = device;
    this.timer = new WheelTimer(cpu, this);
  }

  expired(_timer: Timer): void {
    this.#owner.expire(this);
  }
}
