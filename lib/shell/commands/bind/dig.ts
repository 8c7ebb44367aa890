/**
 * `dig` of BIND: one question, and the answer as master files have records.
 *
 * Spec: BIND 9.18, bin/dig/dig.c; texts and questions compared with 9.18.49 on Linux.
 * Not modelled: the EDNS cookie (its question is sent without EDNS), several questions, options
 * other than those of `FLAGS` and `SECTIONS`, -x, -t, -p; WHEN and query times are virtual.
 */
import {
  type DnsQuestion,
  type DnsRecord,
  type DnsResponse,
  encodeReply,
  type RecordType,
} from "../../../apps/dns-message.ts";
import { searchNames } from "../../../apps/resolver.ts";
import { reverseName } from "../../../apps/reverse-lookup.ts";
import { formatIpv4, parseIpv4 } from "../../../base/inet.ts";
import { NS_PER_MS, NS_PER_S } from "../../../base/units.ts";
import { formatWallClock } from "../../../base/wall-clock.ts";
import type { Program } from "../../../sim/process.ts";
import { type Command, type CommandContext, notModelled } from "../../command.ts";
import { type Answer, firstAnswer, rcodeText, serversFor, triesText, typeOf } from "./lookup.ts";

const NO_SERVERS = 9;
const USAGE = "dig [@SERVER] [-x ADDRESS] NAME [TYPE] [+short] [+search] [+noall +answer]";

/** What is printed, `+all` or `+noall` of it, or each by its name. */
const SECTIONS = [
  "cmd",
  "comments",
  "question",
  "answer",
  "authority",
  "additional",
  "stats",
] as const;
type Section = (typeof SECTIONS)[number];

/** Other words behind `+` and `+no`; the last three change nothing here. */
const FLAGS = ["short", "search", "tcp", "edns", "cookie", "recurse"];

interface DigOptions {
  server: string | null;
  name: string;
  type: RecordType;
  timeoutNs: number | null;
  tries: number | null;
  readonly flags: Set<string>;
  readonly sections: Set<Section>;
}

/** `dig [@SERVER] [-x ADDRESS] NAME [TYPE] [+OPTION…]`, in any order. */
export const dig: Command = {
  name: "dig",
  parse(args) {
    const options: DigOptions = {
      server: null,
      name: "",
      type: "A",
      timeoutNs: null,
      tries: null,
      flags: new Set(),
      sections: new Set(SECTIONS),
    };
    const left = [...args];
    for (let word = left.shift(); word !== undefined; word = left.shift()) {
      const type = typeOf(word === "-t" ? (left.shift() ?? "") : word);
      if (type !== null) options.type = type;
      else if (word.startsWith("@")) options.server = word.slice(1);
      else if (word.startsWith("+")) setOption(options, word);
      else if (word === "-x") {
        options.name = reverseName(parseIpv4(left.shift() ?? ""));
        options.type = "PTR";
      } else if (word === "-p" && left[0] === "53") left.shift();
      else if (word.startsWith("-")) throw notModelled("dig", word, USAGE);
      else if (word.toUpperCase() !== "IN") options.name = word;
    }
    return (context) => runDig(context, args, options);
  },
};

function setOption(options: DigOptions, word: string): void {
  const [, key = "", value = ""] = /^\+(time|tries)=([0-9]+)$/.exec(word) ?? [];
  if (key === "time") options.timeoutNs = Number(value) * NS_PER_S;
  else if (key === "tries") options.tries = Number(value);
  if (key !== "") return;
  const isOff = word.startsWith("+no");
  const name = word.slice(isOff ? 3 : 1);
  const named = SECTIONS.filter((section) => section === name || name === "all");
  if (named.length === 0 && !FLAGS.includes(name)) throw notModelled("dig", word, USAGE);
  for (const section of named) {
    if (isOff) options.sections.delete(section);
    else options.sections.add(section);
  }
  if (isOff) options.flags.delete(name);
  else options.flags.add(name);
}

