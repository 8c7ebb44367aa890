/**
 * Reads one iptables command, from a line of restore text or a command line: which command, on
 * which table and chain, with which rules.
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (do_parse), iptables/nft.c.
 */
import type { Engine } from "../engine.ts";
import type { OptionContext } from "../extension.ts";
import type { ModuleTable } from "../modules.ts";
import type { HeaderMatch, Rule } from "../rule.ts";
import type { SharedRule } from "../rule-block.ts";
import { isTableName, type TableName } from "../table.ts";
import type { Command, CommandLetter } from "./command.ts";
import { CommandHead } from "./command-head.ts";
import { ExitStatus, RuleError, refuse } from "./errors.ts";
import { checkInterface, checkNameLength, checkNewChain, interfaceTest } from "./header.ts";
import type { Words } from "./lexer.ts";
import { ListingOptions } from "./listing-options.ts";
import { checkOptions, withOption } from "./option-checks.ts";
import { Item, OptionReader } from "./options.ts";
import { RuleState } from "./rule-state.ts";
import type { Shape, ShapeItem } from "./shape.ts";

/** Counters that stand before a command, and the word where it begins. */
export interface Counted {
  readonly from: number;
  readonly packets: number;
  readonly bytes: number;
}

const NOT_COUNTED: Counted = { from: 0, packets: 0, bytes: 0 };
const NO_RULES: readonly Rule[] = [];
const COMMANDS_WITH_RULE = "AIDRC";
const NAT_IS_NO_FILTER =
  '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n';

/** Parses commands; one object, reused for all lines of a text. */
export class CommandParser implements OptionContext {
  readonly engine: Engine;
  readonly #reader: OptionReader;
  readonly #head = new CommandHead();
  readonly #rule: RuleState;
  /** The base options that have come (option-checks.ts). */
  #seen = 0;
  #table = "filter";
  readonly #listing = new ListingOptions();
  #warning = "";

  constructor(engine: Engine, modules: ModuleTable, words: Words) {
    this.engine = engine;
    this.#rule = new RuleState(modules);
    this.#reader = new OptionReader(words);
  }

  /** What the words may name. */
  get modules(): ModuleTable {
    return this.#rule.modules;
  }

  get header(): HeaderMatch {
    return this.#rule.header;
  }

  warn(text: string): void {
    this.#warning += text;
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
    return this.#head.letter === "A" ? this.#reader.found : null;
  }

  #run(inRestore: boolean): Command {
    let inverted = false;
    for (;;) {
      const item = this.#reader.next(this.#rule);
      if (item === Item.END) break;
      if (item === Item.WORD) {
        if (this.#reader.value !== "!") refuse(`Bad argument \`${this.#reader.value}'`);
        if (inverted) refuse("multiple consecutive ! not allowed");
        inverted = true;
        continue;
      }
      if (item === Item.UNKNOWN) {
        if (this.#rule.loadProtocolMatch()) {
          this.#reader.again();
          continue;
        }
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
    return this.#rule.shared(rule, table);
  }

  #moduleOption(inverted: boolean): void {
    const reader = this.#reader;
    const session = this.#rule.session(reader.module);
    let value = reader.value ?? "";
    if (session?.module.options[reader.option]?.second === true) {
      const second = reader.takeWord();
      if (second === undefined) refuse(`${reader.written} requires two args.`);
      value += ` ${second}`;
    }
    session?.option(reader.option, value, inverted, this);
  }

  #reset(table: TableName, { packets, bytes }: Counted): void {
    this.#head.reset();
    this.#rule.reset(packets, bytes);
    this.#seen = 0;
    this.#table = table;
    this.#listing.reset();
    this.#warning = "";
  }

  /** What the tool says about the last command line beside its outcome. */
  get warning(): string {
    return this.#warning;
  }

