/**
 * The way of traced packets through the rules: a record for each rule that matched and each policy
 * that decided, and their text as `xtables-monitor --trace` prints it.
 *
 * Differs: the real tool numbers rules by handles of its own; here `rule:0x3` is the third rule of
 * its chain.
 *
 * Kernel: net/netfilter/nf_tables_trace.c, 6.18; iptables 1.8.9, iptables/xtables-monitor.c.
 */
import { formatIpv4 } from "../base/inet.ts";
import type { Ns } from "../base/units.ts";
import type { Cpu } from "../sim/cpu.ts";
import * as ipv4 from "../wire/ipv4.ts";
import type { EvaluationTrace } from "./evaluate.ts";
import { HOOK_NAMES, type Hook } from "./hooks.ts";
import type { Packet } from "./packet.ts";
import { type Rule, Verdict } from "./rule.ts";
import type { Chain, TableName } from "./table.ts";
import { saveRule } from "./text/printer.ts";

/** One step of a packet. */
export interface TraceRecord {
  readonly at: Ns;
  readonly packetId: number;
  readonly hook: Hook;
  readonly table: TableName;
  readonly chain: string;
  /** Number of the rule in its chain from 1; 0: the policy. */
  readonly rule: number;
  /** CONTINUE, ACCEPT, DROP, RETURN, JUMP:X or GOTO:X. */
  readonly verdict: string;
  /** The rule as iptables-save prints it; "" for a policy. */
  readonly text: string;
  /** The packet when the step was taken, as in a PACKET line. */
  readonly packet: string;
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  [Verdict.CONTINUE]: "CONTINUE",
  [Verdict.ACCEPT]: "ACCEPT",
  [Verdict.DROP]: "DROP",
  [Verdict.RETURN]: "RETURN",
  [Verdict.STOLEN]: "STOLEN",
};

/** Keeps the steps of all traced packets of a host: `netfilter.trace = new TraceRecorder(cpu)`. */
export class TraceRecorder implements EvaluationTrace {
  readonly records: TraceRecord[] = [];
  readonly #cpu: Cpu;

  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }

  rule(packet: Packet, chain: Chain, index: number, verdict: Verdict): void {
    const rule = chain.rules[index];
    if (rule === undefined) return;
    const text = `-A ${chain.name}${saveRule(rule)}`;
    this.#add(packet, chain, index + 1, verdictOf(rule, verdict), text);
  }

  policy(packet: Packet, chain: Chain): void {
    this.#add(packet, chain, 0, chain.policyAccepts ? "ACCEPT" : "DROP", "");
  }

  chainEnd(): void {}

  #add(packet: Packet, chain: Chain, rule: number, verdict: string, text: string): void {
    this.records.push({
      at: this.#cpu.now,
      packetId: packet.frame.packetId,
      hook: packet.hook,
      table: chain.table,
      chain: chain.name,
      rule,
      verdict,
      text,
      packet: describe(packet),
    });
  }
}

/** The records as `xtables-monitor --trace` prints them. */
export function formatTrace(records: readonly TraceRecord[]): string {
  let text = "";
  let before: TraceRecord | null = null;
  for (const record of records) {
    const id = record.packetId.toString(16).padStart(8, "0");
    const same =
      before !== null &&
      before.packetId === record.packetId &&
      before.hook === record.hook &&
      before.table === record.table;
    if (!same) text += `PACKET: 2 ${id} ${record.packet}\n`;
    const place = `${record.table}:${record.chain}`;
    text +=
      record.rule === 0
        ? ` TRACE: 2 ${id} ${place}:policy:${record.verdict} \n`
        : ` TRACE: 2 ${id} ${place}:rule:0x${record.rule.toString(16)}:${record.verdict}  -4 -t ${record.table} ${record.text}\n`;
    before = record;
  }
  return text;
}

/** `hook:table:chain:number`, for programs that want one word for a step. */
export function formatStep(record: TraceRecord): string {
  return `${HOOK_NAMES[record.hook]}:${record.table}:${record.chain}:${record.rule}`;
}

function verdictOf(rule: Rule, verdict: Verdict): string {
  if (verdict === Verdict.CONTINUE && rule.isJump) {
    return `${rule.isGoto ? "GOTO" : "JUMP"}:${rule.targetName}`;
  }
  return VERDICTS[verdict];
}

function describe(packet: Packet): string {
  const { view, l3, inDevice, outDevice, frame } = packet;
  let text = "";
  if (inDevice !== null) text += `IN=${inDevice.name} `;
  if (outDevice !== null) text += `OUT=${outDevice.name} `;
  text += `SRC=${formatIpv4(packet.source)} DST=${formatIpv4(packet.destination)} `;
  text += `LEN=${packet.length} TOS=0x${ipv4.tos(view, l3).toString(16)} `;
  text += `TTL=${ipv4.ttl(view, l3)} ID=${ipv4.id(view, l3)} `;
  if (ipv4.hasDf(view, l3)) text += "DF ";
  if (packet.fragmentOffset !== 0) text += `FRAG:${packet.fragmentOffset} `;
  if ((packet.protocol === 6 || packet.protocol === 17) && packet.transportLength >= 4) {
    const ports = view.getInt32(packet.l4);
    text += `SPORT=${ports >>> 16} DPORT=${ports & 0xffff} `;
  }
  if (frame.mark !== 0) text += `MARK=0x${(frame.mark >>> 0).toString(16)} `;
  return text;
}
