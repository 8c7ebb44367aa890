/**
 * One iptables command, from a line of restore text or a command line: which command, on which
 * table and chain, with which rules.
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (do_parse), iptables/nft.c.
 */
import type { Engine } from "../engine.ts";
import {
  type OptionContext,
  type RuleContext,
  refuseInKernel,
  type Session,
} from "../extension.ts";
import type { ModuleTable } from "../modules.ts";
import {
  anyHeader,
  type HeaderMatch,
  isAnyHeader,
  type Match,
  Rule,
  type Target,
  Verdict,
} from "../rule.ts";
import { SharedRule } from "../rule-block.ts";
import { isTableName, type TableName } from "../table.ts";
import { ExitStatus, RuleError, refuse } from "./errors.ts";
import {
  checkInterface,
  checkNameLength,
  checkNewChain,
  hasBlank,
  interfaceTest,
  splitAddresses,
} from "./header.ts";
import type { Words } from "./lexer.ts";
import { checkOptions, withOption } from "./option-checks.ts";
import { Item, type LoadedOptions, OptionReader } from "./options.ts";
import type { Shape, ShapeItem } from "./shape.ts";
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
  /** Why the rules can be written but not be put into a table; null if they can. */
  readonly refusal: RuleError | null;
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
const ANY_ADDRESS: MaskedAddress = { address: 0, mask: 0 };
const ANY_ADDRESSES: readonly MaskedAddress[] = [ANY_ADDRESS];
const NAT_IS_NO_FILTER =
  '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n';
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
export class CommandParser implements LoadedOptions, OptionContext {
  readonly engine: Engine;
  /** What the words may name. */
  readonly modules: ModuleTable;
  readonly #reader: OptionReader;
  readonly #sessions: Session<Match | Target>[] = [];
  readonly #matches: Session<Match>[] = [];
  /** The matches of the rule that is being made. */
  readonly #finished: Match[] = [];
  #target: Session<Target> | null = null;
  #targetName = "";
  #isGoto = false;
  #verdict: Verdict | undefined = undefined;
  #header: HeaderMatch = anyHeader();
  /** The base options that have come (option-checks.ts). */
  #seen = 0;
  #source: string | null = null;
  #destination: string | null = null;
  /** A rule for each pair of them. */
  #sources = ANY_ADDRESSES;
  #destinations = ANY_ADDRESSES;
  #letter: CommandLetter | "" = "";
  #chain: string | null = null;
  #number = 0;
  #extra = "";
  #table = "filter";
  #protocolLoaded = false;
  #packets = 0;
  #bytes = 0;
  #numeric = false;
  #verbose = false;
  #exact = false;
  #lineNumbers = false;
  #zeroes = false;
  #warning = "";

  constructor(engine: Engine, modules: ModuleTable, words: Words) {
    this.engine = engine;
    this.modules = modules;
    this.#reader = new OptionReader(words);
  }

  get header(): HeaderMatch {
    return this.#header;
  }

