/**
 * The Internet checksum: sums over bytes, the pseudo header of TCP and UDP, and the incremental
 * update that NAT and forwarding use.
 *
 * A partial sum is the one's complement sum of 16-bit words in network order, not yet inverted,
 * in 0 … 0xffff; partial sums of pieces of even length add up with `add`.
 *
 * Spec: RFC 1071 §2, RFC 1624 §3.
 */

/** Folds carries back into 16 bits. `sum` is an exact integer below 2^48. @hot */
function fold(sum: number): number {
  let folded = (sum % 0x10000) + Math.floor(sum / 0x10000);
  folded = (folded & 0xffff) + (folded >>> 16);
  return (folded & 0xffff) + (folded >>> 16);
}

/** The sum of two partial sums. @hot */
export function add(a: number, b: number): number {
  const sum = a + b;
  return (sum & 0xffff) + (sum >>> 16);
}

/**
 * Partial sum of `length` bytes from `at`; an odd last byte counts as the high half of a word.
 * Sums 32-bit words in the order of the machine and swaps at the end (RFC 1071 §2 (B)). @hot
 */
export function sum(view: DataView, at: number, length: number): number {
  let low = 0;
  let high = 0;
  let position = at;
  const end = at + length;
  // Two accumulators stay exact integers: each takes at most 2^16 words of 32 bits.
  for (const stop = end - 15; position < stop; position += 16) {
    low += view.getUint32(position, true) + view.getUint32(position + 4, true);
    high += view.getUint32(position + 8, true) + view.getUint32(position + 12, true);
  }
  for (const stop = end - 3; position < stop; position += 4) low += view.getUint32(position, true);
  if (end - position >= 2) {
    low += view.getUint16(position, true);
    position += 2;
  }
  if (position < end) low += view.getUint8(position);
  const folded = fold(low + high);
  return ((folded & 0xff) << 8) | (folded >>> 8);
}

/** Partial sum of the pseudo header of TCP and UDP over IPv4; `length` is that of the segment. @hot */
export function pseudoHeaderSum(
  source: number,
  destination: number,
  protocol: number,
  length: number,
): number {
  const addresses =
    (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
  return fold(addresses + protocol + length);
}

/** The checksum field for a partial sum. @hot */
export function finish(partial: number): number {
  return ~partial & 0xffff;
}

/** The checksum after a 16-bit word changed: RFC 1624 eqn. 3, `HC' = ~(~HC + ~m + m')`. @hot */
export function update16(checksum: number, before: number, after: number): number {
  let sum = (~checksum & 0xffff) + (~before & 0xffff) + (after & 0xffff);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The checksum after a 32-bit word, such as an address, changed. @hot */
export function update32(checksum: number, before: number, after: number): number {
  return update16(update16(checksum, before >>> 16, after >>> 16), before, after);
}
