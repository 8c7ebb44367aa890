/**
 * SHA-256, for names that Kubernetes derives by hashing. `lib/` sees no `node:crypto`, and a name
 * has to come out the same in a browser.
 *
 * Spec: FIPS 180-4 §4.1.2, §5.1.1, §6.2.
 */
import { rootFractions } from "./root-fractions.ts";

/** FIPS 180-4 §4.2.2: the first 32 bits of the fractional parts of the cube roots of 64 primes. */
const K = roundConstants(3, 64);
/** FIPS 180-4 §5.3.3: the same of the square roots of the first eight primes. */
const INITIAL = roundConstants(2, 8);

/** Messages up to this many bytes with their padding take no memory of their own. */
const SCRATCH_LENGTH = 256;
const scratch = new Uint8Array(SCRATCH_LENGTH);
const scratchView = new DataView(scratch.buffer);
const schedule = new Int32Array(64);
const state = new Int32Array(8);

/** The 32-byte digest of `message`, which is only read. About 1 µs for a short message. */
export function sha256(message: Uint8Array): Uint8Array {
  hash(message);
  const digest = new Uint8Array(32);
  const out = new DataView(digest.buffer);
  for (let index = 0; index < 8; index += 1) out.setInt32(4 * index, state[index] ?? 0);
  return digest;
}

/** The same as 64 hexadecimal digits. */
export function sha256Hex(message: Uint8Array): string {
  hash(message);
  let digits = "";
  for (let index = 0; index < 8; index += 1) {
    digits += ((state[index] ?? 0) >>> 0).toString(16).padStart(8, "0");
  }
  return digits;
}

/** Leaves the digest in `state`. */
function hash(message: Uint8Array): void {
  const length = paddedLength(message);
  const fits = length <= SCRATCH_LENGTH;
  const padded = fits ? scratch : new Uint8Array(length);
  const view = fits ? scratchView : new DataView(padded.buffer);
  pad(message, padded, view, length);
  state.set(INITIAL);
  for (let at = 0; at < length; at += 64) compress(view, at);
}

/** The length of whole blocks that hold the message, a one bit and its length. */
function paddedLength(message: Uint8Array): number {
  return (Math.floor((message.length + 8) / 64) + 1) * 64;
}

/** FIPS 180-4 §5.1.1: a one bit, zeros, and the length in bits as 64-bit number. */
function pad(message: Uint8Array, into: Uint8Array, view: DataView, length: number): void {
  into.set(message);
  into.fill(0, message.length, length);
  into[message.length] = 0x80;
  view.setUint32(length - 8, Math.floor(message.length / 0x2000_0000));
  view.setUint32(length - 4, (message.length * 8) >>> 0);
}

/** FIPS 180-4 §6.2.2: one block of 64 bytes into `state`. */
function compress(view: DataView, at: number): void {
  const w = schedule;
  for (let t = 0; t < 16; t += 1) w[t] = view.getInt32(at + 4 * t);
  for (let t = 16; t < 64; t += 1) {
    const w15 = w[t - 15] ?? 0;
    const w2 = w[t - 2] ?? 0;
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    w[t] = ((w[t - 16] ?? 0) + s0 + (w[t - 7] ?? 0) + s1) | 0;
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  for (let t = 0; t < 64; t += 1) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + sum1 + choice + (K[t] ?? 0) + (w[t] ?? 0)) | 0;
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + sum0 + majority) | 0;
  }
  add(0, a);
  add(1, b);
  add(2, c);
  add(3, d);
  add(4, e);
  add(5, f);
  add(6, g);
  add(7, h);
}

function add(index: number, word: number): void {
  state[index] = ((state[index] ?? 0) + word) | 0;
}

function rotate(word: number, count: number): number {
  return (word >>> count) | (word << (32 - count));
}

function roundConstants(degree: number, count: number): Int32Array {
  return Int32Array.from(rootFractions(degree, count, 32), (bits) => Number(bits) | 0);
}
