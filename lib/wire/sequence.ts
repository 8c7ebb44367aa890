/**
 * Comparison of TCP's sequence numbers, which wrap at 2^32: a host's own and those that conntrack
 * sees pass. They are int32 throughout.
 *
 * Spec: RFC 9293 §3.4. Kernel: include/net/tcp.h (before, after, between),
 * net/ipv4/tcp_minisocks.c (tcp_in_window), 6.18.
 */

/** Whether `a` comes before `b`. @hot */
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** Whether `a` comes after `b`. @hot */
export function after(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}

/** Whether `low <= seq <= high`. @hot */
export function between(seq: number, low: number, high: number): boolean {
  return (high - low) >>> 0 >= (seq - low) >>> 0;
}

/**
 * Whether the numbers from `seq` up to `endSeq` lie, at least in part, in a window of `size` bytes
 * from `start` on.
 */
export function inWindow(seq: number, endSeq: number, start: number, size: number): boolean {
  const end = (start + size) | 0;
  if (seq === start) return true;
  if (after(endSeq, start) && before(seq, end)) return true;
  return seq === end && seq === endSeq;
}
