/**
 * `ipset`: makes, fills, asks and prints IP sets.
 *
 * Spec: ipset 7.17, src/ipset.c, lib/errcode.c.
 * Not modelled: set types that kube-proxy does not use, IPv6, comments, skbinfo.
 * Differs: elements of a hash are printed in the order in which they came, not in that of a hash
 * with a random seed; the size in memory counts a bucket for each element; a bitmap's number of
 * entries leaves out those whose time is over at once, not when the kernel collects them.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { streamOf } from "../../netfilter/engine.ts";
import {
  type IpSet,
  SET_TYPES,
  type SetElement,
  type SetOptions,
  type SetType,
} from "../../netfilter/ipset.ts";
import type { Netfilter } from "../../netfilter/netfilter.ts";
import { parseNumber } from "../../netfilter/text/values.ts";
import { afterInput, type Command, immediate, notModelled, ToolError } from "../command.ts";
import { formatElement, parseElements, setProblem } from "../set-element.ts";

const MAX_NAME = 31;
/** Seconds; what the kernel can count in milliseconds. */
const MAX_TIMEOUT = 2147483;
const MISSING = "The set with the given name does not exist";
const IN_USE = "Set cannot be destroyed: it is in use by a kernel component";
const HINT = "\nTry `ipset help' for more information.";

/** Options that may stand anywhere. */
interface Flags {
  exist: boolean;
  quiet: boolean;
  names: boolean;
  terse: boolean;
  sorted: boolean;
  save: boolean;
}

/** The revisions of the types in Linux 6.18, which listings name. */
const REVISIONS: Readonly<Record<SetType, number>> = {
  "hash:ip": 6,
  "hash:ip,port": 7,
  "hash:ip,port,ip": 6,
  "hash:ip,port,net": 8,
  "bitmap:port": 3,
  "hash:net": 7,
};

const SHORT: ReadonlyMap<string, string> = new Map([
  ["n", "create"],
  ["a", "add"],
  ["d", "del"],
  ["t", "test"],
  ["x", "destroy"],
  ["l", "list"],
  ["s", "save"],
  ["f", "flush"],
  ["e", "rename"],
  ["w", "swap"],
]);

/** The command. */
export const ipset: Command = {
  name: "ipset",
  parse(args) {
    const flags: Flags = {
      exist: false,
      quiet: false,
      names: false,
      terse: false,
      sorted: false,
      save: false,
    };
    const words = takeFlags(args, flags);
    if (words[0] === "restore") {
      return afterInput(({ host }, input) => {
        restore(host.netfilter, fromUtf8(input), flags);
        return 0;
      });
    }
    return immediate(({ host, io }) => {
      const { output, message } = carryOut(host.netfilter, words, flags);
      io.stdout(output);
      io.stderr(flags.quiet ? "" : message);
      return message.includes("is NOT in set") ? 1 : 0;
    });
  },
};

/** Takes the options out of the words. */
function takeFlags(args: readonly string[], flags: Flags): string[] {
  const words: string[] = [];
  const left = [...args];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const name = word.startsWith("-") ? word.replace(/^--?/, "") : "";
    if (name === "exist" || name === "!") flags.exist = true;
    else if (name === "quiet" || name === "q") flags.quiet = true;
    else if (name === "name" || (name === "n" && words[0] === "list")) flags.names = true;
    else if (name === "terse" || (name === "t" && words[0] === "list")) flags.terse = true;
    else if (name === "sorted" || (name === "s" && words.length > 0)) flags.sorted = true;
    else if (name === "resolve" || name === "r") continue;
    else if (name === "output" || name === "o") {
      const form = left.shift();
      if (form === "save") flags.save = true;
      else if (form !== "plain") throw notModelled("ipset", `-o ${form}`, "-o plain and -o save");
    } else if (words.length === 0) words.push(commandName(word, name));
    else words.push(word);
  }
  if (words.length === 0) throw setProblem(`No command specified.${HINT}`);
  return words;
}

function commandName(word: string, dashed: string): string {
  const name = dashed === "" ? word : dashed;
  const full = SHORT.get(name) ?? name;
  switch (full) {
    case "v":
      return "version";
    case "-X":
      return "destroy";
    default:
      return full;
  }
}

function restore(netfilter: Netfilter, text: string, flags: Flags): void {
  text.split("\n").forEach((line, index) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0]?.startsWith("#") === true || words[0] === "COMMIT") return;
    try {
      const own = { ...flags };
      carryOut(netfilter, takeFlags(words, own), own);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      const problem = error.text.replace(/^ipset v7\.17: /, "");
      throw setProblem(`Error in line ${index + 1}: ${problem}`);
    }
  });
}

