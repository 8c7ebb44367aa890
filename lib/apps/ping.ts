/**
 * `ping`: sends ICMP echo requests, prints the answers and the statistics as iputils does. Times
 * are virtual.
 *
 * Spec: RFC 792 (Echo); iputils 20221126, ping/ping.c, ping/ping_common.c, whose rhythm (`pinger`,
 * `main_loop`, `schedule_exit`) is followed step by step.
 * Not modelled: source routes, timestamps of named hosts.
 */
import { utf8 } from "../base/bytes.ts";
import { ENOBUFS, EPERM } from "../base/errno.ts";
import { type Ipv4, isIpv4 } from "../base/inet.ts";
import { NS_PER_MS, NS_PER_US, type Ns } from "../base/units.ts";
import { type Program, waitFor } from "../sim/process.ts";
import { type RawError, type RawPacket, RawSocket } from "../socket/raw-socket.ts";
import type { AppHost } from "./app-host.ts";
import type { PingOptions } from "./ping/options.ts";
import { PingReport } from "./ping/report.ts";
import { EchoRequest, ICMP_HEADER, roundTripUs, TIMEVAL } from "./ping/request.ts";
import { setUp } from "./ping/setup.ts";
import { PingStatistics } from "./ping/statistics.ts";
import { resolveErrorText } from "./resolver.ts";

const IPV4_HEADER = 20;
/** The longest pause after the device had no room. */
const LONGEST_PAUSE_MS = 500;
/** MIN_INTERVAL_MS */
const SHORTEST_SLEEP_MS = 10;
const ECHO_REPLY = 0;
const REDIRECT = 5;
const ECHO_REQUEST = 8;
/** ICMP types that the socket lets through until the first error (ICMP_FILTER). */
const FILTER = [0, 3, 4, 5, 11, 12];
const FILTER_AFTER_ERROR = [0, 4, 5];

/** Runs ping; its exit status is 0 with an answer, 1 without, 2 on errors. */
export function* ping(host: AppHost, options: PingOptions): Program<number> {
  const found = yield* host.lookUp(options.target);
  const [destination] = typeof found === "string" ? [] : found.addresses;
  if (typeof found === "string" || destination === undefined) {
    const error = typeof found === "string" ? found : "EAI_NODATA";
    host.stderr(`ping: ${options.target}: ${resolveErrorText(error)}\n`);
    return 2;
  }
  const socket = new RawSocket(host.namespace, 1);
  try {
    const numeric = options.numeric || isIpv4(options.target);
    const named = { ...options, target: found.canonicalName, numeric };
    const run = new PingRun(host, named, socket, destination);
    const lines = setUp(host, named, socket, destination);
    if (lines === null) return 2;
    host.stdout(utf8(lines));
    return yield* run.loop();
  } finally {
    socket.close();
  }
}

/** One run, with the rhythm of `main_loop`. */
class PingRun {
  readonly #host: AppHost;
  readonly #options: PingOptions;
  readonly #socket: RawSocket;
  readonly #destination: Ipv4;
  readonly #request: EchoRequest;
  readonly #report: PingReport;
  readonly #statistics: PingStatistics;
  readonly #startNs: Ns;
  /** When `pinger` last looked at the clock; -1 before it did. */
  #clockNs = -1;
  /** Milliseconds of the interval that have been saved up. */
  #tokens = 0;
  /** In ms; `-A` changes it. */
  #interval: number;
  #exitAt = Number.POSITIVE_INFINITY;
  #outstandingShown = 0;
  /** How often in a row the device had no room. */
  #refusals = 0;

  constructor(host: AppHost, options: PingOptions, socket: RawSocket, destination: Ipv4) {
    this.#host = host;
    this.#options = options;
    this.#socket = socket;
    this.#destination = destination;
    const stream = host.namespace.random.stream(`${host.namespace.name}:ping`);
    const identifier = options.identifier ?? stream.below(0x10000);
    this.#request = new EchoRequest(identifier, options.size, options.pattern);
    this.#report = new PingReport(host, options, destination, identifier);
    this.#statistics = new PingStatistics(options.size >= TIMEVAL);
    socket.accepted = FILTER;
    this.#startNs = host.namespace.cpu.now;
    this.#interval = Math.floor(options.intervalNs / NS_PER_MS);
  }

