/**
 * The option --chunk-types of -m sctp: which chunks a packet must have, with which flags.
 *
 * Kernel: net/netfilter/xt_sctp.c (match_packet), 6.18; iptables 1.8.9, extensions/libxt_sctp.c.
 * Spec: RFC 9260 §3.2.
 */
import type { Packet } from "../packet.ts";
import { refuse } from "../text/errors.ts";

/** Names, types, and the letters of the flags from the highest bit to the lowest. */
const CHUNKS: readonly (readonly [name: string, type: number, flags: string])[] = [
  ["DATA", 0, "----IUBE"],
  ["INIT", 1, ""],
  ["INIT_ACK", 2, ""],
  ["SACK", 3, ""],
  ["HEARTBEAT", 4, ""],
  ["HEARTBEAT_ACK", 5, ""],
  ["ABORT", 6, "-------T"],
  ["SHUTDOWN", 7, ""],
  ["SHUTDOWN_ACK", 8, ""],
  ["ERROR", 9, ""],
  ["COOKIE_ECHO", 10, ""],
  ["COOKIE_ACK", 11, ""],
  ["ECN_ECNE", 12, ""],
  ["ECN_CWR", 13, ""],
  ["SHUTDOWN_COMPLETE", 14, "-------T"],
  ["I_DATA", 64, "----IUBE"],
  ["ASCONF_ACK", 128, ""],
  ["RE_CONFIG", 130, ""],
  ["PAD", 132, ""],
  ["FORWARD_TSN", 192, ""],
  ["ASCONF", 193, ""],
  ["I_FORWARD_TSN", 194, ""],
];
const BY_NAME = new Map(CHUNKS.map(([name, type, flags]) => [name, { type, flags }]));
const NAME_OF = new Map(CHUNKS.map(([name, type]) => [type, name]));
const FLAGS_OF = new Map(CHUNKS.map(([, type, flags]) => [type, flags]));

const KINDS = ["all", "any", "only"] as const;
type Kind = (typeof KINDS)[number];

/** Flags that a chunk must have: of those in the mask these. */
interface FlagTest {
  readonly mask: number;
  readonly value: number;
}

/** Which chunks are asked for. */
export interface ChunkTest {
  readonly kind: Kind;
  readonly inverted: boolean;
  readonly types: ReadonlySet<number>;
  readonly flags: ReadonlyMap<number, FlagTest>;
}

/** `any DATA:Be,INIT`: how, and a list of chunks or ALL or NONE. */
export function chunkTest(text: string, inverted: boolean): ChunkTest {
  const [word = "", list = ""] = text.split(" ");
  const kind = KINDS.find((known) => known === word.toLowerCase());
  if (kind === undefined) refuse('Match type has to be one of "ALL", "ANY" or "ONLY"');
  const types = new Set<number>();
  const flags = new Map<number, FlagTest>();
  if (list.toUpperCase() === "ALL") for (let type = 0; type < 256; type += 1) types.add(type);
  else if (list.toUpperCase() !== "NONE") {
    for (const part of list.split(",")) readChunk(part, types, flags);
  }
  return { kind, inverted, types, flags };
}

function readChunk(text: string, types: Set<number>, flags: Map<number, FlagTest>): void {
  const [name = "", letters = ""] = text.split(":");
  const chunk = BY_NAME.get(name.toUpperCase());
  if (chunk === undefined) refuse(`Unknown sctp chunk \`${name}'`);
  types.add(chunk.type);
  let { mask, value } = flags.get(chunk.type) ?? { mask: 0, value: 0 };
  for (const letter of letters) {
    const place = letter === "-" ? -1 : chunk.flags.indexOf(letter.toUpperCase());
    if (place === -1) refuse(`Invalid flags for chunk type ${chunk.type}`);
    const bit = 1 << (7 - place);
    mask |= bit;
    value = letter === letter.toUpperCase() ? value | bit : value & ~bit;
  }
  if (letters !== "") flags.set(chunk.type, { mask, value });
}

/** Whether the chunks of a packet are as asked; the packet is broken if one has no length. */
export function chunksMatch(test: ChunkTest, packet: Packet, from: number): boolean {
  const { view, end } = packet;
  const missing = test.kind === "all" ? new Set(test.types) : null;
  let at = from;
  do {
    const length = at + 4 <= end ? view.getUint16(at + 2) : 0;
    if (length === 0) {
      packet.hotDrop = true;
      return false;
    }
    const type = view.getUint8(at);
    const isGood = test.types.has(type) && flagsMatch(test.flags.get(type), view.getUint8(at + 1));
    if (isGood && test.kind === "any") return true;
    if (!isGood && test.kind === "only") return false;
    if (isGood) missing?.delete(type);
    at += (length + 3) & ~3;
  } while (at < end);
  if (missing !== null) return missing.size === 0;
  return test.kind === "only";
}

function flagsMatch(test: FlagTest | undefined, flags: number): boolean {
  return test === undefined || (flags & test.mask) === test.value;
}

/** As it is written, with types by number in a numeric listing. */
export function formatChunks({ kind, types, flags }: ChunkTest, numeric: boolean): string {
  if (types.size === 256) return `${kind} ALL`;
  if (types.size === 0) return `${kind} NONE`;
  const words = [...types]
    .sort((a, b) => a - b)
    .map((type) => {
      const hex = `0x${type.toString(16).toUpperCase().padStart(4, "0")}`;
      const name = numeric ? hex : (NAME_OF.get(type) ?? String(type));
      const test = flags.get(type);
      return test === undefined ? name : `${name}:${flagLetters(type, test)}`;
    });
  return `${kind} ${words.join(",")}`;
}

function flagLetters(type: number, { mask, value }: FlagTest): string {
  return Array.from(FLAGS_OF.get(type) ?? "")
    .map((letter, place) => {
      const bit = 1 << (7 - place);
      if ((mask & bit) === 0) return "";
      return (value & bit) === 0 ? letter.toLowerCase() : letter;
    })
    .join("");
}
