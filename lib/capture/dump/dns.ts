/**
 * DNS messages as tcpdump summarises them. Damage ends in its truncation mark.
 * Spec: tcpdump 4.99, domain_print; RFC 1035 §4.1.
 */
import { formatIpv4 } from "../../base/inet.ts";
import type { DumpContext } from "./context.ts";

const TYPES: ReadonlyMap<number, string> = new Map([
  [1, "A"],
  [2, "NS"],
  [5, "CNAME"],
  [6, "SOA"],
  [12, "PTR"],
  [15, "MX"],
  [16, "TXT"],
  [28, "AAAA"],
  [33, "SRV"],
  [41, "OPT"],
  [65, "HTTPS"],
  [255, "ANY"],
]);
const OPERATIONS = ["", " inv_q", " stat", " op3", " notify", " update"];
const RESPONSES = ["", " FormErr", " ServFail", " NXDomain", " NotImp", " Refused"];
const HEADER_SIZE = 12;
const TRUNCATED = " [|domain]";

/** The message was cut short or points outside of itself. */
class Damaged extends Error {}

/** What the message of `length` bytes between `at` and `end` says. */
export function describeDns(context: DumpContext, at: number, end: number, length: number): string {
  const reader = new Reader(context.view, at, end);
  try {
    const text = (reader.u16(2) & 0x8000) === 0 ? query(reader) : response(reader, context.verbose);
    return `${text} (${length})`;
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    return `${reader.text}${TRUNCATED}`;
  }
}

function query(reader: Reader): string {
  const flags = reader.u16(2);
  reader.text = `${reader.u16(0)}${OPERATIONS[(flags >>> 11) & 15] ?? ""}`;
  reader.text += `${(flags & 0x0100) !== 0 ? "+" : ""}${(flags & 0x0010) !== 0 ? "%" : ""}`;
  const counts: [number, string][] = [
    [reader.u16(6), "a"],
    [reader.u16(8), "n"],
    [reader.u16(10), "au"],
  ];
  for (const [count, name] of counts) if (count > 0) reader.text += ` [${count}${name}]`;
  const questions = reader.u16(4);
  if (questions !== 1) reader.text += ` [${questions}q]`;
  for (let index = 0; index < questions; index += 1) reader.text += question(reader);
  return reader.text;
}

function response(reader: Reader, verbose: number): string {
  const flags = reader.u16(2);
  const code = RESPONSES[flags & 15] ?? ` Resp${flags & 15}`;
  reader.text = `${reader.u16(0)}${OPERATIONS[(flags >>> 11) & 15] ?? ""}${code}`;
  reader.text += (flags & 0x0400) !== 0 ? "*" : "";
  reader.text += (flags & 0x0080) === 0 ? "-" : "";
  reader.text += (flags & 0x0200) !== 0 ? "|" : "";
  reader.text += (flags & 0x0020) !== 0 ? "$" : "";
  const questions = reader.u16(4);
  if (questions !== 1) reader.text += ` [${questions}q]`;
  for (let index = 0; index < questions; index += 1) {
    const asked = question(reader);
    if (verbose > 1) reader.text += `${index === 0 ? " q:" : ","}${asked}`;
  }
  const answers = reader.u16(6);
  reader.text += ` ${answers}/${reader.u16(8)}/${reader.u16(10)}`;
  for (let index = 0; index < answers; index += 1) {
    reader.text += `${index === 0 ? "" : ","}${record(reader, verbose)}`;
  }
  // Not modelled: the authority and additional sections that tcpdump adds with -vv.
  return reader.text;
}

function question(reader: Reader): string {
  const name = reader.name();
  const type = reader.take16();
  reader.take16();
  return ` ${TYPES.get(type) ?? `Type${type}`}? ${name}`;
}

function record(reader: Reader, verbose: number): string {
  const name = reader.name();
  const type = reader.take16();
  reader.take16();
  reader.skip(4);
  const size = reader.take16();
  const end = reader.position + size;
  const shown = `${verbose > 0 ? ` ${name}` : ""} ${TYPES.get(type) ?? `Type${type}`}`;
  const data = recordData(reader, type, end);
  reader.position = end;
  return `${shown}${data}`;
}

function recordData(reader: Reader, type: number, end: number): string {
  switch (type) {
    case 1:
      return ` ${formatIpv4(reader.take32())}`;
    case 2:
    case 5:
    case 12:
      return ` ${reader.name()}`;
    case 33: {
      const [priority, weight, port] = [reader.take16(), reader.take16(), reader.take16()];
      return ` ${reader.name()}:${port} ${priority} ${weight}`;
    }
    case 28: {
      const groups: number[] = [];
      while (reader.position < end) groups.push(reader.take16());
      return ` ${formatIpv6(groups)}`;
    }
    default:
      return "";
  }
}

/** RFC 5952 §4: the longest run of zero groups is left out. */
function formatIpv6(groups: readonly number[]): string {
  const text = groups.map((group) => group.toString(16)).join(":");
  const runs = text.match(/\b0(:0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return text;
  const at = text.indexOf(longest);
  const before = text.slice(0, at).replace(/:$/, "");
  const after = text.slice(at + longest.length).replace(/^:/, "");
  return `${before}::${after}`;
}

class Reader {
  text = "";
  position = HEADER_SIZE;
  readonly #view: DataView;
  readonly #start: number;
  readonly #length: number;

  constructor(view: DataView, start: number, end: number) {
    this.#view = view;
    this.#start = start;
    this.#length = end - start;
  }

  u8(at: number): number {
    if (at + 1 > this.#length) throw new Damaged();
    return this.#view.getUint8(this.#start + at);
  }

  u16(at: number): number {
    return this.u8(at) * 256 + this.u8(at + 1);
  }

  take16(): number {
    this.position += 2;
    return this.u16(this.position - 2);
  }

  take32(): number {
    return (this.take16() * 65536 + this.take16()) | 0;
  }

  skip(count: number): void {
    this.position += count;
  }

  /** A name in dots, with a dot at its end; compression pointers go only backwards (RFC 1035 §4.1.4). */
  name(): string {
    let text = "";
    let at = this.position;
    let jumpedFrom = -1;
    for (;;) {
      const size = this.u8(at);
      if (size >= 0xc0) {
        const target = this.u16(at) & 0x3fff;
        if (jumpedFrom === -1) jumpedFrom = at + 2;
        if (target >= at) throw new Damaged();
        at = target;
        continue;
      }
      at += 1;
      if (size === 0) break;
      for (let index = 0; index < size; index += 1) {
        text += String.fromCharCode(this.u8(at + index));
      }
      text += ".";
      at += size;
    }
    this.position = jumpedFrom === -1 ? at : jumpedFrom;
    return text === "" ? "." : text;
  }
}
