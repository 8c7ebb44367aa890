/**
 * `ping`: sends ICMP echo requests, prints the answers and the statistics as iputils does. Times
 * are virtual.
 *
 * Spec: RFC 792 (Echo); iputils 20221126, ping/ping.c, ping/ping_common.c, whose rhythm (`pinger`,
 * `main_loop`, `schedule_exit`) is followed step by step.
 * Not modelled: source routes, timestamps of named hosts.
 */
import { hex, utf8 } from "../base/bytes.ts";
import { EACCES, EMSGSIZE, ENOBUFS, EPERM, errnoMessage } from "../base/errno.ts";
import { formatIpv4, type Ipv4, isIpv4, isMulticast } from "../base/inet.ts";
import { NS_PER_MS, NS_PER_US, type Ns } from "../base/units.ts";
import { type Program, waitFor } from "../sim/process.ts";
import {
  type PmtuDiscovery,
  type RawPacket,
  RawSocket,
  type SocketError,
} from "../socket/raw-socket.ts";
import { finish, sum } from "../wire/checksum.ts";
import type { AppHost } from "./app-host.ts";
import { icmpText } from "./icmp-text.ts";
import { type RouteOption, RoutePrinter, routeOptionBytes } from "./ping-route.ts";
import { PingStatistics } from "./ping-statistics.ts";
import { resolveErrorText } from "./resolver.ts";

const ICMP_HEADER = 8;
const IPV4_HEADER = 20;
/** What ping reckons with for options, however many it sends. */
const OPTIONS_ROOM = 40;
const LONGEST = 0xffff;
/** The longest pause after the device had no room. */
const LONGEST_PAUSE_MS = 500;
/** MIN_INTERVAL_MS */
const SHORTEST_SLEEP_MS = 10;
/** `struct timeval` at the beginning of the data. */
const TIMEVAL = 16;
/** ICMP types that the socket lets through until the first error (ICMP_FILTER). */
const FILTER = [0, 3, 4, 5, 11, 12];
const FILTER_AFTER_ERROR = [0, 4, 5];

/** What the command line says. Durations in ns. */
export interface PingOptions {
  /** As it was typed. */
  readonly target: string;
  /** `-n`: who answers is not looked up; it never is for a target that is an address. */
  readonly numeric: boolean;
  readonly count: number | null;
  readonly intervalNs: Ns;
  /** `-s`: bytes behind the ICMP header. */
  readonly size: number;
  /** `-W`: how long to wait for answers after the last request. */
  readonly lingerNs: Ns;
  /** `-w`: when to stop at all; null for never. */
  readonly deadlineNs: Ns | null;
  readonly ttl: number;
  readonly tos: number;
  readonly mark: number;
  readonly pmtuDiscovery: PmtuDiscovery;
  /** `-I`: an address or a device, or "". */
  readonly from: string;
  readonly broadcast: boolean;
  readonly quiet: boolean;
  /** `-f`: no waiting but for 10 ms, dots instead of lines. */
  readonly flood: boolean;
  /** `-O`: say what is outstanding before the next request. */
  readonly outstanding: boolean;
  /** `-p`: bytes that fill the data. */
  readonly pattern: Uint8Array | null;
  /** `-e`: the identifier, or null for a random one. */
  readonly identifier: number | null;
  /** `-R` and `-T`, or null. */
  readonly routeOption: RouteOption | null;
  /** `-A`: the next request goes when the answer to the last one is there. */
  readonly adaptive: boolean;
  /** `-l`: how many may be on their way without an answer. */
  readonly preload: number;
  /** `-D`: the time of day stands before each line. */
  readonly timeOfDay: boolean;
  /** `-a`: a bell for each answer. */
  readonly audible: boolean;
  /** `-B`: the source stays what it was at first. */
  readonly stickySource: boolean;
  /** `-v`: the identifier is said. */
  readonly verbose: boolean;
}

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
    return run.prepare() ? yield* run.loop() : 2;
  } finally {
    socket.close();
  }
}

class PingRun {
  readonly #host: AppHost;
  readonly #options: PingOptions;
  readonly #socket: RawSocket;
  readonly #destination: Ipv4;
  readonly #statistics: PingStatistics;
  readonly #packet: Uint8Array;
  readonly #identifier: number;
  readonly #startNs: Ns;
  /** When `pinger` last looked at the clock; -1 before it did. */
  #clockNs = -1;
  /** Milliseconds of the interval that have been saved up. */
  #tokens = 0;
  /** In ms; `-A` changes it. */
  #interval: number;
  readonly #routes = new RoutePrinter();
  #exitAt = Number.POSITIVE_INFINITY;
  #outstandingShown = 0;
  /** How often in a row the device had no room. */
  #refusals = 0;