  *loop(): Program<number> {
    const { cpu } = this.#host.namespace;
    const { count, deadlineNs } = this.#options;
    const statistics = this.#statistics;
    if (deadlineNs !== null) this.#exitAt = this.#startNs + deadlineNs;
    for (;;) {
      if (cpu.now >= this.#exitAt) break;
      if (count !== null && statistics.received + statistics.errors >= count) break;
      if (deadlineNs !== null && statistics.errors > 0) break;
      let next = yield* this.#pinger();
      while (next <= 0) next = yield* this.#pinger();
      this.#scheduleExit();
      yield* this.#receive(next);
    }
    const { target, flood, adaptive } = this.#options;
    const paced = flood || adaptive || this.#interval === 0;
    this.#report.print(statistics.text(target, this.#startNs, this.#clockNs, paced));
    const failed =
      statistics.received === 0 ||
      (deadlineNs !== null && count !== null && statistics.received < count);
    return failed ? 1 : 0;
  }

  /** Sends if it is time; returns how many ms the next look at the clock may take. */
  *#pinger(): Program<number> {
    const { cpu } = this.#host.namespace;
    const { count, deadlineNs, preload } = this.#options;
    if (count !== null && deadlineNs === null && this.#statistics.sent >= count) return 1000;
    const interval = this.#interval;
    if (this.#clockNs === -1) {
      this.#clockNs = cpu.now;
      this.#tokens = interval * (preload - 1);
    } else {
      const elapsed = Math.floor((cpu.now - this.#clockNs) / NS_PER_MS);
      const isFull = this.#statistics.inFlight >= preload;
      if (interval === 0 && elapsed < SHORTEST_SLEEP_MS && isFull) {
        return SHORTEST_SLEEP_MS - elapsed;
      }
      const tokens = Math.min(this.#tokens + elapsed, interval * preload);
      if (tokens < interval) return interval - tokens;
      this.#clockNs = cpu.now;
      this.#tokens = tokens - interval;
    }
    if (this.#options.outstanding) this.#showOutstanding();
    const error = this.#send();
    // A packet that the host's own rules dropped counts as sent.
    if (error === 0 || error === -EPERM) {
      this.#refusals = 0;
      this.#statistics.sent += 1;
      this.#report.sent();
      return interval - this.#tokens;
    }
    if (error === -ENOBUFS) {
      const pause = this.#pauseForRoom();
      if (pause > 0) return pause;
    }
    const said = yield* this.#takeErrors();
    this.#statistics.sent += 1;
    if (!said) this.#report.notSent(error);
    this.#tokens = 0;
    return Math.max(interval, SHORTEST_SLEEP_MS);
  }

  /**
   * Nothing was sent for want of room: after how many ms the same number is tried again, or 0 once
   * that has taken as long as answers are waited for.
   */
  #pauseForRoom(): number {
    this.#tokens = 0;
    const half = Math.floor(this.#interval / 2);
    const pause = Math.min(Math.max(half, SHORTEST_SLEEP_MS), LONGEST_PAUSE_MS);
    this.#refusals += 1;
    const waited = this.#refusals * pause;
    return waited < Math.floor(this.#options.lingerNs / NS_PER_MS) ? pause : 0;
  }

  #send(): number {
    const sequence = (this.#statistics.sent + 1) & 0xffff;
    this.#request.write(sequence, this.#host.namespace.cpu.now, this.#host.epochSeconds);
    this.#statistics.forget(sequence);
    return Math.min(this.#socket.sendTo(this.#request.bytes, this.#destination), 0);
  }

  /** After the last request: how long answers are waited for. */
  #scheduleExit(): void {
    const { count, deadlineNs, lingerNs } = this.#options;
    const intervalNs = this.#interval * NS_PER_MS;
    if (count === null || this.#statistics.sent < count || deadlineNs !== null) return;
    if (this.#exitAt !== Number.POSITIVE_INFINITY) return;
    const wait =
      this.#statistics.received > 0
        ? Math.max(2 * this.#statistics.maximumUs * NS_PER_US, intervalNs)
        : lingerNs;
    this.#exitAt = this.#host.namespace.cpu.now + wait;
  }

  /** Waits at most `ms` for an answer, then takes all that are there. */
  *#receive(ms: number): Program<void> {
    const { cpu } = this.#host.namespace;
    // With `-A` what is soon is waited for a little longer, as long as an answer is expected.
    const { adaptive } = this.#options;
    const soon = adaptive && ms <= SHORTEST_SLEEP_MS && this.#statistics.inFlight > 0;
    const wanted = soon ? SHORTEST_SLEEP_MS : ms;
    const longest = Math.max(this.#interval, adaptive ? SHORTEST_SLEEP_MS : 1);
    const deadline = Math.min(cpu.now + Math.min(wanted, longest) * NS_PER_MS, this.#exitAt);
    let mayWait = true;
    for (;;) {
      const packet = this.#socket.receive();
      if (packet !== null) yield* this.#parse(packet);
      else if (!(yield* this.#takeErrors())) {
        if (!mayWait || cpu.now >= deadline) return;
        if (!(yield waitFor([this.#socket.readable], deadline - cpu.now))) return;
        continue;
      }
      if (this.#statistics.inFlight === 0) return;
      mayWait = false;
    }
  }

  *#parse({ bytes, source, receivedAt }: RawPacket): Program<void> {
    const headerSize = ((bytes[0] ?? 0x45) & 15) * 4;
    const view = new DataView(bytes.buffer, bytes.byteOffset + headerSize);
    const size = bytes.length - headerSize;
    const type = view.getUint8(0);
    if (type === ECHO_REPLY) {
      if (view.getUint16(4) !== this.#request.identifier) return;
      const ttl = bytes[8] ?? 0;
      const sequence = view.getUint16(6);
      const us = roundTripUs(view, size, receivedAt, this.#host.epochSeconds);
      const isDuplicate = this.#statistics.reply(sequence, us);
      if (this.#options.adaptive && us >= 0) this.#interval = this.#statistics.adaptiveMs;
      const options = bytes.subarray(IPV4_HEADER, headerSize);
      const reply = { sequence, size, ttl, source, receivedAt, us, isDuplicate, options };
      yield* this.#report.reply(reply);
      return;
    }
    // Errors came by the error queue already; redirects only this way.
    if (type !== REDIRECT || size < ICMP_HEADER + IPV4_HEADER + ICMP_HEADER) return;
    const inner = ICMP_HEADER + (view.getUint8(ICMP_HEADER) & 15) * 4;
    if (view.getUint16(inner + 4) !== this.#request.identifier) return;
    const sequence = view.getUint16(inner + 6);
    yield* this.#report.redirect(source, sequence, type, view.getUint8(1), view.getInt32(4));
  }

  /** Prints what waits in the error queue; returns whether anything did. */
  *#takeErrors(): Program<boolean> {
    const error = this.#socket.takeError();
    if (error === null) return false;
    yield* this.#showError(error);
    return true;
  }

  *#showError(error: RawError): Program<void> {
    if (error.origin === "local") {
      this.#statistics.errors += 1;
      this.#report.localError(error.errno, error.info);
      return;
    }
    const view = new DataView(error.data.buffer, error.data.byteOffset);
    if (error.data.length < ICMP_HEADER || error.destination !== this.#destination) return;
    if (view.getUint8(0) !== ECHO_REQUEST || view.getUint16(4) !== this.#request.identifier) return;
    this.#socket.accepted = FILTER_AFTER_ERROR;
    const sequence = view.getUint16(6);
    this.#statistics.error(sequence);
    yield* this.#report.icmpError(error.offender, sequence, error.type, error.code, error.info);
  }

  #showOutstanding(): void {
    const { sent } = this.#statistics;
    if (sent === 0 || this.#outstandingShown === sent || this.#statistics.isAcknowledged(sent))
      return;
    this.#outstandingShown = sent;
    this.#report.outstanding(sent & 0xffff);
  }
}
