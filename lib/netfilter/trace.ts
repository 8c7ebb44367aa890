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
import { formatMac, type Mac } from "../base/mac.ts";
import type { Ns } from "../base/units.ts";
import type { Cpu } from "../sim/cpu.ts";
import * as ethernet from "../wire/ethernet.ts";
import * as ipv4 from "../wire/ipv4.ts";
import * as tcp from "../wire/tcp.ts";
import type { EvaluationTrace } from "./evaluate.ts";
import type { Hook } from "./hooks.ts";
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

/** Makes records of the steps of all traced packets of a host. */
export class TraceListener implements EvaluationTrace {
  readonly #cpu: Cpu;
  readonly #tell: (record: TraceRecord) => void;

  constructor(cpu: Cpu, tell: (record: TraceRecord) => void) {
    this.#cpu = cpu;
    this.#tell = tell;
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

  #add(packet: Packet, chain: Chain, rule: number, verdict: string, text: string): void {
    this.#tell({
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

/** The lines of one record that comes after another one: the packet is shown once in each table. */
export function formatRecord(record: TraceRecord, before: TraceRecord | null): string {
  const id = record.packetId.toString(16).padStart(8, "0");
  const same =
    before !== null &&
    before.packetId === record.packetId &&
    before.hook === record.hook &&
    before.table === record.table;
  const packet = same ? "" : `PACKET: 2 ${id} ${record.packet}\n`;
  const place = `${record.table}:${record.chain}`;
  const step =
    record.rule === 0
      ? `policy:${record.verdict} `
      : `rule:0x${record.rule.toString(16)}:${record.verdict}  -4 -t ${record.table} ${record.text}`;
  return `${packet} TRACE: 2 ${id} ${place}:${step}\n`;
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
  if (inDevice !== null) text += linkHeader(packet);
  text += `SRC=${formatIpv4(packet.source)} DST=${formatIpv4(packet.destination)} `;
  text += `LEN=${packet.length} TOS=0x${ipv4.tos(view, l3).toString(16)} `;
  text += `TTL=${ipv4.ttl(view, l3)} ID=${ipv4.id(view, l3)} `;
  if (ipv4.hasDf(view, l3)) text += "DF ";
  if (packet.fragmentOffset !== 0) text += `FRAG:${packet.fragmentOffset} `;
  if ((packet.protocol === 6 || packet.protocol === 17) && packet.transportLength >= 4) {
    const ports = view.getInt32(packet.l4);
    text += `SPORT=${ports >>> 16} DPORT=${ports & 0xffff} `;
    if (packet.protocol === 6 && packet.transportLength >= tcp.TCP_SIZE) {
      text += flagNames(tcp.flags(view, packet.l4));
    }
  }
  if (frame.mark !== 0) text += `MARK=0x${(frame.mark >>> 0).toString(16)} `;
  return text;
}

/** Packets that came in have their Ethernet header still before them. */
function linkHeader({ view, frame }: Packet): string {
  const { l2 } = frame;
  const type = ethernet.type(view, l2).toString(16).padStart(4, "0");
  const source = shortMac(ethernet.source(view, l2));
  return `MACSRC=${source} MACDST=${shortMac(ethernet.destination(view, l2))} MACPROTO=${type} `;
}

/** The tool writes the bytes of addresses without leading zeros. */
function shortMac(mac: Mac): string {
  return formatMac(mac).replace(/\b0/g, "");
}

const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [tcp.FLAG_CWR, "CWR"],
  [tcp.FLAG_ECE, "ECE"],
  [tcp.FLAG_URG, "URG"],
  [tcp.FLAG_ACK, "ACK"],
  [tcp.FLAG_PSH, "PSH"],
  [tcp.FLAG_RST, "RST"],
  [tcp.FLAG_SYN, "SYN"],
  [tcp.FLAG_FIN, "FIN"],
];

function flagNames(flags: number): string {
  return FLAG_NAMES.map(([flag, name]) => ((flags & flag) === 0 ? "" : `${name} `)).join("");
}
