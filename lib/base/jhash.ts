/**
 * Bob Jenkins's hash, as the kernel uses it where a choice must be the same again.
 *
 * Kernel: include/linux/jhash.h (jhash2, __jhash_mix, __jhash_final), include/linux/kernel.h (reciprocal_scale), 6.18.
 */

const INITIAL = 0xdeadbeef | 0;

/**
 * The hash of an IPv4 address as the kernel keeps it, in the 16 bytes that an IPv6 address would
 * take: `jhash2(address, 4, initval)`, as an int32. The address is in a little-endian machine's eyes.
 */
export function jhashAddress(address: number, initval: number): number {
  let a = (INITIAL + 16 + initval) | 0;
  let b = a;
  let c = a;
  a = (a + address) | 0;
  a = ((a - c) ^ rotate(c, 4)) | 0;
  c = (c + b) | 0;
  b = ((b - a) ^ rotate(a, 6)) | 0;
  a = (a + c) | 0;
  c = ((c - b) ^ rotate(b, 8)) | 0;
  b = (b + a) | 0;
  a = ((a - c) ^ rotate(c, 16)) | 0;
  c = (c + b) | 0;
  b = ((b - a) ^ rotate(a, 19)) | 0;
  a = (a + c) | 0;
  c = ((c - b) ^ rotate(b, 4)) | 0;
  b = (b + a) | 0;
  return final(a, b, c);
}

function final(a0: number, b0: number, c0: number): number {
  let c = ((c0 ^ b0) - rotate(b0, 14)) | 0;
  let a = ((a0 ^ c) - rotate(c, 11)) | 0;
  let b = ((b0 ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  return ((c ^ b) - rotate(b, 24)) | 0;
}

/** Maps a 32-bit hash to 0 … `count` - 1, `count` up to 2^32. */
export function reciprocalScale(hash: number, count: number): number {
  const high = hash >>> 16;
  const low = hash & 0xffff;
  return Math.floor((high * count + Math.floor((low * count) / 0x10000)) / 0x10000);
}

/** A word with its bytes in the other order: what a little-endian machine sees of the network's. */
export function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
