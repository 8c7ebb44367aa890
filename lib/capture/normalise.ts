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
import * as icmp from "../wire/icmp.ts";
import { DNS_PORT, IPPROTO_TCP, IPPROTO_UDP } from "../wire/protocol-numbers.ts";
import * as tcp from "../wire/tcp.ts";
import { type Capture, type CapturedFrame, framesOf, nsSince } from "./capture.ts";
import { checksumVerdict } from "./checksum-verdict.ts";
import { dissect, type Field, findField, type Layer } from "./dissect.ts";
import { Flows, type Ports, portsAt } from "./flows.ts";
import type { NormalField, NormalValue } from "./normal-field.ts";
import { PayloadText } from "./payload-text.ts";
import { TimestampClocks } from "./timestamp-clocks.ts";
import { ValueNames } from "./value-names.ts";

/** What the caller knows about the lab. */
export interface NormaliseOptions {
  /** The addresses that the lab gave to devices; all other local ones are taken for random. */
  readonly fixedMacs?: ReadonlySet<number>;
  /** Source ports that a program of the lab chose itself. */
  readonly fixedPorts?: ReadonlySet<number>;
}

/** One frame of one interface. */
export interface NormalFrame {
  readonly frame: CapturedFrame;
  readonly fields: readonly NormalField[];
}

/** A counting identification is not this far from the flow's first. */
const FARTHEST_ID = 4096;
const ADDRESSES: ReadonlySet<string> = new Set(["source", "destination"]);
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

class Normaliser {
  readonly #capture: Capture;
  readonly #options: NormaliseOptions;
  readonly #flows: Flows;
  readonly #name = new ValueNames().of;
  readonly #firstIds = new Map<string, number>();
  #clocks: TimestampClocks;
  readonly #payloads = new PayloadText(this.#name);

  constructor(capture: Capture, options: NormaliseOptions) {
    this.#capture = capture;
    this.#options = options;
    this.#flows = new Flows(options.fixedPorts ?? new Set());
    this.#clocks = new TimestampClocks(this.#flows, []);
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
    this.#clocks = new TimestampClocks(this.#flows, counts);
    const result = new Map<string, NormalFrame[]>();
    for (const [index, { name, frames }] of dissected.entries()) {
      this.#clocks.begin(counts[index] ?? new Map());
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
      if (layer.name === "tcp" && ports !== null) this.#clocks.track(frame, layer, ports);
      for (const field of layer.fields) {
        fields.push({ path: `${layer.name}.${field.name}`, ...this.#field(scope, field) });
      }
    }
    return { frame, fields };
  }

  #field(scope: Scope, field: Field): NormalValue {
    if (scope.kind === "tcp" && scope.ports !== null) {
      if (field.name === "timestampEcho") return this.#clocks.echo(scope.frame, scope.ports, field);
      if (field.name === "timestampValue") {
        // What errors quote was sent before, so that its clock cannot be checked.
        return scope.layer.name === "tcp"
          ? this.#clocks.value(scope.frame, scope.ports, field)
          : { text: "clock", echo: null, offMs: 0 };
      }
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
