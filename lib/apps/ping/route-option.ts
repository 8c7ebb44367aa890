/**
 * The IPv4 options of `ping -R` and `ping -T`, and what is printed of them.
 *
 * Spec: RFC 791 §3.1; iputils 20221126, ping/ping.c (ping4_run, pr_options).
 */
import { formatIpv4 } from "../../base/inet.ts";
import { Option, STAMP_TIME_ONLY, STAMP_WITH_ADDRESS } from "../../net/option-place.ts";

const OPTION_BYTES = 40;
const MINIMUM_POINTER = 4;
const NOT_STANDARD = 0x80000000;

/** What the options ask for. */
export type RouteOption = "record-route" | "times" | "times-and-addresses";

/** The options as they are given to the socket. */
export function routeOptionBytes(option: RouteOption): Uint8Array {
  const bytes = new Uint8Array(OPTION_BYTES);
  if (option === "record-route") {
    bytes.set([Option.NOP, Option.RR, OPTION_BYTES - 1, MINIMUM_POINTER]);
    return bytes;
  }
  const kind = option === "times" ? STAMP_TIME_ONLY : STAMP_WITH_ADDRESS;
  const length = option === "times" ? OPTION_BYTES : OPTION_BYTES - 4;
  bytes.set([Option.TIMESTAMP, length, MINIMUM_POINTER + 1, kind]);
  return bytes.subarray(0, length);
}

/** Prints the options of answers; remembers the last route, to say that it is the same. */
export class RoutePrinter {
  #lastRoute = "";

  /** The text behind the line of an answer. `bytes` are its options; `flood`: routes are repeated. */
  text(bytes: Uint8Array, flood: boolean): string {
    let text = "";
    for (let at = 0; at < bytes.length && bytes[at] !== Option.END; ) {
      if (bytes[at] === Option.NOP) {
        text += "\nNOP";
        at += 1;
        continue;
      }
      const length = bytes[at + 1] ?? 0;
      if (length < 2 || at + length > bytes.length) break;
      text += this.#option(bytes.subarray(at, at + length), flood);
      at += length;
    }
    return text;
  }

  #option(option: Uint8Array, flood: boolean): string {
    const view = new DataView(option.buffer, option.byteOffset, option.length);
    switch (option[0]) {
      case Option.LSRR:
      case Option.SSRR:
        return `\n${option[0] === Option.SSRR ? "S" : "L"}SRR: ${addresses(view, option.length)}`;
      case Option.RR:
        return this.#recorded(view, flood);
      case Option.TIMESTAMP:
        return stamps(view);
      default:
        return `\nunknown option ${(option[0] ?? 0).toString(16)}`;
    }
  }

  #recorded(view: DataView, flood: boolean): string {
    const filled = Math.min(view.getUint8(2), view.byteLength);
    if (filled <= MINIMUM_POINTER) return "";
    const route = addresses(view, filled - 1);
    if (route === this.#lastRoute && !flood) return "\t(same route)";
    this.#lastRoute = route;
    return `\nRR: ${route}`;
  }
}

/** The addresses from the fourth byte on, up to `end`, a line each. */
function addresses(view: DataView, end: number): string {
  let text = "";
  for (let at = MINIMUM_POINTER - 1; at + 4 <= end; at += 4) {
    text += `\t${formatIpv4(view.getInt32(at))}\n`;
  }
  return text;
}

/** Times are said from midnight, then from the one before. */
function stamps(view: DataView): string {
  let left = Math.min(view.getUint8(2), view.byteLength) - MINIMUM_POINTER - 1;
  if (left <= 0) return "";
  const flags = view.getUint8(3);
  const withAddresses = (flags & 15) !== STAMP_TIME_ONLY;
  let standard = 0;
  let other = 0;
  let text = "\nTS: ";
  // A full option has its pointer behind it, and the last stamp counts although less is left.
  for (let at = MINIMUM_POINTER; left > 0; left -= 4) {
    if (withAddresses) {
      text += `\t${formatIpv4(view.getInt32(at))}`;
      at += 4;
      left -= 4;
      if (left <= 0) break;
    }
    const time = view.getUint32(at);
    at += 4;
    if (time >= NOT_STANDARD) {
      const since = time - NOT_STANDARD;
      text += other === 0 ? `\t${since} absolute not-standard` : `\t${since - other} not-standard`;
      other = since;
    } else {
      text += standard === 0 ? `\t${time} absolute` : `\t${time - standard}`;
      standard = time;
    }
    text += "\n";
  }
  return flags >>> 4 === 0 ? text : `${text}Unrecorded hops: ${flags >>> 4}\n`;
}
