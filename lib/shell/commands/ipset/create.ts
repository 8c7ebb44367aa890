/**
 * `ipset create NAME TYPE OPTIONS`.
 *
 * Spec: ipset 7.17, src/ipset.c, lib/ipset_hash_*.c; net/netfilter/ipset/ip_set_hash_gen.h, 6.18.
 * Not modelled: set types that kube-proxy does not use, IPv6.
 */
import { maskOf } from "../../../base/inet.ts";
import { streamOf } from "../../../netfilter/engine.ts";
import {
  DEFAULT_SET_OPTIONS,
  SET_TYPES,
  type SetOptions,
  type SetType,
} from "../../../netfilter/ipset/element.ts";
import type { Netfilter } from "../../../netfilter/netfilter.ts";
import { parseNumber, tryHost } from "../../../netfilter/text/values.ts";
import { notModelled } from "../../command.ts";
import { portsOfRange } from "../../set-ports.ts";
import { numberIn, setProblem, usageProblem } from "../../set-problem.ts";
import { readSetOptions, timeoutOf } from "./options.ts";

const MAX_NAME = 31;
/** Types of the kernel that are not here. */
const OTHER_TYPES = [
  ...["list:set", "hash:mac", "hash:ip,mac", "hash:ip,mark", "hash:net,iface", "hash:net,port"],
  ...["hash:net,port,net", "hash:net,net", "bitmap:ip", "bitmap:ip,mac"],
];
/** The sizes of a hash's buckets. */
const MIN_BUCKET = 2;
const MAX_BUCKET = 12;

/** Options of which no value follows. */
const FLAGS = ["counters", "comment", "skbinfo", "forceadd"];
const HASH_OPTIONS = ["family", "hashsize", "maxelem", "bucketsize", "initval", "forceadd"];
const COMMON_OPTIONS = ["timeout", "counters", "comment", "skbinfo"];
/** What must be equal in a set that is created a second time. */
const SAME_OPTIONS = [
  ...(["timeout", "maxElements", "mask", "comment", "mapping", "firstPort", "lastPort"] as const),
] as const;
const MASKS = ["netmask", "bitmask"];
const FAMILIES = ["inet", "ipv4", "-4"];

/** A set's options while they are read. */
type Draft = { -readonly [name in keyof SetOptions]: SetOptions[name] } & { counters: boolean };

/** Makes the set that the words describe. */
export function createSet(netfilter: Netfilter, words: readonly string[], exist: boolean): void {
  const [name = "", typeName = ""] = words;
  const type = SET_TYPES.find((known) => known === typeName);
  if (type === undefined && !OTHER_TYPES.includes(typeName)) {
    throw setProblem(`Syntax error: typename '${typeName}' is unknown`);
  }
  if (type === undefined) {
    throw notModelled("ipset", `create ${name} ${typeName}`, `types are ${SET_TYPES.join(" ")}`);
  }
  if (name.length > MAX_NAME) {
    throw setProblem(`Syntax error: setname '${name}' is longer than ${MAX_NAME} characters`);
  }
  const { counters, ...options } = readOptions(type, words.slice(2));
  const initval = options.initval || streamOf(netfilter.host, "ipset").uint32();
  const known = netfilter.sets.get(name);
  if (known === undefined) {
    netfilter.sets.create(name, type, counters, { ...options, initval });
    return;
  }
  const isSame =
    known.type === type &&
    known.counters === counters &&
    SAME_OPTIONS.every((option) => known.options[option] === options[option]);
  if (!exist || !isSame) {
    throw setProblem("Set cannot be created: set with the same name already exists");
  }
}

function optionsOf(type: SetType): readonly string[] {
  if (type === "bitmap:port") return ["range", ...COMMON_OPTIONS];
  const masks = type === "hash:ip" || type === "hash:ip,port" ? MASKS : [];
  return [...HASH_OPTIONS, ...COMMON_OPTIONS, ...masks];
}

function readOptions(type: SetType, words: readonly string[]): Draft {
  const draft: Draft = { ...DEFAULT_SET_OPTIONS, counters: false, firstPort: -1 };
  const allowed = optionsOf(type);
  // The family comes first, wherever it stands, and values after all names.
  const family = words.indexOf("family");
  if (family !== -1 && allowed.includes("family")) checkFamily(words[family + 1] ?? "inet");
  const values: [string, string][] = [];
  readSetOptions(words, allowed, FLAGS, (option, value) => {
    if (value === null) setFlag(draft, option);
    else values.push([option, value]);
  });
  for (const [option, value] of values) setValue(draft, option, value);
  if (type !== "bitmap:port") return draft;
  const [, range] = values.find(([option]) => option === "range") ?? [];
  if (range === undefined) throw usageProblem("Mandatory option `range' is missing");
  if (!range.includes("-")) throw usageProblem("Mandatory option `to' is missing");
  return draft;
}

function setFlag(draft: Draft, option: string): void {
  if (option === "counters") draft.counters = true;
  else if (option === "comment") draft.comment = true;
  else if (option === "skbinfo") draft.mapping = true;
  else draft.forceAdd = true;
}

function setValue(draft: Draft, option: string, value: string): void {
  if (MASKS.includes(option) && (draft.mask !== -1 || draft.isNetmask)) {
    throw setProblem("Syntax error: bitmask and netmask are mutually exclusive, provide only one");
  }
  switch (option) {
    case "family":
      return;
    case "hashsize":
      draft.hashSize = powerOfTwo(numberIn(value));
      return;
    case "maxelem":
      draft.maxElements = numberIn(value);
      return;
    case "timeout":
      draft.timeout = timeoutOf(value);
      return;
    case "bucketsize":
      draft.bucketSize = bucketSize(numberIn(value, 0, 255));
      return;
    case "initval":
      draft.initval = numberIn(value);
      return;
    case "netmask":
      draft.mask = netmask(value);
      draft.isNetmask = true;
      return;
    case "bitmask":
      draft.mask = bitmask(value);
      draft.isNetmask = false;
      return;
    default:
      [draft.firstPort, draft.lastPort] = portsOfRange(value);
  }
}

function checkFamily(name: string): void {
  if (FAMILIES.includes(name)) return;
  if (["inet6", "ipv6", "-6"].includes(name)) {
    throw notModelled("ipset", `family ${name}`, "family inet");
  }
  throw setProblem(`Syntax error: unknown inet family ${name}`);
}

function netmask(text: string): number {
  const length = parseNumber(text);
  if (length !== undefined && length >= 1 && length <= 32) return maskOf(length);
  const problem = length === undefined ? "is invalid as number" : "is out of range 1-32";
  throw setProblem(
    `Syntax error: '${text}' ${problem}\n` +
      "Syntax error: netmask is out of the inclusive range of 1-32",
  );
}

function bitmask(text: string): number {
  const mask = tryHost(text);
  if (mask !== undefined) return mask;
  throw setProblem(
    `Syntax error: cannot parse ${text}: resolving to IPv4 address failed\n` +
      "Syntax error: bitmask is not valid for family = inet",
  );
}

/** As the kernel rounds the size of a hash: up, to 64 at least. */
function powerOfTwo(size: number): number {
  let power = 64;
  while (power < size) power *= 2;
  return power;
}

function bucketSize(size: number): number {
  const even = size + (size % 2);
  return Math.min(Math.max(even, MIN_BUCKET), MAX_BUCKET);
}
