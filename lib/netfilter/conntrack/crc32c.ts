/**
 * CRC32c, SCTP's checksum.
 *
 * Spec: RFC 9260 appendix A.
 */

const TABLE = new Uint32Array(256);
for (let index = 0; index < 256; index += 1) {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) {
    value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0x82f63b78;
  }
  TABLE[index] = value >>> 0;
}

/** The checksum of the bytes `from … to`, with four bytes at `hole` taken as 0. */
export function crc32c(view: DataView, from: number, to: number, hole: number): number {
  let crc = 0xffffffff;
  for (let at = from; at < to; at += 1) {
    const byte = at >= hole && at < hole + 4 ? 0 : view.getUint8(at);
    crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}
