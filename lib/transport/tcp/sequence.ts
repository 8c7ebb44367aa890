/**
 * Comparison of 32-bit sequence numbers, which wrap. All are int32 inside the emulator.
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

/** How far `to` lies behind `from`, as unsigned number of bytes. @hot */
export function distance(from: number, to: number): number {
  return (to - from) >>> 0;
}

/** The later of two. @hot */
export function latest(a: number, b: number): number {
  return after(a, b) ? a : b;
}