function carryOut(
  netfilter: Netfilter,
  words: readonly string[],
  flags: Flags,
): { output: string; message: string } {
  const [command = "", ...rest] = words;
  const { sets } = netfilter;
  const done = { output: "", message: "" };
  switch (command) {
    case "create":
      create(netfilter, rest, flags);
      return done;
    case "add":
    case "del":
      change(setNamed(netfilter, need(rest, 2, command)), command, rest, flags);
      return done;
    case "test": {
      const set = setNamed(netfilter, need(rest, 2, command));
      return { output: "", message: test(set, rest[1] ?? "") };
    }
    case "list":
    case "save":
      return { output: list(chosen(netfilter, rest[0]), flags, command === "save"), message: "" };
    case "flush":
      for (const set of chosen(netfilter, rest[0])) set.flush();
      return done;
    case "destroy": {
      const doomed = chosen(netfilter, rest[0]);
      if (doomed.some(({ references }) => references > 0)) throw setProblem(IN_USE);
      for (const { name } of doomed) sets.destroy(name);
      return done;
    }
    case "rename":
      rename(netfilter, setNamed(netfilter, need(rest, 2, command)), rest[1] ?? "");
      return done;
    case "swap": {
      const set = setNamed(netfilter, need(rest, 2, command));
      const other = sets.get(rest[1] ?? "");
      if (other === undefined) {
        throw setProblem("Sets cannot be swapped: the second set does not exist");
      }
      if (set.type !== other.type) {
        throw setProblem("The sets cannot be swapped: their type does not match");
      }
      set.exchange(other);
      return done;
    }
    case "version":
      return { output: "ipset v7.17, protocol version: 7\n", message: "" };
    default:
      throw setProblem(`No command specified: unknown argument ${command}${HINT}`);
  }
}

/** The first word, if there are as many as the command needs. */
function need(words: readonly string[], count: number, command: string): string {
  if (words.length < count) {
    const which = words.length === 0 ? "" : " second";
    throw setProblem(`Missing${which} mandatory argument to command ${command}${HINT}`);
  }
  return words[0] ?? "";
}

function setNamed({ sets }: Netfilter, name: string): IpSet {
  const set = sets.get(name);
  if (set === undefined) throw setProblem(MISSING);
  return set;
}

/** The set of that name, or all. */
function chosen(netfilter: Netfilter, name: string | undefined): IpSet[] {
  return name === undefined ? netfilter.sets.list() : [setNamed(netfilter, name)];
}

function create(netfilter: Netfilter, words: readonly string[], { exist }: Flags): void {
  const name = need(words, 2, "create");
  const type = SET_TYPES.find((known) => known === words[1]);
  if (type === undefined) {
    throw notModelled("ipset", `create ${name} ${words[1]}`, `types are ${SET_TYPES.join(" ")}`);
  }
  if (name.length > MAX_NAME) {
    throw setProblem(`Syntax error: setname '${name}' is longer than ${MAX_NAME} characters`);
  }
  const { counters, options } = readSetOptions(type, words.slice(2));
  const initval = streamOf(netfilter.host, "ipset").uint32();
  const known = netfilter.sets.get(name);
  if (known === undefined) {
    netfilter.sets.create(name, type, counters, { ...options, initval });
  } else if (!exist || known.type !== type) {
    throw setProblem("Set cannot be created: set with the same name already exists");
  }
}

function readSetOptions(
  type: SetType,
  words: readonly string[],
): { counters: boolean; options: SetOptions } {
  let counters = false;
  let [hashSize, maxElements, firstPort, lastPort, timeout] = [1024, 65536, -1, -1, -1];
  const left = [...words];
  const value = (option: string): string => {
    const word = left.shift();
    if (word === undefined) throw setProblem(`Missing mandatory argument of option \`${option}'`);
    return word;
  };
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "counters") counters = true;
    else if (word === "family" && value(word) === "inet") continue;
    else if (word === "hashsize") hashSize = powerOfTwo(numberOf(value(word)));
    else if (word === "timeout") timeout = timeoutOf(value(word));
    else if (word === "maxelem") maxElements = numberOf(value(word));
    else if (word === "bucketsize" || word === "initval") value(word);
    else if (word === "range") {
      const [first = "", last = first] = value(word).split("-");
      firstPort = numberOf(first);
      lastPort = numberOf(last);
    } else {
      throw notModelled(
        "ipset",
        word,
        "options are family inet, hashsize, maxelem, counters, range, timeout",
      );
    }
  }
  if (type === "bitmap:port" && firstPort === -1) {
    throw setProblem(`Mandatory option \`range' is missing${HINT}`);
  }
  return { counters, options: { hashSize, maxElements, timeout, initval: 0, firstPort, lastPort } };
}

function numberOf(text: string): number {
  const number = parseNumber(text);
  if (number === undefined) throw setProblem(`Syntax error: '${text}' is invalid as number`);
  return number;
}

/** As the kernel rounds the size of a hash: up, to 64 at least. */
function powerOfTwo(size: number): number {
  let power = 64;
  while (power < size) power *= 2;
  return power;
}

