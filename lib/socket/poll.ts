/**
 * Readiness of several sockets at once, as `poll` gives it.
 *
 * Kernel: fs/select.c (do_poll), include/uapi/asm-generic/poll.h, 6.18.
 */
import type { Ns } from "../base/units.ts";
import { type Program, type WaitQueue, waitFor } from "../sim/process.ts";

export const POLLIN = 0x001;
export const POLLOUT = 0x004;
export const POLLERR = 0x008;
export const POLLHUP = 0x010;
export const POLLRDHUP = 0x2000;

/** What can be polled: every socket, a pipe, a child. */
export interface Pollable {
  /** Bits POLL… that hold now. */
  readiness(): number;
  /** Woken whenever they may have changed. */
  readonly waitQueue: WaitQueue;
}

/** One thing to wait for. */
export interface PollRequest {
  readonly on: Pollable;
  /** POLLIN, POLLOUT …; errors and hang-ups are always reported. */
  readonly events: number;
}

/**
 * Waits until one of the requests holds; returns what holds for each, in order. All are 0 after
 * `timeoutNs`.
 */
export function* poll(
  requests: readonly PollRequest[],
  timeoutNs: Ns = Number.POSITIVE_INFINITY,
): Program<number[]> {
  let woken = true;
  for (;;) {
    const found = requests.map(({ on, events }) => on.readiness() & (events | POLLERR | POLLHUP));
    if (!woken || timeoutNs === 0 || found.some((bits) => bits !== 0)) return found;
    woken = yield waitFor(
      requests.map(({ on }) => on.waitQueue),
      timeoutNs,
    );
  }
}
