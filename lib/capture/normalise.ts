/**
 * Takes out of the captures of one run what differs from run to run of the same lab on a real
 * kernel, and nothing else, so that two runs, or a kernel's and ours, can be compared. It works on
 * the set of all interfaces: a value that is mapped has one name everywhere.
 *
 * What is replaced, and by what:
 *
 * | field | becomes |
 * | --- | --- |
 * | TCP sequence and acknowledgment numbers, SACK edges | `isn1+75`: the initial number's name and the distance from it; the initial numbers are named in order of appearance, so one that changes on the way has two names |
 * | acknowledgment number without the ACK flag, number of an RST in a flow without SYN | itself |
 * | TCP timestamp value | `clock`, if it advanced by 1/ms since the flow's first one, else by how much it is off; two are equal if they are off alike (5 ms of play) |
 * | TCP timestamp echo | which frames of the peer had sent that value before, `no frame's` if none had; two are equal when they share a frame, or, on an interface that some of the peer's frames pass by, if they are off the peer's clock alike; 0 stays 0 |
 * | ephemeral ports: source ports of a SYN or of the first datagram of a pair, from 1024 on | `port1`, in order of appearance; equal ports have equal names on all interfaces, through address translation too |
 * | IP identification of TCP | `id+3`: the distance from the first one of the flow between these addresses that is not 0; `random` above 4096; 0 stays 0 |
 * | other IP identifications | `id1`, in order of appearance; 0 stays 0; fragments and hops of a packet share a name |
 * | times in the probes of tracepath | `time1` … |
 * | checksums | whether they are right; see `checksum-verdict.ts` |
 * | ICMP echo identifiers and the 16 bytes of time in ping's data | `echo1`, `time1` |
 * | DNS message identifiers, over UDP and TCP | `dns1` |
 * | HTTP's `Date` and `X-Request-ID` in a segment | left out, `request1` |
 * | MAC addresses of devices without a fixed one, if `fixedMacs` is given | `mac1` |
 * | times of capture | left out |
 *
 * All of this holds inside of what ICMP errors quote as well. Lengths, flags, windows, options and
 * their order, TTLs, addresses, payload bytes and the order of frames are compared as they are.
 * Names are given in the order of the interfaces' names and of the frames on each interface, never
 * by time, since the order of events on different interfaces is not fixed.
 *
 * Not modelled: checksums of fragmented datagrams are not verified, since no fragment has all bytes.
 */
import { isGroupMac, type Mac } from "../base/mac.ts";
import { NS_PER_MS } from "../base/units.ts";
import * as icmp from "../wire/icmp.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../wire/protocol-numbers.ts";
import * as tcp from "../wire/tcp.ts";
import { type Capture, type CapturedFrame, framesOf, nsSince } from "./capture.ts";
import { checksumVerdict } from "./checksum-verdict.ts";
import { dissect, type Field, findField, type Layer } from "./dissect.ts";
import { Flows, type Ports, portsAt } from "./flows.ts";
import { PayloadText } from "./payload-text.ts";

/** What the caller knows about the lab. */
export interface NormaliseOptions {
  /** The addresses that the lab gave to devices; all other local ones are taken for random. */
  readonly fixedMacs?: ReadonlySet<number>;
  /** Source ports that a program of the lab chose itself. */
  readonly fixedPorts?: ReadonlySet<number>;
}

/** A field to compare. */
export interface NormalField {
  /** `tcp.window`, `icmp.ip.ttl`. */
  readonly path: string;
  readonly text: string;
  /** For a timestamp echo: the first and last frame of the peer that had sent the value. */
  readonly echo: readonly [number, number] | null;
  /** For a timestamp value, and an echo: by how many ms it is off against the times of capture. */
  readonly offMs: number | null;
}

/** One frame of one interface. */
export interface NormalFrame {
  readonly frame: CapturedFrame;
  readonly fields: readonly NormalField[];
}

/** Play of the timestamp clock against capture times: ticks are cut, frames are captured later. */
export const CLOCK_PLAY_MS = 5;
/** A counting identification is not this far from the flow's first. */
const FARTHEST_ID = 4096;
const ADDRESSES: ReadonlySet<string> = new Set(["source", "destination"]);
const DNS_PORT = 53;
/** Where tracepath sends to: a port for each of 64 probes. */
const TRACEPATH_PORTS = { first: 44_444, last: 44_507 };
const TWO_40 = 2 ** 40;