  warn(text: string): void {
    this.#warning += text;
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
  parse(table: TableName | null, counted: Counted = NOT_COUNTED, learns = false): Command {
    this.#reset(table ?? "filter", counted);
    this.#reader.start(counted.from, learns);
    return this.#run(table !== null);
  }

  /** Parses a line of restore text that has a known shape; the words are those that change. */
  parseShape(table: TableName, shape: Shape): Command {
    this.#reset(table, NOT_COUNTED);
    this.#reader.startShape(shape);
    return this.#run(true);
  }

  /** What was found in the line that was parsed last, if it can be the first of a shape. */
  get found(): readonly ShapeItem[] | null {
    return this.#letter === "A" ? this.#reader.found : null;
  }

  #run(inRestore: boolean): Command {
    let inverted = false;
    for (;;) {
      const item = this.#reader.next(this);
      if (item === Item.END) break;
      if (item === Item.WORD) {
        if (this.#reader.value !== "!") refuse(`Bad argument \`${this.#reader.value}'`);
        if (inverted) refuse("multiple consecutive ! not allowed");
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
        this.#base(this.#reader.letter, inverted, inRestore);
      }
      inverted = false;
    }
    return this.#finish(inverted);
  }

  /** The one rule of what was parsed last, for other hosts as well; null if it is for this alone. */
  shared(rule: Rule, table: TableName): SharedRule | null {
    const { header, verdict, targetName, isGoto } = rule;
    const matches = this.#matches.slice();
    const parts = { header, matches, target: this.#target, verdict, targetName, isGoto };
    return SharedRule.of(parts, table, rule);
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
    session?.option(reader.option, value, inverted, this);
  }

  #reset(table: TableName, { packets, bytes }: Counted): void {
    this.#packets = packets;
    this.#bytes = bytes;
    while (this.#sessions.length > 0) this.#sessions.pop();
    while (this.#matches.length > 0) this.#matches.pop();
    this.#target = null;
    this.#targetName = "";
    this.#isGoto = false;
    this.#verdict = undefined;
    if (!isAnyHeader(this.#header)) this.#header = anyHeader();
    this.#seen = 0;
    this.#source = null;
    this.#destination = null;
    this.#sources = ANY_ADDRESSES;
    this.#destinations = ANY_ADDRESSES;
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
    this.#warning = "";
  }

  /** What the tool says about the last command line beside its outcome. */
  get warning(): string {
    return this.#warning;
  }

  /** `-p tcp --dport 80`: the first option that nobody knows loads the protocol's own match. */
  #loadProtocolMatch(): boolean {
    const { protocol } = this.#header;
    if (this.#protocolLoaded || protocol === 0) return false;
    const module = this.modules.protocolMatch(protocol);
    if (module === undefined) return false;
    this.#protocolLoaded = true;
    const session = module.begin();
    this.#matches.push(session);
    this.#sessions.push(session);
    this.#reader.again();
    return true;
  }

  #base(letter: string, inverted: boolean, inRestore: boolean): void {
    const value = this.#reader.value ?? "";
    if (letter === "i" || letter === "o") checkInterface(value);
    this.#seen = withOption(this.#seen, letter === "g" ? "j" : letter, inverted);
    switch (letter) {
      case "s":
        this.#source = value;
        this.#header.sourceInverted = inverted;
        return;
      case "d":
        this.#destination = value;
        this.#header.destinationInverted = inverted;
        return;
      case "p":
        this.#reader.keepValue();
        this.#protocol(this.#reader.isJoined ? this.#reader.itemWord : value, inverted);
        return;
      case "i":
        this.#header.inInterface = interfaceTest(value, inverted);
        return;
      case "o":
        this.#header.outInterface = interfaceTest(value, inverted);
        return;
      case "f":
        this.#header.fragment = true;
        this.#header.fragmentInverted = inverted;
        return;
      case "m":
        if (inverted) refuse("unexpected ! flag before --match");
        this.#reader.keepValue();
        this.#loadMatch(value);
        return;
      case "j":
      case "g":
        this.#jump(value, letter === "g");
        return;
      case "t":
        if (inverted) refuse("unexpected ! flag before --table");
        if (inRestore) refuse("The -t option cannot be used in iptables-restore.\n");
        this.#table = value;
        return;
      case "c":
        this.#counters(value);
        return;
      default:
        this.#flagOrCommand(letter, value, inverted);
    }
  }

  #flagOrCommand(letter: string, value: string, inverted: boolean): void {
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
        this.#warning += "Ignoring deprecated --wait-interval option.\n";
        return;
      case "4":
      case "M":
        return;
      case "6":
        refuse("", "-6 is of ip6tables; only IPv4 rules are modelled");
        break;
      case "V":
      case "h":
        refuse(`option "${this.#reader.written}" does not belong in a rule`);
        break;
      default:
        this.#command(letter as CommandLetter, value, inverted);
    }
  }

  /** The seconds of -w and -W, which need not come. */
  #seconds(joined: string): void {
    const text = joined === "" ? this.#reader.takeWord() : joined;
    if (text !== undefined && !/^[0-9]+(\.[0-9]+)?$/.test(text)) {
      refuse(`wait seconds not numeric`);
    }
  }

  #command(letter: CommandLetter, value: string, inverted: boolean): void {
    if (letter === "N") checkNewChain(value, this.modules);
    if (inverted) refuse("unexpected '!' flag");
    const { letter: before } = this;
    if (before === "") {
      this.#letter = letter;
    } else if (isListing(before) && letter === "Z") {
      this.#zeroes = true;
    } else if (isListing(letter) && before === "Z") {
      this.#zeroes = true;
      this.#letter = letter;
    } else {
      refuse(`Cannot use -${letter} with -${before}`);
    }
    const chain = value === "" && "LSFZX".includes(letter) ? this.#reader.takeWord() : value;
    if (chain !== undefined) this.#chain = chain;
    switch (letter) {
      case "D":
      case "L":
      case "S":
      case "Z": {
        const word = this.#reader.takeWord();
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
    const protocol = protocolValue(text);
    if (protocol === 0 && inverted) refuse("rule would never match protocol");
    this.#header.protocol = protocol;
    this.#header.protocolInverted = inverted;
  }

  #counters(first: string): void {
    const comma = first.indexOf(",", 1);
    const second = comma === -1 ? this.#reader.takeWord() : first.slice(comma + 1);
    if (second === undefined) refuse("-c requires packet and byte counter");
    const [packets, bytes] = [first, second].map((text) => /^[0-9]+/.exec(text)?.[0]);
    if (packets === undefined) refuse("-c packet counter not numeric");
    if (bytes === undefined) refuse("-c byte counter not numeric");
    this.#packets = Number(packets);
    this.#bytes = Number(bytes);
  }

  #loadMatch(name: string): void {
    const session = this.modules.match(name).begin();
    this.#matches.push(session);
    this.#sessions.push(session);
  }

