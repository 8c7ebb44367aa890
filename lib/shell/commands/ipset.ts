/**
 * `ipset`: makes, fills, asks and prints IP sets.
 *
 * Spec: ipset 7.17, src/ipset.c, lib/errcode.c.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import type { IpSet } from "../../netfilter/ipset/set.ts";
import type { Netfilter } from "../../netfilter/netfilter.ts";
import { afterInput, type Command, immediate, notModelled, ToolError } from "../command.ts";
import { setProblem, usageProblem } from "../set-problem.ts";
import { createSet } from "./ipset/create.ts";
import { addElements, deleteElements, testElement } from "./ipset/entry.ts";
import { type ListingForm, listSets } from "./ipset/listing.ts";

const MISSING = "The set with the given name does not exist";
const IN_USE = "Set cannot be destroyed: it is in use by a kernel component";

/** Options that may stand anywhere. */
interface Flags {
  exist: boolean;
  quiet: boolean;
  names: boolean;
  terse: boolean;
  sorted: boolean;
  save: boolean;
}

/** Options by their names; the letters that are commands too count only behind a command. */
const FLAGS: ReadonlyMap<string, keyof Flags> = new Map([
  ["exist", "exist"],
  ["!", "exist"],
  ["quiet", "quiet"],
  ["q", "quiet"],
  ["name", "names"],
  ["terse", "terse"],
  ["sorted", "sorted"],
]);

const SHORT: ReadonlyMap<string, string> = new Map([
  ["N", "create"],
  ["A", "add"],
  ["D", "del"],
  ["T", "test"],
  ["X", "destroy"],
  ["L", "list"],
  ["S", "save"],
  ["R", "restore"],
  ["F", "flush"],
  ["E", "rename"],
  ["W", "swap"],
  ["v", "version"],
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
      try {
        const { output, message } = carryOut(host.netfilter, words, flags);
        io.stdout(output);
        io.stderr(flags.quiet ? "" : message);
        return message.includes("is NOT in set") ? 1 : 0;
      } catch (error) {
        if (flags.quiet && error instanceof ToolError) return error.status;
        throw error;
      }
    });
  },
};

/** Takes the options out of the words. */
function takeFlags(args: readonly string[], flags: Flags): string[] {
  const words: string[] = [];
  const left = [...args];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const name = word.startsWith("-") ? word.replace(/^--?/, "") : "";
    const flag = flagOf(name, words[0]);
    if (flag !== undefined) flags[flag] = true;
    else if (name === "resolve" || name === "r") continue;
    else if (name === "output" || name === "o") {
      flags.save = isSaved(left.shift()) || flags.save;
    } else if (words.length === 0) words.push(commandName(word, name));
    else words.push(word);
  }
  if (words.length === 0) throw usageProblem("No command specified.");
  return words;
}

function flagOf(name: string, command: string | undefined): keyof Flags | undefined {
  if (name === "n" && command === "list") return "names";
  if (name === "t" && command === "list") return "terse";
  if (name === "s" && command !== undefined) return "sorted";
  return FLAGS.get(name);
}

/** Whether `-o FORM` asks for what `restore` reads. */
function isSaved(form: string | undefined): boolean {
  if (form === undefined) throw usageProblem("Missing mandatory argument to option -o");
  if (form === "xml") throw notModelled("ipset", "-o xml", "-o plain and -o save");
  if (form !== "save" && form !== "plain") {
    throw setProblem(`Syntax error: unknown output mode '${form}'`);
  }
  return form === "save";
}

function commandName(word: string, dashed: string): string {
  const name = dashed === "" ? word : dashed;
  return SHORT.get(name) ?? name;
}

function restore(netfilter: Netfilter, text: string, flags: Flags): void {
  text.split("\n").forEach((line, index) => {
    const words = [...line.matchAll(/"([^"]*)"|\S+/g)].map(([whole, quoted]) => quoted ?? whole);
    if (words[0] === undefined || words[0].startsWith("#") || words[0] === "COMMIT") return;
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

/** What a command prints on standard output, and what it says beside. */
interface Said {
  readonly output: string;
  readonly message: string;
}

function carryOut(netfilter: Netfilter, words: readonly string[], flags: Flags): Said {
  const [command = "", ...rest] = words;
  const done: Said = { output: "", message: "" };
  switch (command) {
    case "create":
      need(rest, 2, command);
      createSet(netfilter, rest, flags.exist);
      return done;
    case "add":
      addElements(setNamed(netfilter, need(rest, 2, command)), rest.slice(1), flags.exist);
      return done;
    case "del":
      deleteElements(setNamed(netfilter, need(rest, 2, command)), rest.slice(1), flags.exist);
      return done;
    case "test":
      return test(setNamed(netfilter, need(rest, 2, command)), rest.slice(1));
    case "list":
    case "save":
      return { output: listSets(chosen(netfilter, rest), formOf(flags, command)), message: "" };
    case "flush":
      for (const set of chosen(netfilter, rest)) set.flush();
      return done;
    case "destroy":
      destroy(netfilter, rest, flags.exist);
      return done;
    case "rename":
      rename(netfilter, setNamed(netfilter, need(rest, 2, command)), rest[1] ?? "");
      return done;
    case "swap":
      swap(netfilter, setNamed(netfilter, need(rest, 2, command)), rest[1] ?? "");
      return done;
    case "version":
      return { output: "ipset v7.17, protocol version: 7\n", message: "" };
    default:
      throw usageProblem(`No command specified: unknown argument ${command}`);
  }
}

function test(set: IpSet, words: readonly string[]): Said {
  const { isIn, text } = testElement(set, words);
  const message = isIn
    ? `Warning: ${text} is in set ${set.name}.\n`
    : `${text} is NOT in set ${set.name}.\n`;
  return { output: "", message };
}

function destroy(netfilter: Netfilter, names: readonly string[], exist: boolean): void {
  const { sets } = netfilter;
  if (exist && names.length === 1 && sets.get(names[0] ?? "") === undefined) return;
  const doomed = chosen(netfilter, names);
  if (doomed.some(({ references }) => references > 0)) throw setProblem(IN_USE);
  for (const { name } of doomed) sets.destroy(name);
}

function swap({ sets }: Netfilter, set: IpSet, otherName: string): void {
  const other = sets.get(otherName);
  if (other === undefined) {
    throw setProblem("Sets cannot be swapped: the second set does not exist");
  }
  if (set.type !== other.type) {
    throw setProblem("The sets cannot be swapped: their type does not match");
  }
  set.exchange(other);
}

/** The first word, if there are as many as the command needs. */
function need(words: readonly string[], count: number, command: string): string {
  if (words.length < count) {
    const which = words.length === 0 ? "" : " second";
    throw usageProblem(`Missing${which} mandatory argument to command ${command}`);
  }
  return words[0] ?? "";
}

function setNamed({ sets }: Netfilter, name: string): IpSet {
  const set = sets.get(name);
  if (set === undefined) throw setProblem(MISSING);
  return set;
}

function formOf(flags: Flags, command: string): ListingForm {
  return { ...flags, save: flags.save || command === "save" };
}

/** The set of that name, or all. */
function chosen(netfilter: Netfilter, [name, more]: readonly string[]): IpSet[] {
  if (more !== undefined) throw usageProblem(`Unknown argument ${more}`);
  return name === undefined ? netfilter.sets.list() : [setNamed(netfilter, name)];
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
