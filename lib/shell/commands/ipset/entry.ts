/**
 * `ipset add`, `del` and `test`: one element, or all of a range, and what it is added with.
 *
 * Spec: ipset 7.17, lib/errcode.c, lib/parse.c; net/netfilter/ipset/ip_set_hash_gen.h, 6.18.
 */

import { NO_MAPPING, type SetElement, type SetMapping } from "../../../netfilter/ipset/element.ts";
import type { IpSet } from "../../../netfilter/ipset/set.ts";
import { elementsOf, elementToTest, type ParsedElement, parseElement } from "../../set-element.ts";
import { numberIn, setProblem } from "../../set-problem.ts";
import { readSetOptions, timeoutOf } from "./options.ts";

const MAX_COMMENT = 255;

type EntryCommand = "add" | "del" | "test";

/** What an element is added with beside its address; what is not given is undefined. */
interface Extensions {
  nomatch: boolean;
  /** Seconds. */
  timeout: number | undefined;
  packets: number | undefined;
  bytes: number | undefined;
  comment: string | undefined;
  mapping: SetMapping | undefined;
}

/** Adds what the words describe; `exist`: it may be there already. */
export function addElements(set: IpSet, words: readonly string[], exist: boolean): void {
  const { parsed, extensions } = readEntry(set, words, "add");
  for (const element of elementsOf(set, parsed)) {
    const known = set.get(element);
    if (known !== undefined && !exist) {
      throw setProblem("Element cannot be added to the set: it's already added");
    }
    if (known === undefined && isFull(set)) makeRoom(set);
    set.put(extended(set, element, known, extensions));
  }
}

/** Takes out what the words describe; `exist`: it may be missing. */
export function deleteElements(set: IpSet, words: readonly string[], exist: boolean): void {
  for (const element of elementsOf(set, readEntry(set, words, "del").parsed)) {
    if (set.delete(element) || exist) continue;
    throw setProblem("Element cannot be deleted from the set: it's not added");
  }
}

/** Whether the element that the words describe is in the set, and how it is called. */
export function testElement(
  set: IpSet,
  words: readonly string[],
): { readonly isIn: boolean; readonly text: string } {
  const { parsed, extensions } = readEntry(set, words, "test");
  const element = elementToTest(set, parsed);
  if (element === null) return { isIn: false, text: parsed.text };
  const found = element.prefix === 32 ? set.lookUp(element) : (set.get(element) ?? null);
  const isIn = found !== null && found.nomatch === extensions.nomatch;
  return { isIn, text: parsed.text };
}

function isFull(set: IpSet): boolean {
  return set.type !== "bitmap:port" && set.size >= set.options.maxElements;
}

function makeRoom(set: IpSet): void {
  const [oldest] = set.elements();
  if (!set.options.forceAdd || oldest === undefined) {
    throw setProblem("Hash is full, cannot add more elements");
  }
  set.delete(oldest);
}

/** The element with all that belongs to it; of what is not given, only counts stay as they are. */
function extended(
  set: IpSet,
  element: SetElement,
  known: SetElement | undefined,
  { nomatch, timeout, packets, bytes, comment, mapping }: Extensions,
): SetElement {
  return {
    ...element,
    nomatch,
    expires: set.expiry(timeout),
    packets: packets ?? known?.packets ?? 0,
    bytes: bytes ?? known?.bytes ?? 0,
    comment: comment ?? "",
    mapping: mapping ?? NO_MAPPING,
  };
}

function readEntry(
  set: IpSet,
  words: readonly string[],
  kind: EntryCommand,
): { parsed: ParsedElement; extensions: Extensions } {
  const [text = "", ...more] = words;
  const parsed = parseElement(set, text);
  const extensions = readExtensions(set, more, kind);
  refuseExtensions(set, extensions);
  return { parsed, extensions };
}

function readExtensions(set: IpSet, words: readonly string[], kind: EntryCommand): Extensions {
  const isAdd = kind === "add";
  const read: Extensions = {
    nomatch: false,
    timeout: undefined,
    packets: undefined,
    bytes: undefined,
    comment: undefined,
    mapping: undefined,
  };
  const allowed = [...(isAdd ? VALUES : []), ...(set.hasNetworks && kind !== "del" ? FLAGS : [])];
  readSetOptions(words, allowed, FLAGS, (option, value) => {
    if (value === null) read.nomatch = true;
    else takeValue(read, option, value);
  });
  return read;
}

const FLAGS = ["nomatch"];
const VALUES = ["timeout", "packets", "bytes", "comment", "skbmark", "skbprio", "skbqueue"];

function takeValue(read: Extensions, option: string, value: string): void {
  switch (option) {
    case "timeout":
      read.timeout = timeoutOf(value);
      return;
    case "packets":
    case "bytes":
      read[option] = numberIn(value, 0, 2 ** 64 - 2048, "18446744073709551614");
      return;
    case "comment":
      read.comment = commentOf(value);
      return;
    default:
      read.mapping = { ...(read.mapping ?? NO_MAPPING), ...mapping(option, value) };
  }
}

function commentOf(text: string): string {
  if (text.includes('"')) {
    throw setProblem('Syntax error: " character is not permitted in comments');
  }
  if (text.length <= MAX_COMMENT) return text;
  throw setProblem(
    `Syntax error: Comment is longer than the maximum allowed ${MAX_COMMENT} characters`,
  );
}

function mapping(option: string, value: string): Partial<SetMapping> {
  if (option === "skbqueue") return { queue: numberIn(value, 0, 0xffff) };
  if (option === "skbmark") {
    const [, mark, mask = "0xffffffff"] = MARK.exec(value) ?? [];
    if (mark === undefined) {
      throw setProblem(
        "Syntax error: Invalid skbmark format, it should be:  MARK/MASK or MARK (see manpage)",
      );
    }
    return { mark: Number(mark) | 0, mask: Number(mask) | 0 };
  }
  const parts = /^([0-9a-fA-F]+):([0-9a-fA-F]+)$/.exec(value);
  if (parts === null)
    throw setProblem(
      `Syntax error: Invalid skbprio format, it should be:MAJOR:MINOR (see manpage)`,
    );
  return {
    priority: (Number.parseInt(parts[1] ?? "", 16) << 16) | Number.parseInt(parts[2] ?? "0", 16),
  };
}

const MARK = /^(0x[0-9a-fA-F]+)(?:\/(0x[0-9a-fA-F]+))?$/;

/** What the kernel says to something for which the set was not made. */
function refuseExtensions(set: IpSet, read: Extensions): void {
  if (read.timeout !== undefined && set.options.timeout === -1) {
    throw setProblem("Timeout cannot be used: set was created without timeout support");
  }
  if ((read.packets !== undefined || read.bytes !== undefined) && !set.counters) {
    throw setProblem(
      "Packet/byte counters cannot be used: set was created without counter support",
    );
  }
  if (read.comment !== undefined && !set.options.comment) {
    throw setProblem("Comment cannot be used: set was created without comment support");
  }
  if (read.mapping !== undefined && !set.options.mapping) {
    throw setProblem("Skbinfo mapping cannot be used: set was created without skbinfo support");
  }
}