  #jump(name: string, isGoto: boolean): void {
    if (name === "") refuse("Invalid target name (too short)");
    if (name.length > 28) refuse(`Invalid target name \`${name}' (28 chars max)`);
    if (hasBlank(name)) refuse(`Invalid target name \`${name}'`);
    this.#targetName = name;
    this.#isGoto = isGoto;
    if (isGoto) return;
    this.#verdict = STANDARD_VERDICTS.get(name);
    const module = this.#verdict === undefined ? this.modules.target(name) : undefined;
    if (this.#verdict !== undefined || module !== undefined) this.#reader.keepValue();
    if (module === undefined) return;
    this.#target = module.begin();
    this.#sessions.push(this.#target);
  }

  /** The checks that wait for the end of the words, in the tool's order. */
  #finish(inverted: boolean): Command {
    const letter = this.#letter;
    if (this.#table === "nat" && (this.#targetName === "DROP" || this.#extra === "DROP")) {
      refuse(NAT_IS_NO_FILTER);
    }
    const context: RuleContext = {
      engine: this.engine,
      table: this.#table as TableName,
      header: this.#header,
      matches: this.#finished,
      refusal: null,
    };
    const target = this.#finishModules(context);
    if (letter === "") refuse("no command specified");
    if (inverted) refuse("nothing appropriate following !");
    const isByNumber = letter === "D" && this.#number > 0;
    const withRule = COMMANDS_WITH_RULE.includes(letter) && !isByNumber;
    if (this.#seen !== 0) this.#readAddresses(context);
    if (letter === "R" && this.#pairs > 1) {
      refuse("Replacement rule does not specify a unique address");
    }
    checkOptions(this.#seen, isByNumber ? "d" : letter);
    this.#checkChain(letter);
    if (!isTableName(this.#table)) {
      throw new RuleError(`table '${this.#table}' does not exist`, {
        exitStatus: ExitStatus.VERSION_PROBLEM,
      });
    }
    return {
      letter,
      table: this.#table,
      chain: this.#chain,
      number: this.#number,
      extra: this.#extra,
      rules: withRule ? this.#rules(target, context) : NO_RULES,
      numeric: this.#numeric,
      verbose: this.#verbose,
      exact: this.#exact,
      lineNumbers: this.#lineNumbers,
      zeroes: this.#zeroes,
      refusal: context.refusal,
    };
  }

  #checkChain(letter: string): void {
    const chain = this.#chain;
    if (chain === null) return;
    checkNameLength(chain);
    if (!COMMANDS_WITH_RULE.includes(letter)) return;
    if (this.#header.outInterface !== null && (chain === "PREROUTING" || chain === "INPUT")) {
      refuse(`Can't use -o with ${chain}\n`);
    }
    if (this.#header.inInterface !== null && (chain === "POSTROUTING" || chain === "OUTPUT")) {
      refuse(`Can't use -i with ${chain}\n`);
    }
  }

  #readAddresses(context: RuleContext): void {
    if (this.#source !== null) this.#sources = splitAddresses(this.#source);
    if (this.#destination !== null) this.#destinations = splitAddresses(this.#destination);
    const { sourceInverted, destinationInverted } = this.#header;
    if (!sourceInverted && !destinationInverted) return;
    if (this.#pairs > 1) {
      refuse("! not allowed with multiple source or destination IP addresses");
    }
    // The kernel takes no test that nothing can pass.
    const isNone =
      (sourceInverted && this.#sources[0]?.mask === 0) ||
      (destinationInverted && this.#destinations[0]?.mask === 0);
    if (isNone) refuseInKernel(context, "no packet has an address outside of 0.0.0.0/0");
  }

  /** How many rules the addresses make. */
  get #pairs(): number {
    return this.#sources.length * this.#destinations.length;
  }

  /** Makes the matches, which go into `#finished`, and the target. */
  #finishModules(context: RuleContext): Target | null {
    const matches = this.#finished;
    while (matches.length > 0) matches.pop();
    for (const session of this.#matches) matches.push(session.finish(context));
    return this.#target?.finish(context) ?? null;
  }

  #rules(first: Target | null, context: RuleContext): Rule[] {
    const [source = ANY_ADDRESS] = this.#sources;
    const [destination = ANY_ADDRESS] = this.#destinations;
    const header = this.#header;
    if (this.#pairs === 1) return [this.#rule(header, source, destination, first)];
    const rules: Rule[] = [];
    for (const from of this.#sources) {
      for (const to of this.#destinations) {
        const target = rules.length === 0 ? first : this.#finishModules(context);
        rules.push(this.#rule({ ...header }, from, to, target));
      }
    }
    return rules;
  }

  /** One rule, which takes the header. */
  #rule(
    header: HeaderMatch,
    source: MaskedAddress,
    destination: MaskedAddress,
    target: Target | null,
  ): Rule {
    header.source = source.address;
    header.sourceMask = source.mask;
    header.destination = destination.address;
    header.destinationMask = destination.mask;
    const rule = new Rule({
      header: isAnyHeader(header) ? ANY_HEADER : header,
      // A copy has no more room than it needs; there are many.
      matches: this.#finished.slice(),
      target,
      verdict: this.#verdict ?? Verdict.CONTINUE,
      targetName: this.#targetName,
      isGoto: this.#isGoto,
    });
    rule.packets = this.#packets;
    rule.bytes = this.#bytes;
    return rule;
  }
}

function isListing(letter: string): boolean {
  return letter === "L" || letter === "S";
}

function ruleNumber(text: string): number {
  const number = parseNumber(text, 1, 0x7fffffff);
  if (number === undefined) refuse(`Invalid rule number \`${text}'`);
  return number;
}
