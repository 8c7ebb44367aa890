/**
 * Random rule sets whose effect on packets is fully decided: nothing random, nothing that depends on
 * the clock.
 */
import type { RandomStream } from "../../lib/sim/random.ts";

/** Text for iptables-restore. The router itself hears nothing, so that it does not answer. */
export function routerRules(random: RandomStream): string {
  const pick = <T>(choices: readonly T[]): T => choices[random.below(choices.length)] as T;
  const some = (most: number, make: () => string): string[] =>
    Array.from({ length: random.below(most + 1) }, make);
  const not = (): string => (random.chance(0.2) ? "! " : "");
  const host = (): string =>
    pick([
      "10.1.0.2",
      "10.1.0.3",
      "10.2.0.2",
      "10.2.0.3",
      "10.96.0.1",
      "10.96.0.2",
      "10.1.0.0/16",
      "10.2.0.0/16",
    ]);

  const match = (): string =>
    pick([
      () => "",
      () => `${not()}-s ${host()}`,
      () => `${not()}-d ${host()}`,
      () => `-p tcp -m tcp ${not()}--dport ${pick(["80", "443", "80:500"])}`,
      () =>
        `-p tcp -m tcp ${not()}--tcp-flags ${pick(["SYN,ACK SYN", "FIN FIN", "RST RST", "ALL SYN,ACK"])}`,
      () => `-p udp -m udp ${not()}--dport ${pick(["53", "123"])}`,
      () => `-p tcp -m multiport ${not()}--dports 80,8080:9000`,
      () => `-p icmp -m icmp ${not()}--icmp-type ${pick(["8", "0", "3", "any"])}`,
      () =>
        `-m conntrack ${not()}--ctstate ${pick(["NEW", "ESTABLISHED", "RELATED,ESTABLISHED", "INVALID", "DNAT", "SNAT", "UNTRACKED"])}`,
      () => `-m conntrack --ctdir ${pick(["ORIGINAL", "REPLY"])}`,
      () => `-m conntrack ${not()}--ctstatus ${pick(["SEEN_REPLY", "ASSURED", "CONFIRMED"])}`,
      () => `-m conntrack ${not()}--ctorigdst ${pick(["10.96.0.1", "10.2.0.0/16"])}`,
      () => `-m mark ${not()}--mark ${pick(["0x1/0x1", "0x4000/0x4000", "0x2"])}`,
      () => `-m connmark ${not()}--mark ${pick(["0x1/0x1", "0x3"])}`,
      () => `-m length ${not()}--length ${pick(["0:60", "100:200", "40"])}`,
      () => `-m ttl ${pick(["--ttl-eq 62", "--ttl-gt 62", "--ttl-lt 63"])}`,
      () => `-m iprange ${not()}--src-range 10.1.0.2-10.1.0.2`,
      () => `-m statistic --mode nth --every ${1 + random.below(4)} --packet 0`,
      () => `-m addrtype ${not()}--dst-type ${pick(["LOCAL", "UNICAST"])}`,
      () => `-m state --state ${pick(["NEW", "ESTABLISHED", "RELATED"])}`,
      () => `-m tos ${not()}--tos 0x10/0xff`,
      () =>
        `-m recent ${pick(["--set", "--rcheck", "--update", "--remove", "! --rcheck"])} --name fz`,
    ])();
  const matches = (): string =>
    [match(), random.chance(0.3) ? match() : ""].filter((text) => text !== "").join(" ");
  const rule = (chain: string, target: string): string =>
    `-A ${chain} ${compatible(matches())} ${target}`.replace(/ +/g, " ");

  const lines: string[] = [];
  const section = (table: string, chains: readonly string[], rules: readonly string[]): void => {
    lines.push(`*${table}`, ...chains.map((chain) => `:${chain} - [0:0]`), ...rules, "COMMIT");
  };
  if (random.chance(0.3)) {
    section(
      "raw",
      [],
      some(2, () => rule("PREROUTING", pick(["-j NOTRACK", "-j CT --zone 1", "-j CT --notrack"]))),
    );
  }
  if (random.chance(0.6)) {
    section(
      "mangle",
      ["MU"],
      [
        ...some(4, () =>
          rule(
            pick(["PREROUTING", "FORWARD", "POSTROUTING", "MU"]),
            pick([
              "-j MARK --set-xmark 0x1/0x1",
              "-j MARK --or-mark 0x4000",
              "-j MARK --xor-mark 0x2",
              "-j CONNMARK --set-mark 1",
              "-j CONNMARK --save-mark",
              "-j CONNMARK --restore-mark",
              "-j TOS --set-tos 0x10",
              "-j TTL --ttl-dec 1",
              "-j DSCP --set-dscp 10",
              "-j RETURN",
            ]),
          ),
        ),
        ...(random.chance(0.5) ? ["-A FORWARD -j MU"] : []),
        ...(random.chance(0.3)
          ? ["-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000"]
          : []),
      ],
    );
  }
  if (random.chance(0.8)) {
    section(
      "nat",
      ["NU"],
      [
        ...some(
          3,
          () =>
            `-A ${pick(["PREROUTING", "NU"])} -d ${pick(["10.96.0.1", "10.96.0.2"])} -p ${pick(["tcp -m tcp --dport 80", "udp -m udp --dport 53", "tcp", "udp"])} -j DNAT --to-destination ${pick(["10.2.0.2:8080", "10.2.0.3", "10.2.0.2", "10.1.0.3:80"])}`,
        ),
        ...(random.chance(0.5) ? ["-A PREROUTING -j NU"] : []),
        ...some(2, () =>
          rule("PREROUTING", pick(["-j ACCEPT", "-j RETURN", "-j NETMAP --to 10.2.0.0/24"])),
        ),
        ...some(2, () =>
          rule(
            "POSTROUTING",
            pick(["-j MASQUERADE", "-j SNAT --to-source 10.2.0.5", "-j ACCEPT", "-j RETURN"]),
          ),
        ),
      ],
    );
  }
  section(
    "filter",
    ["U1", "U2"],
    [
      "-A INPUT -j DROP",
      ...some(6, () =>
        rule(
          pick(["FORWARD", "FORWARD", "U1", "U2"]),
          pick([
            "-j ACCEPT",
            "-j DROP",
            "-j RETURN",
            "-j U2",
            "-g U2",
            "",
            "-j REJECT",
            "-j MARK --or-mark 1",
          ]),
        ).replace(/-A U2 (.*)-[jg] U2/, "-A U2 $1-j RETURN"),
      ),
      ...(random.chance(0.7)
        ? [`-A FORWARD ${compatible(match())} -j U1`.replace(/ +/g, " ")]
        : []),
      ...(random.chance(0.3)
        ? ["-A FORWARD -p tcp -m tcp --dport 443 -j REJECT --reject-with tcp-reset"]
        : []),
      // Earlier than here it counts what may never become a connection, for as long as it takes.
      ...some(
        1,
        () => `-A FORWARD -p udp -m connlimit --connlimit-above ${random.below(3)} -j REJECT`,
      ),
      ...some(2, () => rule("OUTPUT", pick(["", "-j ACCEPT"]))),
    ],
  );
  return `${lines.join("\n")}\n`;
}

/** Two matches may ask for different protocols: the second -p is left out with its match. */
function compatible(text: string): string {
  const protocols = [...text.matchAll(/-p (\w+)/g)];
  if (protocols.length > 1) return text.slice(0, protocols[1]?.index).trim();
  const addresses = text.split(" ").filter((word) => word === "-s" || word === "-d");
  if (new Set(addresses).size < addresses.length) return "";
  return text;
}
