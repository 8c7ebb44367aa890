/**
 * The match and target modules by name, and the names of those that the real tool has and this one
 * does not.
 */
import type { MatchModule, TargetModule } from "./extension.ts";
import { MATCH_MODULES } from "./matches/all.ts";
import { TARGET_MODULES } from "./targets/all.ts";
import { ExitStatus, RuleError } from "./text/errors.ts";

/** Protocols whose match is loaded by an option of it alone. */
const PROTOCOL_MATCHES: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [132, "sctp"],
]);

// Not modelled: the matches and targets below, which no rules of Kubernetes use.
const OTHER_MATCHES = new Set(
  `ah bpf cgroup cluster connlabel cpu dccp devgroup esp helper ipcomp ipvs osf policy quota
  rateest realm socket string time u32`.split(/\s+/),
);
const OTHER_TARGETS = new Set(
  `AUDIT CLUSTERIP CONNSECMARK ECN HMARK IDLETIMER LED NFQUEUE RATEEST SECMARK SYNPROXY TCPOPTSTRIP
  TEE TPROXY ULOG`.split(/\s+/),
);

const MATCHES: ReadonlyMap<string, MatchModule> = new Map(
  MATCH_MODULES.map((module) => [module.name, module]),
);
const TARGETS: ReadonlyMap<string, TargetModule> = new Map(
  TARGET_MODULES.map((module) => [module.name, module]),
);

/** The modules of a host. */
export class ModuleTable {
  readonly #matches = MATCHES;
  readonly #targets = TARGETS;

  /** The match of that name; refuses what does not exist. */
  match(name: string): MatchModule {
    const module = this.#matches.get(name);
    if (module !== undefined) return module;
    if (OTHER_MATCHES.has(name)) return unsupported("match", name, this.#matches.keys());
    throw new RuleError(`Couldn't load match \`${name}':No such file or directory\n`, {
      exitStatus: ExitStatus.PARAMETER_PROBLEM,
    });
  }

  /** The match that belongs to a protocol. */
  protocolMatch(protocol: number): MatchModule | undefined {
    const name = PROTOCOL_MATCHES.get(protocol);
    return name === undefined ? undefined : this.#matches.get(name);
  }

  /** The target of that name, or undefined: then it is the name of a chain. */
  target(name: string): TargetModule | undefined {
    if (OTHER_TARGETS.has(name)) unsupported("target", name, this.#targets.keys());
    return this.#targets.get(name);
  }

  /** Whether a chain must not have that name. */
  isTarget(name: string): boolean {
    return (
      this.#targets.has(name) ||
      OTHER_TARGETS.has(name) ||
      /^(ACCEPT|DROP|RETURN|QUEUE)$/.test(name)
    );
  }
}

function unsupported(kind: string, name: string, known: Iterable<string>): never {
  throw new RuleError(`${kind} "${name}" is not modelled`, {
    code: "VW_RULE_UNSUPPORTED",
    hint: `modelled are ${[...known].sort().join(", ")}`,
  });
}