/** The frames of each named interface, normalised, by name in order of code units. */
export function normalise(
  capture: Capture,
  options: NormaliseOptions = {},
): Map<string, NormalFrame[]> {
  return new Normaliser(capture, options).run();
}

/** Timestamps that one side of a connection has sent on one interface. */
interface ClockTrack {
  readonly isn: number;
  readonly firstFrame: CapturedFrame;
  readonly firstValue: number;
  /** The value of each frame, in order. */
  readonly values: number[];
}

class Normaliser {
  readonly #capture: Capture;
  readonly #options: NormaliseOptions;
  readonly #flows: Flows;
  readonly #names = new Map<string, string>();
  readonly #nameCounts = new Map<string, number>();
  readonly #firstIds = new Map<string, number>();
  /** How many segments of each flow the interface with the most has seen. */
  readonly #segments = new Map<string, number>();
  /** How many of them the interface has that is being normalised. */
  #segmentsHere: ReadonlyMap<string, number> = new Map();
  #clocks = new Map<string, ClockTrack>();
  readonly #payloads = new PayloadText((kind, value) => this.#name(kind, value));

  constructor(capture: Capture, options: NormaliseOptions) {
    this.#capture = capture;
    this.#options = options;
    this.#flows = new Flows(options.fixedPorts ?? new Set());
  }