function change(set: IpSet, command: "add" | "del", words: readonly string[], flags: Flags): void {
  const [, text = "", ...more] = words;
  const { nomatch, timeout, packets, bytes } = readExtensions(set, more);
  for (const element of parseElements(set, text, nomatch)) {
    element.expires = set.expiry(timeout);
    // Counts that are not given stay as they are.
    const known = set.get(element);
    element.packets = packets ?? known?.packets ?? 0;
    element.bytes = bytes ?? known?.bytes ?? 0;
    if (command === "del") {
      if (set.delete(element) || flags.exist) continue;
      throw setProblem("Element cannot be deleted from the set: it's not added");
    }
    if (set.get(element) !== undefined) {
      if (flags.exist) {
        set.put(element);
        continue;
      }
      throw setProblem("Element cannot be added to the set: it's already added");
    }
    if (set.type !== "bitmap:port" && set.size >= set.options.maxElements) {
      throw setProblem("Hash is full, cannot add more elements");
    }
    set.add(element);
  }
}

/** What an element is added with beside its address. */
interface Extensions {
  nomatch: boolean;
  /** Seconds; undefined: those of the set. */
  timeout: number | undefined;
  packets: number | undefined;
  bytes: number | undefined;
}

function readExtensions(set: IpSet, words: readonly string[]): Extensions {
  const read: Extensions = {
    nomatch: false,
    timeout: undefined,
    packets: undefined,
    bytes: undefined,
  };
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word === "nomatch") {
      read.nomatch = true;
      continue;
    }
    if (word !== "timeout" && word !== "packets" && word !== "bytes") {
      throw setProblem(`Unknown argument: \`${word}'${HINT}`);
    }
    index += 1;
    const value = words[index];
    if (value === undefined) throw setProblem(`Missing mandatory argument of option \`${word}'`);
    read[word] = word === "timeout" ? timeoutOf(value) : numberOf(value);
    if (word === "timeout" && set.options.timeout === -1) {
      throw setProblem("Timeout cannot be used: set was created without timeout support");
    }
    if (word !== "timeout" && !set.counters) {
      throw setProblem(
        "Packet/byte counters cannot be used: set was created without counter support",
      );
    }
  }
  return read;
}

function timeoutOf(text: string): number {
  const seconds = numberOf(text);
  if (seconds <= MAX_TIMEOUT) return seconds;
  throw setProblem(`Syntax error: '${text}' is out of range 0-${MAX_TIMEOUT}`);
}

/** What the tool says about an element; in both cases to standard error. */
function test(set: IpSet, text: string): string {
  const [element] = parseElements(set, text, false);
  const found =
    element === undefined ? null : element.prefix === 32 ? set.lookUp(element) : set.get(element);
  const isIn = (found ?? null) !== null && found?.nomatch !== true;
  const shown = element === undefined ? text : formatElement(set, element);
  return isIn
    ? `Warning: ${shown} is in set ${set.name}.\n`
    : `${shown} is NOT in set ${set.name}.\n`;
}

function rename({ sets }: Netfilter, set: IpSet, to: string): void {
  if (set.references > 0) {
    throw setProblem("Set cannot be renamed: it is in use by another system");
  }
  if (sets.get(to) !== undefined) {
    throw setProblem("Set cannot be renamed: a set with the new name already exists");
  }
  sets.rename(set, to);
}

function list(sets: readonly IpSet[], flags: Flags, isSave: boolean): string {
  if (flags.names) return sets.map(({ name }) => `${name}\n`).join("");
  if (isSave || flags.save) return sets.map((set) => saved(set, flags)).join("");
  return sets.map((set) => listed(set, flags)).join("\n");
}

function listed(set: IpSet, flags: Flags): string {
  const head = [
    `Name: ${set.name}`,
    `Type: ${set.type}`,
    `Revision: ${REVISIONS[set.type]}`,
    `Header: ${header(set)}`,
    `Size in memory: ${memory(set)}`,
    `References: ${set.references}`,
    `Number of entries: ${set.size}`,
  ];
  if (flags.terse) return `${head.join("\n")}\n`;
  return `${[...head, "Members:", ...members(set, flags)].join("\n")}\n`;
}

function saved(set: IpSet, flags: Flags): string {
  const lines = members(set, flags).map((member) => `add ${set.name} ${member}\n`);
  return `create ${set.name} ${set.type} ${header(set)}\n${lines.join("")}`;
}

function header({ type, counters, options }: IpSet): string {
  const timed = options.timeout === -1 ? "" : ` timeout ${options.timeout}`;
  const counted = `${timed}${counters ? " counters" : ""}`;
  if (type === "bitmap:port") return `range ${options.firstPort}-${options.lastPort}${counted}`;
  const { hashSize, maxElements, initval } = options;
  return `family inet hashsize ${hashSize} maxelem ${maxElements}${counted} bucketsize 12 initval 0x${initval.toString(16).padStart(8, "0")}`;
}

function members(set: IpSet, { sorted }: Flags): string[] {
  const elements = set.elements();
  if (set.type === "bitmap:port") elements.sort((a, b) => a.port - b.port);
  else if (sorted) elements.sort(byAddress);
  return elements.map((element) => {
    const counters = set.counters ? ` packets ${element.packets} bytes ${element.bytes}` : "";
    const timeout = set.options.timeout === -1 ? "" : ` timeout ${set.secondsLeft(element)}`;
    return formatElement(set, element, timeout) + counters;
  });
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
