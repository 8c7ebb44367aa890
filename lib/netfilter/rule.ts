/**
 * A rule: what it compares in the header as plain integers, its extension matches as objects, and
 * its target.
 *
 * Kernel: include/uapi/linux/netfilter_ipv4/ip_tables.h (struct ipt_ip, ipt_entry),
 * net/ipv4/netfilter/ip_tables.c (ip_packet_match), 6.18.
 */
import type { Packet } from "./packet.ts";
import type { Chain } from "./table.ts";
import type { SavedRules } from "./text/saved-rules.ts";

/** The bits of all hooks. */
export const ALL_HOOKS = 0b11111;

/** What a target decides. Values of its own, not the kernel's. */
export const Verdict = {
  /** The next rule (XT_CONTINUE). */
  CONTINUE: 0,
  ACCEPT: 1,
  DROP: 2,
  RETURN: 3,
  /** The target has taken the packet (NF_STOLEN): it may already have become something else. */
  STOLEN: 4,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** A match of an extension module. */
export abstract class Match {
  /** Name of the module, as after `-m`. */
  abstract get name(): string;
  /** Whether it looks at the packet only, so that evaluating it or not makes no difference. */
  get pure(): boolean {
    return true;
  }
  /** Whether the packet matches. @hot */
  abstract matches(packet: Packet): boolean;
  /** Its options as iptables-save prints them, each with a space before it: always the same. */
  abstract save(): string;
  /** What `iptables -L` prints for it, with a space before it; `numeric` as -n. */
  abstract list(numeric: boolean): string;
  /** Bits of the hooks where it may be reached from; the kernel refuses it elsewhere. */
  get validHooks(): number {
    return ALL_HOOKS;
  }
  /** Whether connections are tracked as long as a rule with it is in a table. */
  get tracks(): boolean {
    return false;
  }
  /** The rule is now in a table: claim what else it needs. */
  attach(): void {}
  /** The rule is gone. */
  detach(): void {}
}

/** A target of an extension module. */
export abstract class Target {
  /** Name of the module, as after `-j`. */
  abstract get name(): string;
  /** How listings call it: by the name of the kernel's module. */
  get listedName(): string {
    return this.name;
  }
  /** Acts on the packet. @hot */
  abstract apply(packet: Packet): Verdict;
  /** As `Match.save`. */
  abstract save(): string;
  /** As `Match.list`. */
  abstract list(numeric: boolean): string;
  /** Bits of the hooks where it may be reached from; the kernel refuses it elsewhere. */
  get validHooks(): number {
    return ALL_HOOKS;
  }
  /** As `Match.tracks`. */
  get tracks(): boolean {
    return false;
  }
  /** The rule is now in a table: claim what else it needs. */
  attach(): void {}
  /** The rule is gone. */
  detach(): void {}
}

/** A test of interface names: exact, or a prefix (`eth+`). */
export interface InterfaceTest {
  /** Without the `+`. */
  readonly name: string;
  readonly wildcard: boolean;
  readonly inverted: boolean;
}

/** The part of a rule that is compared with the header. */
export interface HeaderMatch {
  source: number;
  sourceMask: number;
  sourceInverted: boolean;
  destination: number;
  destinationMask: number;
  destinationInverted: boolean;
  inInterface: InterfaceTest | null;
  outInterface: InterfaceTest | null;
  /** 0: any. */
  protocol: number;
  protocolInverted: boolean;
  /** -f: second and further fragments. */
  fragment: boolean;
  fragmentInverted: boolean;
}

/** A header match that accepts everything. */
export function anyHeader(): HeaderMatch {
  return {
    source: 0,
    sourceMask: 0,
    sourceInverted: false,
    destination: 0,
    destinationMask: 0,
    destinationInverted: false,
    inInterface: null,
    outInterface: null,
    protocol: 0,
    protocolInverted: false,
    fragment: false,
    fragmentInverted: false,
  };
}

/** Whether the header match accepts everything. */
export function isAnyHeader(header: HeaderMatch): boolean {
  return (
    header.sourceMask === 0 &&
    header.destinationMask === 0 &&
    header.protocol === 0 &&
    header.inInterface === null &&
    header.outInterface === null &&
    !header.sourceInverted &&
    !header.destinationInverted &&
    !header.fragment
  );
}

/** A rule of a chain. */
export class Rule {
  readonly header: Readonly<HeaderMatch>;
  readonly matches: readonly Match[];
  /** The extension target, or null for a jump, a verdict or none at all. */
  readonly target: Target | null;
  /** What the rule decides without an extension target. */
  readonly verdict: Verdict;
  /** The name after -j or -g, "" if there is none; changes when that chain is renamed. */
  targetName: string;
  /** -g: return to the caller of this chain instead. */
  readonly isGoto: boolean;
  /** The chain that it jumps to, found when the rule is put into a table. */
  jump: Chain | null = null;
  /** Bits of the hooks where all its parts may be. */
  readonly validHooks: number;
  packets = 0;
  bytes = 0;
  /** Where its printed form is kept, and at which place there; null: nobody keeps it. */
  saved: SavedRules | null = null;
  savedAt = 0;

  constructor(parts: {
    readonly header: HeaderMatch;
    readonly matches: readonly Match[];
    readonly target: Target | null;
    readonly verdict: Verdict;
    readonly targetName: string;
    readonly isGoto: boolean;
  }) {
    this.header = parts.header;
    this.matches = parts.matches;
    this.target = parts.target;
    this.verdict = parts.verdict;
    this.targetName = parts.targetName;
    this.isGoto = parts.isGoto;
    let hooks = parts.target?.validHooks ?? ALL_HOOKS;
    for (let index = 0; index < parts.matches.length; index += 1) {
      hooks &= parts.matches[index]?.validHooks ?? ALL_HOOKS;
    }
    this.validHooks = hooks;
  }

  /** The part that may not be everywhere, for messages. */
  get hookProblem(): string {
    const match = this.matches.find((one) => one.validHooks !== ALL_HOOKS);
    return match === undefined ? `-j ${this.targetName}` : `-m ${match.name}`;
  }

  /** Whether connections are tracked as long as it is in a table. */
  get tracks(): boolean {
    if (this.target?.tracks === true) return true;
    for (let index = 0; index < this.matches.length; index += 1) {
      if (this.matches[index]?.tracks === true) return true;
    }
    return false;
  }

  /** Whether it names a chain of its table. */
  get isJump(): boolean {
    return this.targetName !== "" && this.target === null && this.verdict === Verdict.CONTINUE;
  }

  /** Whether the packet matches the header part and all extension matches, in order. @hot */
  matchesPacket(packet: Packet): boolean {
    if (!headerMatches(this.header, packet)) return false;
    const { matches } = this;
    for (let index = 0; index < matches.length; index += 1) {
      if (matches[index]?.matches(packet) === false) return false;
    }
    return true;
  }
}

/** Whether the packet's header is what the rule asks for. @hot */
function headerMatches(header: HeaderMatch, packet: Packet): boolean {
  if (
    ((packet.source & header.sourceMask) === header.source) === header.sourceInverted ||
    ((packet.destination & header.destinationMask) === header.destination) ===
      header.destinationInverted
  ) {
    return false;
  }
  if (header.inInterface !== null && !interfaceMatches(header.inInterface, packet.inDevice?.name)) {
    return false;
  }
  if (
    header.outInterface !== null &&
    !interfaceMatches(header.outInterface, packet.outDevice?.name)
  ) {
    return false;
  }
  if (header.protocol !== 0 && (header.protocol === packet.protocol) === header.protocolInverted) {
    return false;
  }
  return !header.fragment || (packet.fragmentOffset !== 0) !== header.fragmentInverted;
}

/** Whether a device of that name passes; a packet without a device has the name "". @hot */
export function interfaceMatches(test: InterfaceTest, name = ""): boolean {
  const same = test.wildcard ? name.startsWith(test.name) : name === test.name;
  return same !== test.inverted;
}