  #base(letter: string, inverted: boolean, inRestore: boolean): void {
    const rule = this.#rule;
    const value = this.#reader.value ?? "";
    if (letter === "i" || letter === "o") checkInterface(value);
    this.#seen = withOption(this.#seen, letter === "g" ? "j" : letter, inverted);
    switch (letter) {
      case "s":
        rule.source = value;
        rule.header.sourceInverted = inverted;
        return;
      case "d":
        rule.destination = value;
        rule.header.destinationInverted = inverted;
        return;
      case "p":
        this.#reader.keepValue();
        rule.setProtocol(this.#reader.isJoined ? this.#reader.itemWord : value, inverted);
        return;
      case "i":
        rule.header.inInterface = interfaceTest(value, inverted);
        return;
      case "o":
        rule.header.outInterface = interfaceTest(value, inverted);
        return;
      case "f":
        rule.header.fragment = true;
        rule.header.fragmentInverted = inverted;
        return;
      case "m":
        if (inverted) refuse("unexpected ! flag before --match");
        this.#reader.keepValue();
        rule.loadMatch(value);
        return;
      case "j":
      case "g":
        if (rule.jump(value, letter === "g")) this.#reader.keepValue();
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
    if (this.#listing.take(letter)) return;
    switch (letter) {
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
    this.#head.take(letter, value, this.#reader);
  }

  #counters(first: string): void {
    const comma = first.indexOf(",", 1);
    const second = comma === -1 ? this.#reader.takeWord() : first.slice(comma + 1);
    if (second === undefined) refuse("-c requires packet and byte counter");
    const [packets, bytes] = [first, second].map((text) => /^[0-9]+/.exec(text)?.[0]);
    if (packets === undefined) refuse("-c packet counter not numeric");
    if (bytes === undefined) refuse("-c byte counter not numeric");
    this.#rule.packets = Number(packets);
    this.#rule.bytes = Number(bytes);
  }

  /** The checks that wait for the end of the words, in the tool's order. */
  #finish(inverted: boolean): Command {
    const { letter, chain, number, extra, zeroes } = this.#head;
    const rule = this.#rule;
    const listing = this.#listing;
    if (this.#table === "nat" && (rule.targetName === "DROP" || extra === "DROP")) {
      refuse(NAT_IS_NO_FILTER);
    }
    const context = rule.context(this.engine, this.#table as TableName);
    const target = rule.finishModules(context);
    if (letter === "") refuse("no command specified");
    if (inverted) refuse("nothing appropriate following !");
    const isByNumber = letter === "D" && number > 0;
    const withRule = COMMANDS_WITH_RULE.includes(letter) && !isByNumber;
    if (this.#seen !== 0) rule.readAddresses(context);
    if (letter === "R" && rule.pairs > 1) {
      refuse("Replacement rule does not specify a unique address");
    }
    checkOptions(this.#seen, isByNumber ? "d" : letter);
    if (chain !== null) this.#checkChain(letter, chain);
    if (!isTableName(this.#table)) {
      throw new RuleError(`table '${this.#table}' does not exist`, {
        exitStatus: ExitStatus.VERSION_PROBLEM,
      });
    }
    return {
      letter,
      table: this.#table,
      chain,
      number,
      extra,
      rules: withRule ? rule.rules(target, context) : NO_RULES,
      numeric: listing.numeric,
      verbose: listing.verbose,
      exact: listing.exact,
      lineNumbers: listing.lineNumbers,
      zeroes,
      refusal: context.refusal,
    };
  }

  #checkChain(letter: string, chain: string): void {
    checkNameLength(chain);
    if (!COMMANDS_WITH_RULE.includes(letter)) return;
    if (this.header.outInterface !== null && (chain === "PREROUTING" || chain === "INPUT")) {
      refuse(`Can't use -o with ${chain}\n`);
    }
    if (this.header.inInterface !== null && (chain === "POSTROUTING" || chain === "OUTPUT")) {
      refuse(`Can't use -i with ${chain}\n`);
    }
  }
}
