/**
 * Sets as `ipset list` and `ipset save` print them.
 *
 * Spec: ipset 7.17, lib/session.c, lib/print.c.
 * Differs: elements of a hash are printed in the order in which they came, not in that of a hash
 * with a random seed, and a hash keeps its size when many come; the size in memory counts a bucket for each element; a bitmap's number of
 * entries leaves out those whose time is over at once, not when the kernel collects them.
 */
import { formatIpv4, prefixLengthOf } from "../../../base/inet.ts";
import {
  NO_MAPPING,
  type SetElement,
  type SetOptions,
  type SetType,
} from "../../../netfilter/ipset/element.ts";
import type { IpSet } from "../../../netfilter/ipset/set.ts";
import { hex } from "../../../netfilter/text/values.ts";
import { formatElement } from "../../set-element.ts";

/** How sets are printed. */
export interface ListingForm {
  /** Names alone. */
  readonly names: boolean;
  /** Without the elements. */
  readonly terse: boolean;
  readonly sorted: boolean;
  /** As commands that make them again. */
  readonly save: boolean;
}

/** The revisions of the types in Linux 6.18. */
const REVISIONS: Readonly<Record<SetType, number>> = {
  "hash:ip": 6,
  "hash:ip,port": 7,
  "hash:ip,port,ip": 6,
  "hash:ip,port,net": 8,
  "bitmap:port": 3,
  "hash:net": 7,
};

/** The sets' text. */
export function listSets(sets: readonly IpSet[], form: ListingForm): string {
  if (form.names) return sets.map(({ name }) => `${name}\n`).join("");
  if (form.save) return sets.map((set) => saved(set, form)).join("");
  return sets.map((set) => listed(set, form)).join("\n");
}

function listed(set: IpSet, form: ListingForm): string {
  const head = [
    `Name: ${set.name}`,
    `Type: ${set.type}`,
    `Revision: ${REVISIONS[set.type]}`,
    `Header: ${header(set)}`,
    `Size in memory: ${memory(set)}`,
    `References: ${set.references}`,
    `Number of entries: ${set.size}`,
  ];
  if (form.terse) return `${head.join("\n")}\n`;
  return `${[...head, "Members:", ...members(set, form)].join("\n")}\n`;
}

function saved(set: IpSet, form: ListingForm): string {
  const made = `create ${set.name} ${set.type} ${header(set)}\n`;
  if (form.terse) return made;
  return (
    made +
    members(set, form)
      .map((member) => `add ${set.name} ${member}\n`)
      .join("")
  );
}

function header({ type, counters, options }: IpSet): string {
  const words: string[] = [];
  if (type === "bitmap:port") words.push(`range ${options.firstPort}-${options.lastPort}`);
  else {
    words.push(`family inet hashsize ${options.hashSize} maxelem ${options.maxElements}`);
    if (type === "hash:ip") words.push(maskText(options));
  }
  if (options.timeout !== -1) words.push(`timeout ${options.timeout}`);
  if (counters) words.push("counters");
  if (options.comment) words.push("comment");
  if (options.mapping) words.push("skbinfo");
  if (type !== "bitmap:port") {
    const initval = options.initval.toString(16).padStart(8, "0");
    words.push(`bucketsize ${options.bucketSize} initval 0x${initval}`);
    if (type !== "hash:ip") words.push(maskText(options));
  }
  return words.filter((word) => word !== "").join(" ");
}

function maskText({ mask, isNetmask }: SetOptions): string {
  if (mask === -1) return "";
  return isNetmask ? `netmask ${prefixLengthOf(mask)}` : `bitmask ${formatIpv4(mask)}`;
}

function members(set: IpSet, { sorted }: ListingForm): string[] {
  const elements = set.elements();
  if (set.type === "bitmap:port") elements.sort((a, b) => a.port - b.port);
  else if (sorted) elements.sort(byAddress);
  return elements.map((element) => formatElement(set, element) + extensions(set, element));
}

function extensions(set: IpSet, element: SetElement): string {
  let text = set.options.timeout === -1 ? "" : ` timeout ${set.secondsLeft(element)}`;
  if (element.nomatch) text += " nomatch";
  if (set.counters) text += ` packets ${element.packets} bytes ${element.bytes}`;
  if (element.comment !== "") text += ` comment "${element.comment}"`;
  const { mark, mask, priority, queue } = set.options.mapping ? element.mapping : NO_MAPPING;
  if (mark !== 0 || mask !== 0)
    text += ` skbmark ${hex(mark)}${mask === -1 ? "" : `/${hex(mask)}`}`;
  if (priority !== 0)
    text += ` skbprio ${(priority >>> 16).toString(16)}:${(priority & 0xffff).toString(16)}`;
  if (queue !== 0) text += ` skbqueue ${queue}`;
  return text;
}

function byAddress(a: SetElement, b: SetElement): number {
  return (a.address >>> 0) - (b.address >>> 0) || a.port - b.port;
}

/** Bytes: what an empty set takes, and a bucket with room for two for each element. */
function memory(set: IpSet): number {
  const timed = set.options.timeout === -1 ? 0 : 8;
  if (set.type === "bitmap:port") {
    const ports = set.options.lastPort - set.options.firstPort + 1;
    return 72 + Math.ceil(ports / 64) * 8 + (set.counters ? 16 * ports : 0) + timed * ports;
  }
  const each = { "hash:ip": 4, "hash:ip,port": 8, "hash:ip,port,ip": 12 } as const;
  const element = set.hasNetworks
    ? set.type === "hash:net"
      ? 8
      : 16
    : each[set.type as keyof typeof each];
  const bytes = element + (set.counters ? 16 : 0);
  return (
    (set.hasNetworks ? 456 : 216) +
    set.size * (32 + 2 * (timed === 0 ? bytes : Math.ceil(bytes / 8) * 8 + timed))
  );
}
