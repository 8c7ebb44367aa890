/**
 * SHA-512, for the names of chains that the CNI plugins derive by hashing. It is computed once for
 * each Pod with host ports, so it may be slow: 64-bit words are BigInts.
 *
 * Spec: FIPS 180-4 §4.1.3, §5.1.2, §6.4.
 */
import { rootFractions } from "./root-fractions.ts";

/** FIPS 180-4 §4.2.3 and §5.3.5; made when they are first needed. */
let constants: { readonly round: readonly bigint[]; readonly initial: readonly bigint[] } | null =
  null;

/** The 64-byte digest of `message`, which is only read. */
export function sha512(message: Uint8Array): Uint8Array {
  constants ??= { round: rootFractions(3, 80, 64), initial: rootFractions(2, 8, 64) };
  const view = new DataView(padded(message).buffer);
  let state = constants.initial;
  for (let at = 0; at < view.byteLength; at += 128) {
    state = compress(state, constants.round, view, at);
  }
  const digest = new DataView(new ArrayBuffer(64));
  for (const [index, word] of state.entries()) digest.setBigUint64(8 * index, word);
  return new Uint8Array(digest.buffer);
}

/** FIPS 180-4 §5.1.2: a one bit, zeros, and the length in bits as a 128-bit number. */
function padded(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array((Math.floor((message.length + 16) / 128) + 1) * 128);
  bytes.set(message);
  bytes[message.length] = 0x80;
  new DataView(bytes.buffer).setBigUint64(bytes.length - 8, BigInt(message.length) * 8n);
  return bytes;
}

/** FIPS 180-4 §6.4.2: one block of 128 bytes. */
function compress(
  state: readonly bigint[],
  round: readonly bigint[],
  view: DataView,
  at: number,
): bigint[] {
  const w: bigint[] = [];
  const word = (index: number): bigint => w[index] ?? 0n;
  for (let t = 0; t < 80; t += 1) {
    if (t < 16) w.push(view.getBigUint64(at + 8 * t));
    else {
      const s0 = rotate(word(t - 15), 1n) ^ rotate(word(t - 15), 8n) ^ (word(t - 15) >> 7n);
      const s1 = rotate(word(t - 2), 19n) ^ rotate(word(t - 2), 61n) ^ (word(t - 2) >> 6n);
      w.push(BigInt.asUintN(64, s1 + word(t - 7) + s0 + word(t - 16)));
    }
  }
  let [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n, g = 0n, h = 0n] = state;
  for (const [t, constant] of round.entries()) {
    const sum1 = rotate(e, 14n) ^ rotate(e, 18n) ^ rotate(e, 41n);
    const t1 = h + sum1 + ((e & f) ^ (~e & g)) + constant + word(t);
    const sum0 = rotate(a, 28n) ^ rotate(a, 34n) ^ rotate(a, 39n);
    const t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e] = [g, f, e, BigInt.asUintN(64, d + t1)];
    [d, c, b, a] = [c, b, a, BigInt.asUintN(64, t1 + t2)];
  }
  return [a, b, c, d, e, f, g, h].map((value, index) =>
    BigInt.asUintN(64, value + (state[index] ?? 0n)),
  );
}

function rotate(word: bigint, count: bigint): bigint {
  return BigInt.asUintN(64, (word >> count) | (word << (64n - count)));
}
