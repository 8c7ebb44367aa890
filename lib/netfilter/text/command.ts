/**
 * One iptables command, from a line of restore text or a command line: which command, on which
 * table and chain, with which rules.
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (do_parse), iptables/nft.c.
 */
import type { Engine } from "../engine.ts";
import type { Session } from "../extension.ts";
import type { ModuleTable } from "../modules.ts";
import {
  anyHeader,
  type HeaderMatch,
  isAnyHeader,
  type Match,
  type Rule,
  type Target,
  Verdict,
} from "../rule.ts";
import { makeRule, SharedRule } from "../rule-block.ts";
import { isTableName, type TableName } from "../table.ts";
import { ExitStatus, RuleError, refuse } from "./errors.ts";
import { checkChainName, hasBlank, interfaceTest, splitAddresses } from "./header.ts";
import type { Words } from "./lexer.ts";
import { Item, type LoadedOptions, OptionReader } from "./options.ts";
import { type MaskedAddress, parseNumber, protocolValue } from "./values.ts";

/** The commands, by their letters. */
export type CommandLetter =
  | "A"
  | "I"
  | "D"
  | "R"
  | "C"
  | "L"
  | "S"
  | "F"
  | "Z"
  | "N"
  | "X"
  | "E"
  | "P";

/** A command, parsed. */
export interface Command {
  readonly letter: CommandLetter;
  readonly table: TableName;
  /** null: all chains (-L, -F, -X …). */
  readonly chain: string | null;
  /** Rule number from 1; 0 if none was given. */
  readonly number: number;
  /** -E: the new name; -P: the policy. */
  readonly extra: string;
  /** Rules to add, delete or look for: one for each pair of addresses given. */
  readonly rules: readonly Rule[];
  readonly numeric: boolean;
  readonly verbose: boolean;
  readonly exact: boolean;
  readonly lineNumbers: boolean;
  /** -L with -Z: counters start from 0 after the listing. */
  readonly zeroes: boolean;
}

/** Counters that stand before a command, and the word where it begins. */
export interface Counted {
  readonly from: number;
  readonly packets: number;
  readonly bytes: number;
}

const NOT_COUNTED: Counted = { from: 0, packets: 0, bytes: 0 };
const NO_RULES: readonly Rule[] = [];
/** Of all rules that ask nothing of the header, which are many. */
const ANY_HEADER: HeaderMatch = anyHeader();
const COMMANDS_WITH_RULE = "AIDRC";
const STANDARD_VERDICTS: ReadonlyMap<string, Verdict> = new Map([
  ["ACCEPT", Verdict.ACCEPT],
  ["DROP", Verdict.DROP],
  ["RETURN", Verdict.RETURN],
  // Not modelled: queueing to user space; a packet that nobody would take is dropped.
  ["QUEUE", Verdict.DROP],
]);

/** Whether `name` is a verdict of its own and needs no module. */
export function isStandardVerdict(name: string): boolean {
  return STANDARD_VERDICTS.has(name);
}

/** Parses commands; one object, reused for all lines of a text. */
export class CommandParser implements LoadedOptions {
  readonly #engine: Engine;
  readonly #modules: ModuleTable;
  readonly #reader: OptionReader;
  readonly #sessions: Session<Match | Target>[] = [];
  readonly #matches: Session<Match>[] = [];
  #target: Session<Target> | null = null;
  #targetName = "";
  #isGoto = false;
  #header: HeaderMatch = anyHeader();
  #sources: MaskedAddress[] | null = null;
  #destinations: MaskedAddress[] | null = null;
  #letter: CommandLetter | "" = "";
  #chain: string | null = null;
  #number = 0;
  #extra = "";
  #table: TableName = "filter";
  #protocolLoaded = false;
  #packets = 0;
  #bytes = 0;
  #numeric = false;
  #verbose = false;
  #exact = false;
  #lineNumbers = false;
  #zeroes = false;

  constructor(engine: Engine, modules: ModuleTable, words: Words) {
    this.#engine = engine;
    this.#modules = modules;
    this.#reader = new OptionReader(words);
  }

  get count(): number {
    return this.#sessions.length;
  }

  namesAt(index: number): readonly { readonly name: string; readonly argument: boolean }[] {
    return this.#sessions[index]?.module.options ?? [];
  }

  /** The word at which parsing stopped, for the place of an error. */
  get errorWord(): number {
    return this.#reader.itemIndex;
  }