  run(): Map<string, NormalFrame[]> {
    const order = this.#capture.interfaces
      .map(({ name }, index) => ({ name, index }))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.index - b.index));
    const dissected = order.map(({ name, index }): { name: string; frames: Dissected[] } => ({
      name,
      frames: framesOf(this.#capture, index).map((frame) => ({
        frame,
        layers: dissect(frame.bytes),
      })),
    }));
    const inTime = dissected.flatMap(({ frames }) => frames);
    inTime.sort((a, b) => nsSince(b.frame, a.frame));
    for (const { frame, layers } of inTime) this.#learn(frame, layers);
    const counts = dissected.map(({ frames }) => this.#segmentsOf(frames));
    for (const [flow, count] of counts.flatMap((one) => [...one])) {
      this.#segments.set(flow, Math.max(count, this.#segments.get(flow) ?? 0));
    }
    const result = new Map<string, NormalFrame[]>();
    for (const [index, { name, frames }] of dissected.entries()) {
      this.#clocks = new Map();
      this.#segmentsHere = counts[index] ?? new Map();
      const normal = frames.map(({ frame, layers }) => this.#frame(frame, layers));
      result.set(name, [...(result.get(name) ?? []), ...normal]);
    }
    return result;
  }

  #learn({ bytes }: CapturedFrame, layers: readonly Layer[]): void {
    const ip = layers.find(({ name }) => name === "ip");
    const transport = layers.find(({ name }) => name === "tcp" || name === "udp");
    if (ip !== undefined && transport !== undefined) {
      this.#flows.learn(viewOf(bytes), ip.at, transport.at);
    }
  }

  /** How many segments of each flow are among the frames of an interface. */
  #segmentsOf(frames: readonly Dissected[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { frame, layers } of frames) {
      const ip = layers.find(({ name }) => name === "ip");
      const segment = layers.find(({ name }) => name === "tcp");
      if (ip === undefined || segment === undefined) continue;
      const ports = portsOf(viewOf(frame.bytes), ip, segment);
      if (ports === null) continue;
      const flow = this.#flows.flow(ports);
      counts.set(flow, (counts.get(flow) ?? 0) + 1);
    }
    return counts;
  }

  #frame(frame: CapturedFrame, layers: readonly Layer[]): NormalFrame {
    const view = viewOf(frame.bytes);
    const fields: NormalField[] = [];
    let ip: Layer | null = null;
    let transport: Layer | null = null;
    for (const layer of layers) {
      const kind = layer.name.slice(layer.name.lastIndexOf(".") + 1);
      if (kind === "ip") {
        ip = layer;
        transport = layers[layers.indexOf(layer) + 1] ?? null;
      }
      const ports = transport === null || ip === null ? null : portsOf(view, ip, transport);
      const scope = { frame, view, layers, layer, kind, ip, ports };
      // First of all: a SYN from a port that is used again begins a clock of its own.
      if (layer.name === "tcp" && ports !== null) this.#trackClock(frame, layer, ports);
      for (const field of layer.fields) {
        fields.push({ path: `${layer.name}.${field.name}`, ...this.#field(scope, field) });
      }
    }
    return { frame, fields };
  }

  #field(scope: Scope, field: Field): Omit<NormalField, "path"> {
    if (scope.kind === "tcp" && scope.ports !== null) {
      if (field.name === "timestampEcho") return this.#echo(scope, field);
      if (field.name === "timestampValue") return this.#clock(scope, scope.ports, field);
    }
    return { text: this.#text(scope, field), echo: null, offMs: null };
  }

  #text(scope: Scope, field: Field): string {
    const { kind, layer, view, ip } = scope;
    if (field.name === "checksum") return checksumVerdict(view, layer, ip);
    switch (kind) {
      case "eth":
      case "arp":
        return field.length === 6 ? this.#mac(field) : field.text;
      case "ip":
        return field.name === "id" ? this.#identification(scope, field) : field.text;
      case "udp":
        return this.#port(IPPROTO_UDP, field);
      case "tcp":
        return this.#tcpText(scope, field);
      case "icmp":
        return this.#icmpText(scope, field);
      case "data":
        return field.name === "bytes" ? this.#data(scope, field) : field.text;
      default:
        return field.text;
    }
  }

  #tcpText(scope: Scope, field: Field): string {
    const { ports, layer } = scope;
    if (ports === null) return field.text;
    if (field.name.startsWith("sack") || field.name === "acknowledgment") {
      const flags = layer.fields.find(({ name }) => name === "flags")?.value ?? 0;
      return (flags & tcp.FLAG_ACK) === 0
        ? field.text
        : this.#sequence(this.#flows.reverse(ports), field);
    }
    if (field.name === "sequence") return this.#sequence(this.#flows.flow(ports), field);
    return this.#port(IPPROTO_TCP, field);
  }

  #sequence(flow: string, field: Field): string {
    const isn = this.#flows.isn(flow, field.value);
    if (isn === null) return field.text;
    return `${this.#name("isn", `${isn}`)}+${(field.value - isn) | 0}`;
  }

  /** Another name only for ports that were chosen at random. */
  #port(protocol: number, field: Field): string {
    const isPort = field.name === "sourcePort" || field.name === "destinationPort";
    return isPort && this.#flows.isEphemeral(protocol, field.value)
      ? this.#name("port", `${field.value}`)
      : field.text;
  }

  #identification(scope: Scope, field: Field): string {
    if (field.value === 0) return "0";
    if (scope.ports?.protocol !== IPPROTO_TCP) {
      const protocol = scope.layer.fields.find(({ name }) => name === "protocol")?.value;
      return this.#name("id", `${protocol} ${field.value}`);
    }
    // A port may serve several hosts, each with a count of its own.
    const addresses = scope.layer.fields.filter(({ name }) => ADDRESSES.has(name));
    const flow = [this.#flows.flow(scope.ports), ...addresses.map(({ text }) => text)].join(" ");
    const first = this.#firstIds.get(flow) ?? field.value;
    this.#firstIds.set(flow, first);
    const distance = ((field.value - first) << 16) >> 16;
    return Math.abs(distance) > FARTHEST_ID ? "random" : `id+${distance}`;
  }

  #icmpText(scope: Scope, field: Field): string {
    if (field.name !== "rest" || !isEcho(scope.layer)) return field.text;
    const id = this.#name("echo", `${field.value >>> 16}`);
    return `id ${id} sequence ${field.value & 0xffff}`;
  }

  /** Payload as it is, but for what programs put into it from chance. */
  #data({ view, layers, layer, ports }: Scope, field: Field): string {
    const carrier = layers[layers.indexOf(layer) - 1];
    if (carrier?.name.endsWith("icmp") === true && isEcho(carrier)) {
      return this.#payloads.echo(field);
    }
    if (ports?.protocol === IPPROTO_UDP && isTracepath(ports.destination)) {
      return this.#payloads.tracepathProbe(field);
    }
    const isDns = ports?.source === DNS_PORT || ports?.destination === DNS_PORT;
    if (!isDns) return this.#payloads.other(field);
    if (ports.protocol === IPPROTO_UDP) return this.#payloads.dnsMessage(field);
    const flow = this.#flows.flow(ports);
    const sequence = findField(layers, "tcp.sequence")?.value ?? 0;
    const isn = this.#flows.isn(flow, sequence) ?? sequence;
    return this.#payloads.dnsSegment(`${flow} ${isn}`, (sequence - isn) >>> 0, view, field);
  }

  #mac(field: Field): string {
    const fixed = this.#options.fixedMacs;
    const mac = field.value as Mac;
    const isLocal = Math.floor(mac / TWO_40) % 4 === 2;
    if (fixed === undefined || fixed.has(mac) || isGroupMac(mac) || !isLocal) return field.text;
    return this.#name("mac", field.text);
  }

  #clock(scope: Scope, ports: Ports, field: Field): Omit<NormalField, "path"> {
    const track = this.#clocks.get(this.#flows.flow(ports));
    if (scope.layer.name !== "tcp" || track === undefined) {
      return { text: "clock", echo: null, offMs: 0 };
    }
    const elapsedMs = nsSince(track.firstFrame, scope.frame) / NS_PER_MS;
    const offMs = Math.round(((field.value - track.firstValue) | 0) - elapsedMs);
    const text = Math.abs(offMs) <= CLOCK_PLAY_MS ? "clock" : `clock off by ${offMs} ms`;
    return { text, echo: null, offMs };
  }

  #echo(scope: Scope, field: Field): Omit<NormalField, "path"> {
    if (field.value === 0 || scope.ports === null) {
      return { text: field.text, echo: null, offMs: null };
    }
    const flow = this.#flows.reverse(scope.ports);
    const peer = this.#clocks.get(flow);
    const offMs = this.#missesSome(flow) ? echoOffMs(peer, scope.frame, field.value) : null;
    const first = peer?.values.indexOf(field.value) ?? -1;
    if (first === -1) return { text: "no frame's", echo: null, offMs };
    const last = peer?.values.lastIndexOf(field.value) ?? first;
    const text = first === last ? `frame ${first + 1}'s` : `frame ${first + 1}–${last + 1}'s`;
    return { text: `the peer's ${text}`, echo: [first, last], offMs };
  }

  /** Whether frames of a flow pass this interface by, so that an echo may be of one of those. */
  #missesSome(flow: string): boolean {
    return (this.#segmentsHere.get(flow) ?? 0) < (this.#segments.get(flow) ?? 0);
  }

  #trackClock(frame: CapturedFrame, layer: Layer, ports: Ports): void {
    const value = findField([layer], "tcp.timestampValue")?.value;
    const key = this.#flows.flow(ports);
    const isn = findField([layer], "tcp.sequence")?.value ?? 0;
    const isSyn = ((findField([layer], "tcp.flags")?.value ?? 0) & tcp.FLAG_SYN) !== 0;
    const track = this.#clocks.get(key);
    if (track !== undefined && (!isSyn || track.isn === isn)) {
      // A frame without the option keeps its number.
      track.values.push(value ?? -1);
    } else if (value !== undefined) {
      this.#clocks.set(key, { isn, firstFrame: frame, firstValue: value, values: [value] });
    }
  }

  /** The name of a value of a kind: the same value has the same name in the whole run. */
  #name(kind: string, value: string): string {
    const key = `${kind} ${value}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const count = (this.#nameCounts.get(kind) ?? 0) + 1;
    this.#nameCounts.set(kind, count);
    const name = `${kind}${count}`;
    this.#names.set(key, name);
    return name;
  }
}

/** A frame and its headers. */
interface Dissected {
  readonly frame: CapturedFrame;
  readonly layers: readonly Layer[];
}

/** Where a field stands. */
interface Scope {
  readonly frame: CapturedFrame;
  readonly view: DataView;
  readonly layers: readonly Layer[];
  readonly layer: Layer;
  /** The layer's name without `icmp.`. */
  readonly kind: string;
  readonly ip: Layer | null;
  readonly ports: Ports | null;
}

/** By how many ms an echo is off the peer's clock at the time of this frame. */
function echoOffMs(
  peer: ClockTrack | undefined,
  frame: CapturedFrame,
  value: number,
): number | null {
  if (peer === undefined) return null;
  const elapsedMs = nsSince(peer.firstFrame, frame) / NS_PER_MS;
  return Math.round(((value - peer.firstValue) | 0) - elapsedMs);
}

function portsOf(view: DataView, ip: Layer, transport: Layer): Ports | null {
  const kind = transport.name.slice(transport.name.lastIndexOf(".") + 1);
  const hasPorts = (kind === "tcp" || kind === "udp") && transport.end - transport.at >= 4;
  return hasPorts ? portsAt(view, ip.at, transport.at) : null;
}

function isEcho(layer: Layer): boolean {
  const type = layer.fields.find(({ name }) => name === "type")?.value;
  return type === icmp.ICMP_ECHO || type === icmp.ICMP_ECHO_REPLY;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function isTracepath(port: number): boolean {
  return port >= TRACEPATH_PORTS.first && port <= TRACEPATH_PORTS.last;
}
