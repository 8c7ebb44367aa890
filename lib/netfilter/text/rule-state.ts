/**
 * The rule of a command while its words are read: what of the header it compares, the modules that
 * it has loaded, its target.
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (struct iptables_command_state, command_match,
 * command_jump).
 */
import type { Engine } from "../engine.ts";
import { type RuleContext, refuseInKernel, type Session } from "../extension.ts";
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
import type { TableName } from "../table.ts";
import { refuse } from "./errors.ts";
import { hasBlank, splitAddresses } from "./header.ts";
import type { LoadedOptions } from "./options.ts";
import { type MaskedAddress, protocolValue } from "./values.ts";

/** Of all rules that ask nothing of the header, which are many. */
const ANY_HEADER: HeaderMatch = anyHeader();
const ANY_ADDRESS: MaskedAddress = { address: 0, mask: 0 };
const ANY_ADDRESSES: readonly MaskedAddress[] = [ANY_ADDRESS];
const STANDARD_VERDICTS: ReadonlyMap<string, Verdict> = new Map([
  ["ACCEPT", Verdict.ACCEPT],
  ["DROP", Verdict.DROP],
  ["RETURN", Verdict.RETURN],
  // Not modelled: queueing to user space; a packet that nobody would take is dropped.
  ["QUEUE", Verdict.DROP],
]);

/** One object, reused for all lines of a text. */
export class RuleState implements LoadedOptions {
  /** What the words may name. */
  readonly modules: ModuleTable;
  header: HeaderMatch = anyHeader();
  /** The name after -j or -g, or "". */
  targetName = "";
  /** The values of -s and -d; each may be several addresses. */
  source: string | null = null;
  destination: string | null = null;
  packets = 0;
  bytes = 0;
  readonly #sessions: Session<Match | Target>[] = [];
  readonly #matches: Session<Match>[] = [];
  /** The matches of the rule that is being made. */
  readonly #finished: Match[] = [];
  #target: Session<Target> | null = null;
  #isGoto = false;
  #verdict: Verdict | undefined = undefined;
  #protocolLoaded = false;
  /** A rule for each pair of them. */
  #sources = ANY_ADDRESSES;
  #destinations = ANY_ADDRESSES;

  constructor(modules: ModuleTable) {
    this.modules = modules;
  }

  /** Forgets the rule before. */
  reset(packets: number, bytes: number): void {
    this.packets = packets;
    this.bytes = bytes;
    while (this.#sessions.length > 0) this.#sessions.pop();
    while (this.#matches.length > 0) this.#matches.pop();
    this.#target = null;
    this.targetName = "";
    this.#isGoto = false;
    this.#verdict = undefined;
    if (!isAnyHeader(this.header)) this.header = anyHeader();
    this.source = null;
    this.destination = null;
    this.#sources = ANY_ADDRESSES;
    this.#destinations = ANY_ADDRESSES;
    this.#protocolLoaded = false;
  }

  get count(): number {
    return this.#sessions.length;
  }

  namesAt(index: number): readonly { readonly name: string; readonly argument: boolean }[] {
    return this.#sessions[index]?.module.options ?? [];
  }

  /** What has been read of the options of the module at `index`. */
  session(index: number): Session<Match | Target> | undefined {
    return this.#sessions[index];
  }

  /** -m */
  loadMatch(name: string): void {
    this.#addMatch(this.modules.match(name).begin());
  }

  /**
   * `-p tcp --dport 80`: the first option that nobody knows loads the protocol's own match. False:
   * there is none, or it is loaded already.
   */
  loadProtocolMatch(): boolean {
    const { protocol } = this.header;
    if (this.#protocolLoaded || protocol === 0) return false;
    const module = this.modules.protocolMatch(protocol);
    if (module === undefined) return false;
    this.#protocolLoaded = true;
    this.#addMatch(module.begin());
    return true;
  }

  #addMatch(session: Session<Match>): void {
    this.#matches.push(session);
    this.#sessions.push(session);
  }

  /** -p */
  setProtocol(text: string, inverted: boolean): void {
    const protocol = protocolValue(text);
    if (protocol === 0 && inverted) refuse("rule would never match protocol");
    this.header.protocol = protocol;
    this.header.protocolInverted = inverted;
  }

  /** -j and -g. Whether the name is that of a verdict or a module: such has options of its own. */
  jump(name: string, isGoto: boolean): boolean {
    if (name === "") refuse("Invalid target name (too short)");
    if (name.length > 28) refuse(`Invalid target name \`${name}' (28 chars max)`);
    if (hasBlank(name)) refuse(`Invalid target name \`${name}'`);
    this.targetName = name;
    this.#isGoto = isGoto;
    if (isGoto) return false;
    this.#verdict = STANDARD_VERDICTS.get(name);
    if (this.#verdict !== undefined) return true;
    const module = this.modules.target(name);
    if (module === undefined) return false;
    this.#target = module.begin();
    this.#sessions.push(this.#target);
    return true;
  }

  /** How many rules the addresses make, once they are read. */
  get pairs(): number {
    return this.#sources.length * this.#destinations.length;
  }

  /** Reads the addresses. */
  readAddresses(context: RuleContext): void {
    if (this.source !== null) this.#sources = splitAddresses(this.source);
    if (this.destination !== null) this.#destinations = splitAddresses(this.destination);
    const { sourceInverted, destinationInverted } = this.header;
    if (!sourceInverted && !destinationInverted) return;
    if (this.pairs > 1) {
      refuse("! not allowed with multiple source or destination IP addresses");
    }
    // The kernel takes no test that nothing can pass.
    const isNone =
      (sourceInverted && this.#sources[0]?.mask === 0) ||
      (destinationInverted && this.#destinations[0]?.mask === 0);
    if (isNone) refuseInKernel(context, "no packet has an address outside of 0.0.0.0/0");
  }

  /** What the modules are told of the rule. */
  context(engine: Engine, table: TableName): RuleContext {
    return { engine, table, header: this.header, matches: this.#finished, refusal: null };
  }

  /** All options have been read: makes the rule's matches, and its target, which is returned. */
  finishModules(context: RuleContext): Target | null {
    const matches = this.#finished;
    while (matches.length > 0) matches.pop();
    for (const session of this.#matches) matches.push(session.finish(context));
    return this.#target?.finish(context) ?? null;
  }

  /** The rules, of which the first takes the header and the target that has been made. */
  rules(first: Target | null, context: RuleContext): Rule[] {
    const [source = ANY_ADDRESS] = this.#sources;
    const [destination = ANY_ADDRESS] = this.#destinations;
    const { header } = this;
    if (this.pairs === 1) return [this.#rule(header, source, destination, first)];
    const rules: Rule[] = [];
    for (const from of this.#sources) {
      for (const to of this.#destinations) {
        const target = rules.length === 0 ? first : this.finishModules(context);
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
      targetName: this.targetName,
      isGoto: this.#isGoto,
    });
    rule.packets = this.packets;
    rule.bytes = this.bytes;
    return rule;
  }

  /** The one rule that was made, for other hosts as well; null if it is for this alone. */
  shared(rule: Rule, table: TableName): SharedRule | null {
    const { header, verdict, targetName, isGoto } = rule;
    const matches = this.#matches.slice();
    const parts = { header, matches, target: this.#target, verdict, targetName, isGoto };
    return SharedRule.of(parts, table, rule);
  }
}