  /**
   * Parses the words. `table` is that of the restore text, in which -t is not allowed; null on a
   * command line. Throws `RuleError` without a place.
   */
  parse(table: TableName | null, counted: Counted = NOT_COUNTED): Command {
    this.#reset(table ?? "filter");
    this.#packets = counted.packets;
    this.#bytes = counted.bytes;
    this.#reader.reset(counted.from);
    let inverted = false;
    for (;;) {
      const item = this.#reader.next(this);
      if (item === Item.END) break;
      if (item === Item.WORD) {
        if (this.#reader.value !== "!") refuse(`Bad argument \`${this.#reader.value}'`);
        if (inverted) refuse("Multiple `!' flags not allowed");
        inverted = true;
        continue;
      }
      if (item === Item.UNKNOWN) {
        if (this.#loadProtocolMatch()) continue;
        refuse(`unknown option "${this.#reader.written}"`);
      }
      if (item === Item.MODULE) {
        this.#moduleOption(inverted);
      } else {
        this.#base(this.#reader.letter, inverted, table !== null);
      }
      inverted = false;
    }
    if (inverted) refuse("nothing appropriate following !");
    return this.#finish();
  }

  /** The one rule of what was parsed last, for other hosts as well; null if it is for this alone. */
  shared(rule: Rule): SharedRule | null {
    const { header, verdict, targetName, isGoto } = rule;
    const matches = this.#matches.slice();
    const parts = { header, matches, target: this.#target, verdict, targetName, isGoto };
    return SharedRule.of(parts, this.#table, rule);
  }

  #moduleOption(inverted: boolean): void {
    const reader = this.#reader;
    const session = this.#sessions[reader.module];
    let value = reader.value ?? "";
    if (session?.module.options[reader.option]?.second === true) {
      const second = reader.takeWord();
      if (second === undefined) refuse(`${reader.written} requires two args.`);
      value += ` ${second}`;
    }
    session?.option(reader.option, value, inverted);
  }

  #reset(table: TableName): void {
    while (this.#sessions.length > 0) this.#sessions.pop();
    while (this.#matches.length > 0) this.#matches.pop();
    this.#target = null;
    this.#targetName = "";
    this.#isGoto = false;
    if (!isAnyHeader(this.#header)) this.#header = anyHeader();
    this.#sources = null;
    this.#destinations = null;
    this.#letter = "";
    this.#chain = null;
    this.#number = 0;
    this.#extra = "";
    this.#table = table;
    this.#protocolLoaded = false;
    this.#numeric = false;
    this.#verbose = false;
    this.#exact = false;
    this.#lineNumbers = false;
    this.#zeroes = false;
  }

  /** `-p tcp --dport 80`: the first option that nobody knows loads the protocol's own match. */
  #loadProtocolMatch(): boolean {
    const { protocol, protocolInverted } = this.#header;
    if (this.#protocolLoaded || protocol === 0 || protocolInverted) return false;
    const module = this.#modules.protocolMatch(protocol);
    if (module === undefined) return false;
    this.#protocolLoaded = true;
    const session = module.begin();
    this.#matches.push(session);
    this.#sessions.push(session);
    this.#reader.reset(this.#reader.itemIndex);
    return true;
  }

  #base(letter: string, inverted: boolean, inRestore: boolean): void {
    const value = this.#reader.value ?? "";
    if (inverted && !"sdpiof".includes(letter)) {
      refuse(`unexpected ! flag before ${this.#reader.written}`);
    }
    switch (letter) {
      case "s":
        if (this.#sources !== null) refuse("multiple -s flags not allowed");
        this.#sources = splitAddresses(value);
        this.#header.sourceInverted = inverted;
        return;
      case "d":
        if (this.#destinations !== null) refuse("multiple -d flags not allowed");
        this.#destinations = splitAddresses(value);
        this.#header.destinationInverted = inverted;
        return;
      case "p":
        this.#protocol(value, inverted);
        return;
      case "i":
        if (this.#header.inInterface !== null) refuse("multiple -i flags not allowed");
        this.#header.inInterface = interfaceTest(value, inverted);
        return;
      case "o":
        if (this.#header.outInterface !== null) refuse("multiple -o flags not allowed");
        this.#header.outInterface = interfaceTest(value, inverted);
        return;
      case "f":
        if (this.#header.fragment) refuse("multiple -f flags not allowed");
        this.#header.fragment = true;
        this.#header.fragmentInverted = inverted;
        return;
      case "m":
        this.#loadMatch(value);
        return;
      case "j":
      case "g":
        this.#jump(value, letter === "g");
        return;
      case "t":
        this.#setTable(value, inRestore);
        return;
      case "c":
        this.#counters(value);
        return;
      default:
        this.#flagOrCommand(letter, value);
    }
  }

  #flagOrCommand(letter: string, value: string): void {
    switch (letter) {
      case "n":
        this.#numeric = true;
        return;
      case "v":
        this.#verbose = true;
        return;
      case "x":
        this.#exact = true;
        return;
      case "0":
        this.#lineNumbers = true;
        return;
      case "w":
        this.#seconds(value);
        return;
      case "W":
        this.#seconds(value);
        return;
      case "4":
      case "M":
        return;
      case "6":
        refuse("-6 is of ip6tables; only IPv4 rules are modelled");
        break;
      case "V":
      case "h":
        refuse(`option "${this.#reader.written}" does not belong in a rule`);
        break;
      default:
        this.#command(letter as CommandLetter, value);
    }
  }

  /** The seconds of -w and -W, which need not come. */
  #seconds(joined: string): void {
    const text = joined === "" ? this.#reader.takeWord() : joined;
    if (text !== undefined && !/^[0-9]+(\.[0-9]+)?$/.test(text)) {
      refuse(`wait seconds not numeric`);
    }
  }

  #command(letter: CommandLetter, value: string): void {
    const { letter: before } = this;
    if ((before === "Z" && letter === "L") || (before === "L" && letter === "Z")) {
      this.#zeroes = true;
    } else if (before !== "") {
      refuse(`Cannot use -${letter} with -${before}`);
    }
    if (this.#zeroes && letter === "Z") return;
    this.#letter = letter;
    const chain = value === "" ? this.#reader.takeWord() : value;
    if (chain !== undefined) {
      this.#chain = chain;
      checkChainName(chain);
    }
    if (letter === "N" && this.#modules.isTarget(chain ?? "")) {
      refuse(`chain name may not clash with target name`);
    }
    switch (letter) {
      case "D":
      case "L":
      case "S":
      case "Z": {
        const word = chain === undefined ? undefined : this.#reader.takeWord();
        if (word !== undefined) this.#number = ruleNumber(word);
        return;
      }
      case "I": {
        const word = this.#reader.takeWord();
        this.#number = word === undefined ? 1 : ruleNumber(word);
        return;
      }
      case "R": {
        const word = this.#reader.takeWord();
        if (word === undefined) refuse("-R requires a rule number");
        this.#number = ruleNumber(word);
        return;
      }
      case "E":
      case "P": {
        const word = this.#reader.takeWord();
        if (word === undefined) {
          refuse(
            letter === "E"
              ? "-E requires old-chain-name and new-chain-name"
              : "-P requires a chain and a policy",
          );
        }
        if (letter === "E") checkChainName(word);
        this.#extra = word;
        return;
      }
      default:
    }
  }

  get letter(): string {
    return this.#letter;
  }

  #protocol(text: string, inverted: boolean): void {
    if (this.#header.protocol !== 0) refuse("multiple -p flags not allowed");
    const protocol = protocolValue(text);
    if (protocol === 0 && inverted) refuse("rule would never match protocol");
    this.#header.protocol = protocol;
    this.#header.protocolInverted = inverted;
  }

  #setTable(name: string, inRestore: boolean): void {
    if (inRestore) refuse("The -t option cannot be used in iptables-restore.");
    if (!isTableName(name)) {
      throw new RuleError(`table '${name}' does not exist`, {
        exitStatus: ExitStatus.VERSION_PROBLEM,
      });
    }
    this.#table = name;
  }

  #counters(first: string): void {
    const second = this.#reader.takeWord();
    const packets = parseNumber(first, 0, Number.MAX_SAFE_INTEGER);
    if (packets === undefined) refuse("-c packet counter not numeric");
    if (second === undefined) refuse("-c requires packet and byte counter");
    const bytes = parseNumber(second, 0, Number.MAX_SAFE_INTEGER);
    if (bytes === undefined) refuse("-c byte counter not numeric");
    this.#packets = packets;
    this.#bytes = bytes;
  }

  #loadMatch(name: string): void {
    const session = this.#modules.match(name).begin();
    this.#matches.push(session);
    this.#sessions.push(session);
  }

  #jump(name: string, isGoto: boolean): void {
    if (this.#targetName !== "") refuse("multiple -j flags not allowed");
    if (name === "") refuse("Invalid target name (too short)");
    if (name.length > 28) refuse(`Invalid target name \`${name}' (28 chars max)`);
    if (hasBlank(name)) refuse(`Invalid target name \`${name}'`);
    this.#targetName = name;
    this.#isGoto = isGoto;
    if (isGoto || STANDARD_VERDICTS.has(name)) return;
    const module = this.#modules.target(name);
    if (module === undefined) return;
    this.#target = module.begin();
    this.#sessions.push(this.#target);
  }

  #finish(): Command {
    const letter = this.#letter;
    if (letter === "") refuse("no command specified");
    const withRule = COMMANDS_WITH_RULE.includes(letter);
    if (withRule || letter === "P" || letter === "N" || letter === "E") {
      if (this.#chain === null) refuse(`option "-${letter}" requires an argument`);
    }
    const byNumber = letter === "D" && this.#number > 0;
    if (!withRule || byNumber) this.#refuseRuleParts(letter);
    return {
      letter,
      table: this.#table,
      chain: this.#chain,
      number: this.#number,
      extra: this.#extra,
      rules: withRule && !byNumber ? this.#rules() : NO_RULES,
      numeric: this.#numeric,
      verbose: this.#verbose,
      exact: this.#exact,
      lineNumbers: this.#lineNumbers,
      zeroes: this.#zeroes,
    };
  }

  #refuseRuleParts(letter: string): void {
    const header = this.#header;
    const given: [boolean, string][] = [
      [this.#sources !== null, "-s"],
      [this.#destinations !== null, "-d"],
      [header.protocol !== 0, "-p"],
      [this.#targetName !== "", "-j"],
      [header.inInterface !== null, "-i"],
      [header.outInterface !== null, "-o"],
      [header.fragment, "-f"],
    ];
    for (const [present, option] of given) {
      if (present) refuse(`Illegal option \`${option}' with this command (-${letter})`);
    }
  }

  #rules(): Rule[] {
    const chain = this.#chain ?? "";
    if (this.#header.outInterface !== null && (chain === "PREROUTING" || chain === "INPUT")) {
      refuse(`Can't use -o with ${chain}`);
    }
    if (this.#header.inInterface !== null && (chain === "POSTROUTING" || chain === "OUTPUT")) {
      refuse(`Can't use -i with ${chain}`);
    }
    const header = this.#header;
    const many = (this.#sources?.length ?? 1) > 1 || (this.#destinations?.length ?? 1) > 1;
    if (many && (header.sourceInverted || header.destinationInverted)) {
      refuse("! not allowed with multiple source or destination IP addresses");
    }
    if (this.#table === "nat" && this.#targetName === "DROP" && !this.#isGoto) {
      refuse(
        '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n',
      );
    }
    if (!many) return [this.#rule(header, this.#sources?.[0], this.#destinations?.[0])];
    const rules: Rule[] = [];
    for (const source of this.#sources ?? [undefined]) {
      for (const destination of this.#destinations ?? [undefined]) {
        rules.push(this.#rule({ ...header }, source, destination));
      }
    }
    return rules;
  }

  /** One rule, which takes the header. */
  #rule(
    header: HeaderMatch,
    source: MaskedAddress | undefined,
    destination: MaskedAddress | undefined,
  ): Rule {
    header.source = source?.address ?? 0;
    header.sourceMask = source?.mask ?? 0;
    header.destination = destination?.address ?? 0;
    header.destinationMask = destination?.mask ?? 0;
    const name = this.#targetName;
    const verdict = this.#isGoto ? undefined : STANDARD_VERDICTS.get(name);
    const parts = {
      header: isAnyHeader(header) ? ANY_HEADER : header,
      matches: this.#matches,
      target: this.#target,
      verdict: verdict ?? Verdict.CONTINUE,
      targetName: name,
      isGoto: this.#isGoto,
    };
    const rule = makeRule(parts, this.#engine, this.#table);
    rule.packets = this.#packets;
    rule.bytes = this.#bytes;
    return rule;
  }
}

function ruleNumber(text: string): number {
  const number = parseNumber(text, 1, 0x7fffffff);
  if (number === undefined) refuse(`Invalid rule number \`${text}'`);
  return number;
}
