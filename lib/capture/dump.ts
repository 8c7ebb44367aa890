/**
 * Frames as lines of text, exactly as `tcpdump -n` prints them: ARP, IPv4, ICMP, UDP, TCP with
 * relative sequence numbers, hints of HTTP and DNS. A dumper remembers the connections that it has
 * seen, so one is used for one capture of one interface, as one tcpdump is.
 *
 * Spec: tcpdump 4.99.3, whose output on real captures the specs compare with.
 */
import { formatMac } from "../base/mac.ts";
import { NS_PER_US } from "../base/units.ts";
import * as ethernet from "../wire/ethernet.ts";
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../wire/protocol-numbers.ts";
import type { Capture, CapturedFrame } from "./capture.ts";
import { describeArp } from "./dump/arp.ts";
import {
  type DumpContext,
  type DumpOptions,
  hex16,
  type SequenceOrigin,
  truncated,
} from "./dump/context.ts";
import { hexLines } from "./dump/hex.ts";
import { describeIpv4 } from "./dump/ipv4.ts";

export type { DumpOptions } from "./dump/context.ts";

const ETHERTYPES: ReadonlyMap<number, string> = new Map([
  [ETHERTYPE_IPV4, "IPv4"],
  [ETHERTYPE_ARP, "ARP"],
  [ETHERTYPE_IPV6, "IPv6"],
  [0x8100, "802.1Q"],
]);
const SECONDS_PER_DAY = 86400;

/** Prints the frames of one interface. */
export class Dumper {
  readonly #options: DumpOptions;
  readonly #origins = new Map<string, SequenceOrigin>();

  constructor(options: DumpOptions = {}) {
    this.#options = options;
  }

  /** The frame without its time; several lines with -v or hexadecimal, without a final line break. */
  describe(bytes: Buffer, originalLength: number = bytes.length): string {
    const options = this.#options;
    const context: DumpContext = {
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      verbose: options.verbose ?? 0,
      link: options.link === true,
      absoluteSequence: options.absoluteSequence === true,
      origins: this.#origins,
      ipv4: describeIpv4,
    };
    const text = this.#frame(context, originalLength);
    return `${text}${this.#hex(bytes, /^ \[\|(arp|ip)\]$| \[\|icmp\]$/.test(text))}`;
  }

  /** The line as tcpdump prints it: time of day (UTC), then the frame. */
  line(frame: CapturedFrame): string {
    return `${timeOfDay(frame)} ${this.describe(frame.bytes, frame.originalLength)}`;
  }

  #frame(context: DumpContext, originalLength: number): string {
    const { bytes, view } = context;
    if (bytes.length < ethernet.ETHERNET_SIZE) return truncated("ether");
    const type = ethernet.type(view, 0);
    const l3 = ethernet.ETHERNET_SIZE;
    const link = this.#options.link === true;
    const prefix = link ? linkHeader(view, type, originalLength) : "";
    const length = originalLength - l3;
    switch (type) {
      case ETHERTYPE_IPV4:
        if (bytes.length === l3) return `${prefix}${truncated("ip")}`;
        // tcpdump counts what was captured, not what was on the wire, as missing.
        return `${prefix || "IP "}${describeIpv4(context, l3, bytes.length - l3, bytes.length)}`;
      case ETHERTYPE_ARP: {
        const arp = describeArp(context, l3, length, bytes.length);
        const isCut = arp === truncated("arp");
        return isCut ? `${prefix}${arp}` : `${prefix || "ARP, "}${arp}`;
      }
      case ETHERTYPE_IPV6:
        // Not modelled: the inside of IPv6 packets.
        return `${prefix || "IP6 "}length ${length}`;
      default: {
        const header = link ? prefix : linkHeader(view, type, originalLength);
        return this.#options.hex === undefined || this.#options.hex === "none"
          ? `${header}${hexLines(bytes.subarray(l3), true)}`
          : header;
      }
    }
  }

  /** Of a frame that was cut short tcpdump shows the Ethernet header in any case. */
  #hex(bytes: Buffer, isCut: boolean): string {
    const kind = this.#options.hex ?? "none";
    if (kind === "none") return "";
    const from = kind.length === 2 || isCut ? 0 : ethernet.ETHERNET_SIZE;
    return hexLines(bytes.subarray(from), kind.startsWith("X"));
  }
}

/** All lines of a capture as tcpdump prints the file, each interface with numbers of its own. */
export function dumpCapture(capture: Capture, options: DumpOptions = {}): string {
  const dumpers = capture.interfaces.map(() => new Dumper(options));
  return capture.frames
    .map((frame) => `${dumpers[frame.interfaceIndex]?.line(frame) ?? ""}\n`)
    .join("");
}

/** `17:30:19.158866`, in UTC. */
function timeOfDay(frame: CapturedFrame): string {
  const second = frame.seconds % SECONDS_PER_DAY;
  const parts = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60];
  const micros = Math.floor(frame.nanoseconds / NS_PER_US);
  return `${parts.map((part) => `${part}`.padStart(2, "0")).join(":")}.${`${micros}`.padStart(6, "0")}`;
}

function linkHeader(view: DataView, type: number, length: number): string {
  const from = formatMac(ethernet.source(view, 0));
  const to = formatMac(ethernet.destination(view, 0));
  const name = `${ETHERTYPES.get(type) ?? "Unknown"} (${hex16(type)})`;
  return `${from} > ${to}, ethertype ${name}, length ${length}: `;
}
