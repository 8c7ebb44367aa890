/**
 * The spelling iptables-save gives to a rule that was written in any order: addresses first, then
 * interfaces and protocol, then matches with their options in the module's own order and form.
 * Covers the modules that kube-proxy uses.
 *
 * Spec: iptables 1.8.9, iptables/iptables.c and the save functions of extensions/.
 */
import { canonicalCidr } from "../../lib/kube/addresses.ts";

interface Parsed {
  source: string;
  destination: string;
  inInterface: string;
  protocol: string;
  readonly matches: { readonly name: string; readonly options: Map<string, string> }[];
  target: string;
  readonly targetOptions: Map<string, string>;
}

/** Options that take no value. */
const FLAGS = new Set(["--set", "--rcheck", "--reap", "--physdev-is-in", "--random-fully"]);
/** Which module an option belongs to, where that is not the last one named. */
const OWNERS: ReadonlyMap<string, RegExp> = new Map([["--dport", /^(tcp|udp|sctp)$/]]);

/** The rule's words as iptables-save prints them. Throws on what iptables would refuse. */
export function saveSpelling(words: readonly string[]): string {
  const rule = parse(words);
  const parts = [
    address(rule.source, "-s"),
    address(rule.destination, "-d"),
    negatable(rule.inInterface, "-i"),
    rule.protocol === "" ? "" : `-p ${rule.protocol}`,
    ...rule.matches.map(({ name, options }) => `-m ${name}${matchOptions(name, options)}`),
    rule.target === "" ? "" : `-j ${rule.target}${targetOptions(rule)}`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** The words of a line, with double quotes taken off. */
export function splitWords(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
}

function parse(words: readonly string[]): Parsed {
  const rule: Parsed = {
    source: "",
    destination: "",
    inInterface: "",
    protocol: "",
    matches: [],
    target: "",
    targetOptions: new Map(),
  };
  let not = "";
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "!") {
      not = "! ";
      continue;
    }
    const value = FLAGS.has(word) ? "" : (words[at + 1] ?? "");
    if (!FLAGS.has(word)) at += 1;
    take(rule, word, not + value);
    not = "";
  }
  return rule;
}

function take(rule: Parsed, word: string, value: string): void {
  switch (word) {
    case "-s":
      rule.source = value;
      return;
    case "-d":
      rule.destination = value;
      return;
    case "-i":
      rule.inInterface = value;
      return;
    case "-p":
      rule.protocol = value;
      return;
    case "-m":
      rule.matches.push({ name: value, options: new Map() });
      return;
    case "-j":
      rule.target = value;
      return;
  }
  if (rule.target !== "") {
    rule.targetOptions.set(word, value);
    return;
  }
  const owner = OWNERS.get(word);
  const match =
    owner === undefined
      ? rule.matches.at(-1)
      : rule.matches.find((candidate) => owner.test(candidate.name));
  if (match === undefined) throw new Error(`unknown option "${word}"`);
  match.options.set(word, value);
}

function address(text: string, option: string): string {
  if (text === "") return "";
  const not = text.startsWith("! ") ? "! " : "";
  const plain = text.slice(not.length);
  const cidr = canonicalCidr(plain.includes("/") ? plain : `${plain}/32`);
  if (cidr === null) throw new Error(`host/network "${plain}" not found`);
  return cidr === "0.0.0.0/0" && not === "" ? "" : `${not}${option} ${cidr}`;
}

function negatable(text: string, option: string): string {
  if (text === "") return "";
  return text.startsWith("! ") ? `! ${option} ${text.slice(2)}` : `${option} ${text}`;
}

function matchOptions(name: string, options: ReadonlyMap<string, string>): string {
  switch (name) {
    case "comment":
      return ` --comment ${quoted(options.get("--comment") ?? "")}`;
    case "mark":
      return option("--mark", maskedHex(options.get("--mark") ?? ""));
    case "statistic": {
      const probability = Math.round(Number(options.get("--probability")) * 2 ** 31) / 2 ** 31;
      return ` --mode random --probability ${probability.toFixed(11)}`;
    }
    case "recent": {
      const what = options.has("--set")
        ? "--set"
        : `--rcheck --seconds ${options.get("--seconds") ?? ""} --reap`;
      return ` ${what} --name ${options.get("--name") ?? ""} --mask 255.255.255.255 --rsource`;
    }
    case "nfacct":
      return ` --nfacct-name  ${options.get("--nfacct-name") ?? ""}`;
    default:
      return [...options].map(([word, value]) => option(word, value)).join("");
  }
}

function targetOptions({ target, targetOptions: options }: Parsed): string {
  if (target === "REJECT") return " --reject-with icmp-port-unreachable";
  const or = options.get("--or-mark");
  if (or !== undefined) return ` --set-xmark ${hex(or)}/${hex(or)}`;
  const xor = options.get("--xor-mark");
  if (xor !== undefined) return ` --set-xmark ${hex(xor)}/0x0`;
  return [...options].map(([word, value]) => option(word, value)).join("");
}

/** An option, with the exclamation mark before it. */
function option(word: string, value: string): string {
  const not = value.startsWith("! ") ? "! " : "";
  const plain = value.slice(not.length);
  return plain === "" ? ` ${not}${word}` : ` ${not}${word} ${plain}`;
}

function maskedHex(text: string): string {
  const not = text.startsWith("! ") ? "! " : "";
  const parts = text.slice(not.length).split("/").map(hex);
  return not + parts.join("/");
}

function hex(text: string): string {
  return `0x${Number(text).toString(16)}`;
}

function quoted(text: string): string {
  return /^[A-Za-z0-9_-]+$/.test(text) ? text : `"${text}"`;
}
