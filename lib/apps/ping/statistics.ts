/**
 * What ping counts and prints at the end.
 *
 * Spec: iputils 20221126, ping/ping_common.c (gather_statistics, finish), ping.h (acknowledge).
 */
import { NS_PER_MS, NS_PER_US, type Ns } from "../../base/units.ts";

/** How many sequence numbers are remembered to find duplicates. */
const REMEMBERED = 0x10000;

/** The numbers of one run. */
export class PingStatistics {
  sent = 0;
  received = 0;
  duplicates = 0;
  errors = 0;
  maximumUs = 0;
  readonly #timing: boolean;
  readonly #answered = new Uint8Array(REMEMBERED);
  #minimumUs = Number.MAX_SAFE_INTEGER;
  #sumUs = 0;
  #sumOfSquares = 0;
  #acknowledged = 0;
  #pipe = 0;
  /** Eight times the smoothed round trip time in us, 0 before the first. */
  #smoothedUs = 0;

  /** `timing`: whether the data has room for the time of sending. */
  constructor(timing: boolean) {
    this.#timing = timing;
  }

  /** What `-A` waits between requests, in ms: about a round trip time. */
  get adaptiveMs(): number {
    return Math.floor((Math.trunc(this.#smoothedUs / 8) + 500) / 1000);
  }

  /** How many requests have no answer yet. */
  get inFlight(): number {
    const difference = (this.sent - this.#acknowledged) & 0xffff;
    return difference <= 0x7fff ? difference : this.sent - this.received - this.errors;
  }

  /** A request with this number goes out: an earlier answer to it no longer counts. */
  forget(sequence: number): void {
    this.#answered[sequence] = 0;
  }

  isAcknowledged(sequence: number): boolean {
    return this.#answered[sequence & 0xffff] === 1;
  }

  /** Counts an answer after `us` microseconds (-1: unknown); returns whether it is a duplicate. */
  reply(sequence: number, us: number): boolean {
    this.received += 1;
    this.#acknowledge(sequence);
    if (us >= 0) {
      this.#sumUs += us;
      this.#sumOfSquares += us * us;
      this.#minimumUs = Math.min(this.#minimumUs, us);
      this.maximumUs = Math.max(this.maximumUs, us);
      if (this.#smoothedUs === 0) this.#smoothedUs = us * 8;
      else this.#smoothedUs += us - Math.trunc(this.#smoothedUs / 8);
    }
    if (this.#answered[sequence] === 1) {
      this.duplicates += 1;
      this.received -= 1;
      return true;
    }
    this.#answered[sequence] = 1;
    return false;
  }

  /** Counts an ICMP error about a request. */
  error(sequence: number): void {
    this.errors += 1;
    this.#acknowledge(sequence);
  }

  /** The statistics, from the empty line on; `paced`: how fast requests followed is said too. */
  text(target: string, startNs: Ns, endNs: Ns, paced: boolean): string {
    let text = `\n--- ${target} ping statistics ---\n`;
    text += `${this.sent} packets transmitted, ${this.received} received`;
    if (this.duplicates > 0) text += `, +${this.duplicates} duplicates`;
    if (this.errors > 0) text += `, +${this.errors} errors`;
    if (this.sent > 0) {
      const loss = ((this.sent - this.received) * 100) / this.sent;
      text += `, ${sixDigits(loss)}% packet loss, time ${Math.floor((endNs - startNs) / NS_PER_MS)}ms`;
    }
    text += "\n";
    let separator = "";
    if (this.received > 0 && this.#timing) {
      text += `rtt min/avg/max/mdev = ${this.#times()} ms`;
      separator = ", ";
    }
    if (this.#pipe > 1) {
      text += `${separator}pipe ${this.#pipe}`;
      separator = ", ";
    }
    if (paced && this.received > 0 && this.sent > 1) {
      const gapUs = Math.floor((endNs - startNs) / NS_PER_US / (this.sent - 1));
      const smoothedUs = Math.trunc(this.#smoothedUs / 8);
      text += `${separator}ipg/ewma ${milliseconds(gapUs)}/${milliseconds(smoothedUs)} ms`;
    }
    return `${text}\n`;
  }

  #times(): string {
    const count = this.received + this.duplicates;
    const average = Math.floor(this.#sumUs / count);
    const variance = Math.floor(this.#sumOfSquares / count) - average * average;
    const deviation = variance <= 0 ? 0 : Math.floor(Math.sqrt(variance));
    return [this.#minimumUs, average, this.maximumUs, deviation].map(milliseconds).join("/");
  }

  #acknowledge(sequence: number): void {
    const difference = (this.sent - sequence) & 0xffff;
    if (difference > 0x7fff) return;
    this.#pipe = Math.max(this.#pipe, difference + 1);
    if (((sequence - this.#acknowledged) & 0xffff) <= 0x7fff) this.#acknowledged = sequence;
  }
}

function milliseconds(us: number): string {
  return `${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, "0")}`;
}

/** As C's `%g` prints a percentage. */
function sixDigits(value: number): string {
  return String(Number(value.toPrecision(6)));
}