  constructor(host: AppHost, options: PingOptions, socket: RawSocket, destination: Ipv4) {
    this.#host = host;
    this.#options = options;
    this.#socket = socket;
    this.#destination = destination;
    this.#statistics = new PingStatistics(options.size >= TIMEVAL);
    // What is longer than any packet is refused alike.
    const size = Math.min(options.size, LONGEST);
    this.#packet = new Uint8Array(ICMP_HEADER + size);
    for (let index = 0; index < size; index += 1) {
      const { pattern } = options;
      const filler = pattern === null ? index : (pattern[index % pattern.length] ?? 0);
      this.#packet[ICMP_HEADER + index] = filler;
    }
    const stream = host.namespace.random.stream(`${host.namespace.name}:ping`);
    this.#identifier = options.identifier ?? stream.below(0x10000);
    this.#startNs = host.namespace.cpu.now;
    this.#interval = Math.floor(options.intervalNs / NS_PER_MS);
  }

  /** Sets the socket up and prints the first line; false after an error was printed. */
  prepare(): boolean {
    const { namespace } = this.#host;
    const options = this.#options;
    const socket = this.#socket;
    let via = "";
    if (options.from !== "") {
      const device = namespace.devices.get(options.from);
      if (device !== undefined) {
        socket.deviceIndex = device.index;
        via = ` ${device.name}`;
      } else if (!this.#bind(options.from)) return false;
    }
    const source = this.#findSource();
    if (source === null) return false;
    if (options.stickySource) socket.source = source;
    if (options.broadcast) this.#host.stderr("WARNING: pinging broadcast address\n");
    let optionsLength = 0;
    if (options.routeOption !== null) {
      socket.setOptions(routeOptionBytes(options.routeOption));
      optionsLength = OPTIONS_ROOM;
    }
    socket.ttl = options.ttl;
    socket.tos = options.tos;
    socket.mark = options.mark;
    socket.pmtuDiscovery = options.pmtuDiscovery;
    socket.accepted = FILTER;
    if (options.pattern !== null) this.#print(`PATTERN: 0x${hex(options.pattern)}\n`);
    const name = `${options.target} (${formatIpv4(this.#destination)})`;
    const saysSource = options.from !== "" || options.stickySource;
    const from = !saysSource ? "" : `from ${formatIpv4(source)}${via === "" ? " " : via}: `;
    const size = options.size;
    this.#print(
      `PING ${name} ${from}${size}(${size + ICMP_HEADER + IPV4_HEADER + optionsLength}) bytes of data.\n`,
    );
    return true;
  }

