/**
 * Comparison of TCP's sequence numbers, which wrap at 2^32: a host's own and those that conntrack
 * sees pass. They are int32 throughout.
 *
 * Spec: RFC 9293 §3.4. Kernel: include/net/tcp.h (before, after, between), 6.18.
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
