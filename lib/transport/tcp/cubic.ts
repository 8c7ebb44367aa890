/**
 * CUBIC with HyStart, in the kernel's integer arithmetic.
 *
 * Spec: RFC 9438. Kernel: net/ipv4/tcp_cubic.c, 6.18.
 */
import { HZ, usToJiffies } from "../../sim/jiffies.ts";
import { after } from "../../wire/sequence.ts";

import {
  CaEvent,
  type CongestionControl,
  congAvoidAi,
  isCwndLimited,
  slowStart,
} from "./congestion.ts";
import { CaState } from "./constants.ts";
import { GSO_LIMIT } from "./mss.ts";
import type { Tcb } from "./tcb.ts";
import { inSlowStart } from "./tcb-queries.ts";

const BETA = 717;
const BETA_SCALE = 1024;
const BIC_SCALE = 41;
const HZ_SHIFT = 10;
const CUBE_RTT_SCALE = BIC_SCALE * 10;
const BETA_RATIO = Math.floor((8 * (BETA_SCALE + BETA)) / 3 / (BETA_SCALE - BETA));
/** 2^(10 + 3 * 10) / (C * 10), for the origin's distance. */
const CUBE_FACTOR = Math.floor(2 ** (10 + 3 * HZ_SHIFT) / CUBE_RTT_SCALE);
const HYSTART_ACK_TRAIN = 1;
const HYSTART_DELAY = 2;
const HYSTART_LOW_WINDOW = 16;
const HYSTART_MIN_SAMPLES = 8;
const HYSTART_DELAY_MIN_US = 4000;
const HYSTART_DELAY_MAX_US = 16000;
const HYSTART_ACK_DELTA_US = 2000;

/** CUBIC of one connection. */
export class Cubic implements CongestionControl {
  readonly name = "cubic";
  #cnt = 0;
  #lastMaxCwnd = 0;
  #lastCwnd = 0;
  #lastTime = 0;
  #originPoint = 0;
  #k = 0;
  #delayMinUs = 0;
  #epochStart = 0;
  #ackCnt = 0;
  #tcpCwnd = 0;
  #sampleCnt = 0;
  #found = false;
  #roundStartUs = 0;
  #endSeq = 0;
  #lastAckUs = 0;
  #currRttUs = 0;

  ssthresh(tp: Tcb): number {
    this.#epochStart = 0;
    const cwnd = tp.sndCwnd;
    // Fast convergence: a window that shrinks makes room for newcomers.
    this.#lastMaxCwnd =
      cwnd < this.#lastMaxCwnd ? Math.floor((cwnd * (BETA_SCALE + BETA)) / (2 * BETA_SCALE)) : cwnd;
    return Math.max(Math.floor((cwnd * BETA) / BETA_SCALE), 2);
  }

