/**
 * `ip rule`: which table is asked first.
 *
 * Spec: iproute2 6.1, ip/iprule.c. Kernel: net/core/fib_rules.c (fib_default_rule_pref), 6.18.
 */
import { type FibRule, plainRule, RuleAction } from "../../../net/fib-rule.ts";
import { notModelled, ToolError } from "../../command.ts";
import { findDevice } from "../../host.ts";
import { jsonText } from "../../json-text.ts";
import type { Words } from "../../words.ts";
import {
  check,
  type IpAction,
  type IpOptions,
  readNumber,
  readPrefix,
  readTable,
  unknownCommand,
} from "./context.ts";
import { RULE_PROTOCOLS, ruleJson, ruleText } from "./rule-format.ts";

const ALL_ONES = -1;

/** Reads what stands behind `ip rule`. */
export function ipRule(words: Words, options: IpOptions): IpAction {
  const verb = words.done ? "show" : words.take();
  switch (verb) {
    case "show":
    case "list":
    case "lst":
    case "ls":
      return readShow(words, options);
    case "add":
    case "a":
      return readAdd(words);
    case "del":
    case "delete":
    case "d":
      return readDelete(words);
    case "flush":
      return ({ host }) => {
        const { fib } = host.namespace;
        while (fib.rules.some(({ priority }) => priority !== 0)) {
          check(fib.deleteRule(({ priority }) => priority !== 0));
        }
      };
    default:
      throw unknownCommand(verb, "ip rule help");
  }
}

type PartialRule = { -readonly [Key in keyof FibRule]?: FibRule[Key] };

function readRule(words: Words): PartialRule {
  const rule: PartialRule = {};
  while (!words.done) {
    if (!readSelector(words, rule) && !readAction(words, rule)) {
      words.takes("type");
      throw new ToolError(
        `Error: argument "${words.peek()}" is wrong: Failed to parse rule type`,
        255,
      );
    }
  }
  return rule;
}

function readSelector(words: Words, rule: PartialRule): boolean {
  if (words.takes("not")) rule.invert = true;
  else if (words.takes("from")) {
    const { address, prefixLength } = readPrefix(words.take());
    rule.source = address;
    rule.sourceLength = prefixLength;
  } else if (words.takes("to")) {
    const { address, prefixLength } = readPrefix(words.take());
    rule.destination = address;
    rule.destinationLength = prefixLength;
  } else if (words.takes("preference", "pref", "order", "priority", "prio")) {
    rule.priority = readNumber(words, "preference value is invalid\n");
  } else if (words.takes("tos", "dsfield"))
    rule.tos = readNumber(words, "TOS value is invalid\n", 255);
  else if (words.takes("fwmark")) {
    const [mark = "", mask] = words.take().split("/");
    rule.mark = Number(mark) | 0;
    rule.markMask = mask === undefined ? ALL_ONES : Number(mask) | 0;
  } else if (words.takes("iif", "dev")) rule.inputDevice = words.take();
  else if (words.takes("oif")) rule.outputDevice = words.take();
  else if (words.takes("ipproto")) {
    const text = words.take();
    rule.protocol = RULE_PROTOCOLS.find(([name]) => name === text)?.[1] ?? Number(text);
  } else if (words.takes("sport")) rule.sourcePorts = readRange(words.take());
  else if (words.takes("dport")) rule.destinationPorts = readRange(words.take());
  else if (
    ["uidrange", "realms", "l3mdev", "nat", "tun_id", "suppress_ifgroup"].includes(words.peek())
  ) {
    throw notModelled(
      "ip rule",
      words.peek(),
      "from, to, fwmark, iif, oif, tos, ipproto, sport, dport",
    );
  } else return false;
  return true;
}

function readAction(words: Words, rule: PartialRule): boolean {
  if (words.takes("table", "lookup")) {
    rule.action = RuleAction.TABLE;
    rule.table = readTable(words);
  } else if (words.takes("goto")) {
    rule.action = RuleAction.GOTO;
    rule.target = readNumber(words, "invalid target\n");
  } else if (words.takes("suppress_prefixlength", "sup_pl")) {
    rule.suppressPrefixLength = readNumber(words, "suppress_prefixlength value is invalid\n");
  } else if (words.takes("nop")) rule.action = RuleAction.NOP;
  else if (words.takes("blackhole")) rule.action = RuleAction.BLACKHOLE;
  else if (words.takes("unreachable")) rule.action = RuleAction.UNREACHABLE;
  else if (words.takes("prohibit")) rule.action = RuleAction.PROHIBIT;
  else return false;
  return true;
}

function readRange(text: string): readonly [number, number] {
  const [from = "", to = from] = text.split("-");
  return [Number(from), Number(to)];
}

function readShow(words: Words, { json, pretty, details }: IpOptions): IpAction {
  const wanted = readRule(words);
  return ({ host, print }) => {
    const { rules } = host.namespace.fib;
    const shown = rules.filter((rule) => agrees(rule, wanted));
    const hasDevice = (name: string): boolean => findDevice(host, name) !== null;
    const hasTarget = (target: number): boolean => rules.some((rule) => rule.priority === target);
    const around = { hasDevice, hasTarget };
    if (json)
      print(
        jsonText(
          shown.map((rule) => ruleJson(rule, around)),
          pretty,
        ),
      );
    else for (const rule of shown) print(ruleText(rule, around, details));
  };
}

function readAdd(words: Words): IpAction {
  if (words.done) throw new ToolError('"ip rule add" requires arguments.', 1);
  const rule = readRule(words);
  return ({ host }) => {
    const { fib } = host.namespace;
    const table = rule.table ?? 254;
    // Without a preference a rule goes before the second one there is.
    const second = fib.rules[1]?.priority ?? 0;
    const priority = rule.priority ?? (second === 0 ? 0 : second - 1);
    const action = rule.action ?? RuleAction.TABLE;
    const target = action === RuleAction.TABLE ? table : 0;
    check(fib.addRule({ ...plainRule(priority, target), ...rule, priority, action }));
  };
}

function readDelete(words: Words): IpAction {
  const rule = readRule(words);
  return ({ host }) => {
    check(host.namespace.fib.deleteRule((known) => agrees(known, rule)));
  };
}

function agrees(known: FibRule, wanted: PartialRule): boolean {
  return Object.entries(wanted).every(([key, value]) => {
    return JSON.stringify(Reflect.get(known, key)) === JSON.stringify(value);
  });
}