  #bind(text: string): boolean {
    const device = [...this.#host.namespace.inetDevices()].find((owner) =>
      owner.addresses.some(({ local }) => formatIpv4(local) === text),
    );
    const entry = device?.addresses.find(({ local }) => formatIpv4(local) === text);
    if (entry === undefined) {
      const isAddress = /^[0-9.]+$/.test(text);
      this.#host.stderr(
        isAddress
          ? `ping: bind: Cannot assign requested address\n`
          : `ping: SO_BINDTODEVICE ${text}: No such device\n`,
      );
      return false;
    }
    this.#socket.source = entry.local;
    return true;
  }

  /** The source that a connected UDP socket would have: ping finds it that way. */
  #findSource(): Ipv4 | null {
    const route = this.#socket.routeTo(this.#destination);
    if (typeof route === "number" && route !== -EACCES) {
      this.#host.stderr(`ping: connect: ${errnoMessage(route)}\n`);
      return null;
    }
    if (typeof route === "number" || (route.isBroadcast && !this.#options.broadcast)) {
      const hint = "If not, check your local firewall rules";
      this.#host.stderr(`ping: Do you want to ping broadcast? Then -b. ${hint}\n`);
      return null;
    }
    this.#socket.broadcast = this.#options.broadcast;
    return this.#socket.source === 0 ? route.source : this.#socket.source;
  }

  #print(text: string): void {
    this.#host.stdout(utf8(text));
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
    this.#print(statistics.text(target, this.#startNs, this.#clockNs, paced));
    const failed =
      statistics.received === 0 ||
      (deadlineNs !== null && count !== null && statistics.received < count);
    return failed ? 1 : 0;
  }

  /** Sends if it is time; returns how many ms the next look at the clock may take. */
  *#pinger(): Program<number> {
    const { cpu } = this.#host.namespace;
    const { count, deadlineNs, flood, preload } = this.#options;
    if (count !== null && deadlineNs === null && this.#statistics.sent >= count) return 1000;
    const interval = this.#interval;
    if (this.#clockNs === -1) {
      this.#clockNs = cpu.now;
      this.#tokens = interval * (preload - 1);
    } else {
      const elapsed = Math.floor((cpu.now - this.#clockNs) / NS_PER_MS);
      if (interval === 0 && elapsed < 10 && this.#statistics.inFlight >= preload) {
        return 10 - elapsed;
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
      if (flood && !this.#options.quiet) this.#print(".");
      return interval - this.#tokens;
    }
    if (error === -ENOBUFS) {
      // Nothing was sent: the same number is tried again, for as long as answers are waited for.
      this.#tokens = 0;
      const pause = Math.min(
        Math.max(Math.floor(interval / 2), SHORTEST_SLEEP_MS),
        LONGEST_PAUSE_MS,
      );
      this.#refusals += 1;
      if (this.#refusals * pause < Math.floor(this.#options.lingerNs / NS_PER_MS)) return pause;
    }
    if (!(yield* this.#takeErrors())) {
      this.#statistics.sent += 1;
      if (!this.#options.quiet) {
        if (flood) this.#print("E");
        else this.#host.stderr(`ping: sendmsg: ${errnoMessage(error)}\n`);
      }
    } else {
      this.#statistics.sent += 1;
    }
    this.#tokens = 0;
    return Math.max(interval, 10);
  }

  #send(): number {
    const { cpu } = this.#host.namespace;
    const packet = this.#packet;
    const view = new DataView(packet.buffer);
    const sequence = (this.#statistics.sent + 1) & 0xffff;
    view.setUint8(0, 8);
    view.setUint8(1, 0);
    view.setUint16(2, 0);
    view.setUint16(4, this.#identifier);
    view.setUint16(6, sequence);
    if (this.#options.size >= TIMEVAL) {
      const us = Math.floor(cpu.now / NS_PER_US);
      setTime(view, ICMP_HEADER, this.#host.epochSeconds + Math.floor(us / 1e6));
      setTime(view, ICMP_HEADER + 8, us % 1e6);
    }
    view.setUint16(2, finish(sum(view, 0, packet.length)));
    this.#statistics.forget(sequence);
    return Math.min(this.#socket.sendTo(packet, this.#destination), 0);
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
    const ttl = bytes[8] ?? 0;
    const size = bytes.length - headerSize;
    const type = view.getUint8(0);
    if (type === 0) {
      if (view.getUint16(4) !== this.#identifier) return;
      yield* this.#reply(view, size, ttl, source, receivedAt);
      this.#showRoute(bytes.subarray(IPV4_HEADER, headerSize));
      return;
    }
    // Errors came by the error queue already; redirects only this way.
    if (type !== 5 || size < ICMP_HEADER + IPV4_HEADER + ICMP_HEADER) return;
    const inner = ICMP_HEADER + (view.getUint8(ICMP_HEADER) & 15) * 4;
    if (view.getUint16(inner + 4) !== this.#identifier || this.#options.quiet) return;
    const text = icmpText(type, view.getUint8(1), view.getInt32(4));
    const from = yield* this.#nameOf(source);
    this.#print(`From ${from}: icmp_seq=${view.getUint16(inner + 6)} ${text}\n`);
  }

  *#reply(view: DataView, size: number, ttl: number, source: Ipv4, receivedAt: Ns): Program<void> {
    const sequence = view.getUint16(6);
    let us = -1;
    if (size >= ICMP_HEADER + TIMEVAL) {
      const seconds = view.getUint32(ICMP_HEADER, true) - this.#host.epochSeconds;
      us =
        Math.floor(receivedAt / NS_PER_US) -
        (seconds * 1e6 + view.getUint32(ICMP_HEADER + 8, true));
    }
    const isDuplicate = this.#statistics.reply(sequence, us);
    if (this.#options.adaptive && us >= 0) this.#interval = this.#statistics.adaptiveMs;
    if (this.#options.quiet) return;
    if (this.#options.flood) {
      this.#print("\b \b");
      return;
    }
    const identifier = this.#options.verbose ? ` ident=${this.#identifier}` : "";
    const from = yield* this.#nameOf(source);
    let line = `${this.#timeOfDay(receivedAt)}${size} bytes from ${from}:`;
    line += ` icmp_seq=${sequence}${identifier} ttl=${ttl}`;
    if (us >= 0) line += ` time=${timeText(us)} ms`;
    if (isDuplicate) line += " (DUP!)";
    const isFromOther = source !== this.#destination && !isMulticast(this.#destination);
    if (isFromOther && !this.#options.broadcast) line += " (DIFFERENT ADDRESS!)";
    this.#print(line);
  }

  /** The end of an answer's line, and what its options say. */
  #showRoute(options: Uint8Array): void {
    const { quiet, flood, audible } = this.#options;
    if (quiet) return;
    if (audible) this.#print("\x07");
    if (!flood) this.#print(`${this.#routes.text(options, flood)}\n`);
  }

  /** `[1700000000.123456] ` with `-D`. */
  #timeOfDay(at: Ns): string {
    if (!this.#options.timeOfDay) return "";
    const us = Math.floor(at / NS_PER_US);
    const seconds = this.#host.epochSeconds + Math.floor(us / 1e6);
    return `[${seconds}.${String(us % 1e6).padStart(6, "0")}] `;
  }

  /** Prints what waits in the error queue; returns whether anything did. */
  *#takeErrors(): Program<boolean> {
    const error = this.#socket.takeError();
    if (error === null) return false;
    yield* this.#showError(error);
    return true;
  }

  *#showError(error: SocketError): Program<void> {
    const { quiet, flood } = this.#options;
    if (error.origin === "local") {
      this.#statistics.errors += 1;
      if (quiet) return;
      if (flood) this.#print("E");
      else if (error.errno !== EMSGSIZE)
        this.#host.stderr(`ping: local error: ${errnoMessage(error.errno)}\n`);
      else this.#host.stderr(`ping: local error: message too long, mtu=${error.info}\n`);
      return;
    }
    const view = new DataView(error.data.buffer, error.data.byteOffset);
    if (error.data.length < ICMP_HEADER || error.destination !== this.#destination) return;
    if (view.getUint8(0) !== 8 || view.getUint16(4) !== this.#identifier) return;
    this.#socket.accepted = FILTER_AFTER_ERROR;
    const sequence = view.getUint16(6);
    this.#statistics.error(sequence);
    if (quiet) return;
    if (flood) {
      this.#print("\bE");
      return;
    }
    const text = icmpText(error.type, error.code, error.info);
    const when = this.#timeOfDay(this.#host.namespace.cpu.now);
    const from = yield* this.#nameOf(error.offender);
    this.#print(`${when}From ${from} icmp_seq=${sequence} ${text}\n`);
  }

  /** `web.test (10.0.0.2)`, or the address alone; looked up anew for each answer. */
  *#nameOf(address: Ipv4): Program<string> {
    const name = this.#options.numeric ? null : yield* this.#host.nameOf(address);
    return name === null ? formatIpv4(address) : `${name} (${formatIpv4(address)})`;
  }

  #showOutstanding(): void {
    const { sent } = this.#statistics;
    if (sent === 0 || this.#outstandingShown === sent || this.#statistics.isAcknowledged(sent))
      return;
    this.#outstandingShown = sent;
    const when = this.#timeOfDay(this.#host.namespace.cpu.now);
    this.#print(`${when}no answer yet for icmp_seq=${sent & 0xffff}\n`);
  }
}

/** A round trip time in ms with as many digits as ping prints. */
function timeText(us: number): string {
  if (us >= 100_000 - 50) return String(Math.floor((us + 500) / 1000));
  if (us >= 10_000 - 5) {
    return `${Math.floor((us + 50) / 1000)}.${Math.floor(((us + 50) % 1000) / 100)}`;
  }
  if (us >= 1000) {
    const hundredths = Math.floor(((us + 5) % 1000) / 10);
    return `${Math.floor((us + 5) / 1000)}.${String(hundredths).padStart(2, "0")}`;
  }
  return `0.${String(us).padStart(3, "0")}`;
}

function setTime(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}