function* runDig(
  context: CommandContext,
  args: readonly string[],
  options: DigOptions,
): Program<number> {
  const { io, host } = context;
  const { server, name, type, flags, sections, timeoutNs, tries } = options;
  const known = yield* serversFor(context, server);
  if (known === null) {
    io.stderr(`dig: couldn't get address for '${server}': not found\n`);
    return 10;
  }
  const conf = {
    ...known,
    useTcp: known.useTcp || flags.has("tcp"),
    timeoutNs: timeoutNs ?? known.timeoutNs,
    attempts: tries ?? known.attempts,
  };
  const names = flags.has("search") ? searchNames(conf, name) : [name.replace(/\.$/, "")];
  const startedAt = host.namespace.cpu.now;
  const answer = yield* firstAnswer(context, conf, names, type);
  const hasCommand = sections.has("cmd") && !flags.has("short");
  const found = server === null ? "" : "; (1 server found)\n";
  const command = `\n; <<>> DiG 9.18.49 <<>> ${args.join(" ")}\n${found};; global options: +cmd\n`;
  if (typeof answer === "string") {
    const head = hasCommand ? command : "";
    io.stdout(`${triesText(conf, answer)}${head};; no servers could be reached\n`);
    return NO_SERVERS;
  }
  const { response } = answer;
  if (flags.has("short")) {
    io.stdout(response.answers.map((record) => `${dataText(record)}\n`).join(""));
    return 0;
  }
  if (hasCommand) io.stdout(command);
  io.stdout(messageText(answer, sections));
  if (!sections.has("stats")) return 0;
  const millis = Math.floor((host.namespace.cpu.now - startedAt) / NS_PER_MS);
  const seconds = host.epochSeconds + Math.floor(host.namespace.cpu.now / NS_PER_S);
  const when = formatWallClock(seconds).replace(/ ([0-9]{4})$/, " UTC $1");
  const shown = formatIpv4(conf.nameservers[0] ?? 0);
  io.stdout(
    `;; Query time: ${millis} msec\n;; SERVER: ${shown}#53(${shown}) (${conf.useTcp ? "TCP" : "UDP"})\n` +
      `;; WHEN: ${when}\n;; MSG SIZE  rcvd: ${sizeOf(answer)}\n\n`,
  );
  return 0;
}

function messageText({ response, question }: Answer, sections: ReadonlySet<Section>): string {
  const { answers, authorities, additionals } = response;
  const hasComments = sections.has("comments");
  const records = (section: Section, title: string, all: readonly DnsRecord[]): string => {
    if (all.length === 0 || !sections.has(section)) return "";
    const lines = all.map(recordLine).join("");
    return hasComments ? `;; ${title} SECTION:\n${lines}\n` : lines;
  };
  const asked = `;${inColumns([`${question.name}.`, "IN", question.type], COLUMNS.slice(1))}\n`;
  const questionText = hasComments ? `;; QUESTION SECTION:\n${asked}\n` : asked;
  return (
    (hasComments ? `${headerText(response, question)}\n` : "") +
    (sections.has("question") ? questionText : "") +
    records("answer", "ANSWER", answers) +
    records("authority", "AUTHORITY", authorities) +
    records("additional", "ADDITIONAL", additionals)
  );
}

function headerText(response: DnsResponse, question: DnsQuestion): string {
  const { answers, authorities, additionals, rcode } = response;
  const flags = ["qr"];
  if (response.authoritative) flags.push("aa");
  if (response.truncated) flags.push("tc");
  flags.push("rd");
  if (response.recursionAvailable) flags.push("ra");
  const local = /\.local$/.test(question.name)
    ? ";; WARNING: .local is reserved for Multicast DNS\n;; You are currently testing what happens when an mDNS query is leaked to DNS\n"
    : "";
  const recursion = response.recursionAvailable
    ? ""
    : ";; WARNING: recursion requested but not available\n";
  return (
    `;; Got answer:\n${local}` +
    `;; ->>HEADER<<- opcode: QUERY, status: ${rcodeText(rcode)}, id: ${response.id}\n` +
    `;; flags: ${flags.join(" ")}; QUERY: 1, ANSWER: ${answers.length}, AUTHORITY: ${authorities.length}, ADDITIONAL: ${additionals.length}\n${recursion}`
  );
}

/** Where master files have class, type and data; the name of a question stands behind its `;`. */
const COLUMNS = [24, 32, 40, 48];
const TAB = 8;

function recordLine(record: DnsRecord): string {
  const words = [`${record.name}.`, String(record.ttl), "IN", record.type, dataText(record)];
  return `${inColumns(words, COLUMNS)}\n`;
}

/** Words at their columns, by tabs; behind a word that is too long, one column further. */
function inColumns([first = "", ...words]: readonly string[], columns: readonly number[]): string {
  let text = first;
  let column = first.length;
  for (const [index, word] of words.entries()) {
    const to = Math.max(columns[index] ?? 0, column + 1);
    const tabs = Math.floor(to / TAB) - Math.floor(column / TAB);
    const reached = tabs > 0 ? to - (to % TAB) : column;
    text += `${"\t".repeat(tabs)}${" ".repeat(to - reached)}${word}`;
    column = to + word.length;
  }
  return text;
}

function dataText(record: DnsRecord): string {
  switch (record.type) {
    case "A":
    case "AAAA":
      return record.data;
    case "TXT":
      return `"${record.data}"`;
    case "SRV": {
      const { priority, weight, port, target } = record.data;
      return `${priority} ${weight} ${port} ${target}.`;
    }
    case "SOA": {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      return `${mname}. ${rname}. ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
    }
    default:
      return `${record.data}.`;
  }
}

/** The length of the message, encoded as this project's server does. */
function sizeOf({ response, question }: Answer): number {
  const query = { id: 0, recursionDesired: true, question, ednsSize: null };
  return encodeReply(query, response, 65535).length;
}