  congAvoid(tp: Tcb, _ack: number, acked: number): void {
    if (!isCwndLimited(tp)) return;
    let left = acked;
    if (inSlowStart(tp)) {
      left = slowStart(tp, left);
      if (left === 0) return;
    }
    this.#update(tp, tp.sndCwnd, left);
    congAvoidAi(tp, this.#cnt, left);
  }

  undoCwnd(tp: Tcb): number {
    return Math.max(tp.sndCwnd, tp.priorCwnd);
  }

  setState(tp: Tcb, state: CaState): void {
    if (state !== CaState.LOSS) return;
    this.#reset();
    this.#hystartReset(tp);
  }

  event(tp: Tcb, event: CaEvent): void {
    if (event !== CaEvent.TX_START) return;
    const now = tp.env.cpu.jiffies;
    const delta = now - tp.lsndtime;
    // An idle sender does not grow by the time that passed.
    if (this.#epochStart > 0 && delta > 0) {
      this.#epochStart = Math.min(this.#epochStart + delta, now);
    }
  }

  pktsAcked(tp: Tcb, _acked: number, rttUs: number): void {
    if (rttUs < 0) return;
    const now = tp.env.cpu.jiffies;
    // Just after a recovery the RTT says nothing.
    if (this.#epochStart > 0 && now - this.#epochStart < HZ) return;
    const delay = rttUs === 0 ? 1 : rttUs;
    if (this.#delayMinUs === 0 || this.#delayMinUs > delay) this.#delayMinUs = delay;
    if (!this.#found && inSlowStart(tp)) this.#hystart(tp, delay);
  }

  #reset(): void {
    this.#cnt = 0;
    this.#lastMaxCwnd = 0;
    this.#lastCwnd = 0;
    this.#lastTime = 0;
    this.#originPoint = 0;
    this.#k = 0;
    this.#delayMinUs = 0;
    this.#epochStart = 0;
    this.#ackCnt = 0;
    this.#tcpCwnd = 0;
    this.#found = false;
  }

  /** A round begins (`bictcp_hystart_reset`). */
  #hystartReset(tp: Tcb): void {
    const us = clockUs(tp);
    this.#roundStartUs = us;
    this.#lastAckUs = us;
    this.#endSeq = tp.sndNxt;
    this.#currRttUs = Number.MAX_SAFE_INTEGER;
    this.#sampleCnt = 0;
  }

  /** First values when the connection is established. */
  init(tp: Tcb): void {
    this.#reset();
    this.#hystartReset(tp);
  }

  /** Leaves slow start before losses if ACKs or delays say that the pipe is full. */
  #hystart(tp: Tcb, delayUs: number): void {
    if (after(tp.sndUna, this.#endSeq)) this.#hystartReset(tp);
    if (tp.sndCwnd < HYSTART_LOW_WINDOW) return;
    let found = 0;
    const now = clockUs(tp);
    if (now - this.#lastAckUs <= HYSTART_ACK_DELTA_US) {
      this.#lastAckUs = now;
      let threshold = this.#delayMinUs + ackDelayUs(tp);
      // Without pacing ACK trains are half as long as the round trip.
      threshold = Math.floor(threshold / 2);
      if (now - this.#roundStartUs > threshold) found = HYSTART_ACK_TRAIN;
    }
    if (this.#currRttUs > delayUs) this.#currRttUs = delayUs;
    if (this.#sampleCnt < HYSTART_MIN_SAMPLES) {
      this.#sampleCnt += 1;
    } else {
      const step = Math.min(
        Math.max(this.#delayMinUs >>> 3, HYSTART_DELAY_MIN_US),
        HYSTART_DELAY_MAX_US,
      );
      if (this.#currRttUs > this.#delayMinUs + step) found = HYSTART_DELAY;
    }
    if (found === 0) return;
    this.#found = true;
    tp.sndSsthresh = tp.sndCwnd;
  }

  /** How many ACKs the next segment of window needs (`bictcp_update`). */
  #update(tp: Tcb, cwnd: number, acked: number): void {
    const now = tp.env.cpu.jiffies;
    this.#ackCnt += acked;
    if (this.#lastCwnd === cwnd && now - this.#lastTime <= HZ / 32) return;
    // The cubic part is computed at most once a jiffy.
    if (!(this.#epochStart > 0 && now === this.#lastTime)) this.#cubic(now, cwnd, acked);
    // RFC 9438 §4.3: at least as fast as Reno.
    const scale = BETA_RATIO;
    const delta = Math.floor((cwnd * scale) / 8);
    while (delta > 0 && this.#ackCnt > delta) {
      this.#ackCnt -= delta;
      this.#tcpCwnd += 1;
    }
    if (this.#tcpCwnd > cwnd) {
      const max = Math.floor(cwnd / (this.#tcpCwnd - cwnd));
      if (this.#cnt > max) this.#cnt = max;
    }
    this.#cnt = Math.max(this.#cnt, 2);
  }

  #cubic(now: number, cwnd: number, acked: number): void {
    this.#lastCwnd = cwnd;
    this.#lastTime = now;
    if (this.#epochStart === 0) {
      this.#epochStart = now;
      this.#ackCnt = acked;
      this.#tcpCwnd = cwnd;
      if (this.#lastMaxCwnd <= cwnd) {
        this.#k = 0;
        this.#originPoint = cwnd;
      } else {
        this.#k = cubicRoot(CUBE_FACTOR * (this.#lastMaxCwnd - cwnd));
        this.#originPoint = this.#lastMaxCwnd;
      }
    }
    // Time since the epoch plus the least RTT, in 1/1024 s.
    const since = now - this.#epochStart + usToJiffies(this.#delayMinUs);
    const t = Math.floor((since * 2 ** HZ_SHIFT) / HZ);
    const offset = Math.abs(t - this.#k);
    const delta = Math.floor(
      (CUBE_RTT_SCALE * offset * offset * offset) / 2 ** (10 + 3 * HZ_SHIFT),
    );
    const target = t < this.#k ? this.#originPoint - delta : this.#originPoint + delta;
    this.#cnt = target > cwnd ? Math.floor(cwnd / (target - cwnd)) : 100 * cwnd;
    // The first increase after slow start must not wait for too long.
    if (this.#lastMaxCwnd === 0 && this.#cnt > 20) this.#cnt = 20;
  }
}

function clockUs(tp: Tcb): number {
  return Math.floor(tp.mstamp / 1000);
}

/** Time that a frame of the largest size takes at the pacing rate, at most 1 ms. */
function ackDelayUs(tp: Tcb): number {
  const rate = tp.pacingRate;
  if (rate <= 0) return 0;
  return Math.min(1000, Math.floor((GSO_LIMIT * 4 * 1_000_000) / rate));
}

/** Integer cube root by Newton-Raphson from a table, exact to the kernel's last bit. */
function cubicRoot(value: number): number {
  const bits = fls64(value);
  if (bits < 7) return ((ROOTS[value] ?? 0) + 35) >> 6;
  const b = Math.floor((bits * 84) / 256) - 1;
  const shift = Math.floor(value / 2 ** (b * 3));
  let x = Math.floor((((ROOTS[shift] ?? 0) + 10) * 2 ** b) / 64);
  x = 2 * x + Math.floor(value / (x * (x - 1)));
  return Math.floor((x * 341) / 1024);
}

function fls64(value: number): number {
  let bits = 0;
  for (let rest = value; rest >= 1; rest = Math.floor(rest / 2)) bits += 1;
  return bits;
}

/** 64 * cube root of 0 … 63, as the kernel's table has them. */
const ROOTS: readonly number[] = [
  0, 54, 54, 54, 118, 118, 118, 118, 123, 129, 134, 138, 143, 147, 151, 156, 157, 161, 164, 168,
  170, 173, 176, 179, 181, 185, 187, 190, 192, 194, 197, 199, 200, 202, 204, 206, 209, 211, 213,
  215, 217, 219, 221, 222, 224, 225, 227, 229, 231, 232, 234, 236, 237, 239, 240, 242, 244, 245,
  246, 248, 250, 251, 252, 254,
];
