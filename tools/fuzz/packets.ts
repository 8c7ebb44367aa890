/**
 * Differential fuzzing of verdicts and packets: random rule sets and packets go through netfilter of
 * a router on the real kernel and in vethwork. What leaves, the counters of all rules and chains,
 * and the connections must be the same. Needs root, iptables 1.8.9, conntrack and python3.
 *
 *     node build/tools/fuzz/packets.js --seed 1 --count 50
 */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { formatConnection } from "../../lib/netfilter/conntrack/print.ts";
import { Random, type RandomStream } from "../../lib/sim/random.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import { type Emitted, FakeRouter, type Side } from "./fake-router.ts";
import { PacketGrammar } from "./packet-grammar.ts";
import { routerRules } from "./router-rules.ts";
import { SegmentGrammar } from "./segment-grammar.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "20" },
    packets: { type: "string", default: "20" },
    only: { type: "string", default: "" },
    /** Compare connections after each packet. */
    each: { type: "boolean", default: false },
    /** No rules but a state, and TCP between two hosts only. */
    tcp: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
/** Connections are tracked, and nothing is dropped. */
const TRACKING_ONLY =
  "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m conntrack --ctstate INVALID\n-A INPUT -j DROP\nCOMMIT\n";
const namespace = `vwpkt${process.pid}`;
const far = `${namespace}f`;

function run(command: string, ...args: string[]): string {
  const result = spawnSync(command, args, { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

function inRouter(...words: string[]): string {
  return run("ip", "netns", "exec", namespace, ...words);
}

function setUp(): void {
  run("ip", "netns", "add", namespace);
  run("ip", "netns", "add", far);
  for (const [side, address] of [
    ["va", "10.1.0.1/16"],
    ["vb", "10.2.0.1/16"],
  ] as const) {
    const hardware = `02:00:00:00:00:0${side.slice(1)}`;
    const peer = `02:00:00:00:00:f${side.slice(1)}`;
    run(
      "ip",
      "-n",
      namespace,
      "link",
      "add",
      "name",
      side,
      "address",
      hardware,
      "type",
      "veth",
      "peer",
      "name",
      side,
      "netns",
      far,
    );
    run("ip", "-n", far, "link", "set", side, "address", peer, "up");
    run("ip", "-n", namespace, "link", "set", side, "up");
    run("ip", "-n", namespace, "addr", "add", address, "dev", side);
    for (let host = 2; host < 8; host += 1) {
      const neighbour = address.replace("1/16", String(host));
      run("ip", "-n", namespace, "neigh", "add", neighbour, "lladdr", peer, "dev", side);
    }
  }
  run("ip", "-n", namespace, "link", "set", "lo", "up");
  run("ip", "-n", namespace, "route", "add", "default", "via", "10.2.0.2");
  const settings = [
    ["net.ipv4.ip_forward", "1"],
    ["net.ipv4.conf.all.rp_filter", "0"],
    ["net.ipv4.conf.va.rp_filter", "0"],
    ["net.ipv4.conf.vb.rp_filter", "0"],
    ["net.ipv4.conf.all.send_redirects", "0"],
    ["net.ipv4.conf.va.send_redirects", "0"],
    ["net.ipv4.conf.vb.send_redirects", "0"],
    ["net.ipv4.icmp_ratelimit", "0"],
    ["net.ipv6.conf.all.disable_ipv6", "1"],
  ];
  for (const [name, value] of settings) inRouter("sysctl", "-qw", `${name}=${value}`);
  for (const side of ["va", "vb"]) {
    spawnSync("ip", [
      "netns",
      "exec",
      far,
      "sysctl",
      "-qw",
      `net.ipv4.conf.${side}.arp_ignore=8`,
      "net.ipv6.conf.all.disable_ipv6=1",
    ]);
  }
}

/** The packets that the kernel sends for each one that it is given. */
class Injector {
  readonly #process = spawn(
    "ip",
    [
      "netns",
      "exec",
      far,
      "python3",
      new URL("../../../tools/fuzz/inject.py", import.meta.url).pathname,
      "va",
      "vb",
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  readonly #lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();

  async inject(side: Side, packet: Uint8Array): Promise<Emitted[]> {
    this.#process.stdin.write(`${side} ${Buffer.from(packet).toString("hex")}\n`);
    const emitted: Emitted[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true || value === ".") return emitted;
      if (value === "") continue;
      const [out = "", bytes = ""] = value.split(" ");
      emitted.push({ side: out as Side, bytes: Buffer.from(bytes, "hex") });
    }
  }

  stop(): void {
    this.#process.stdin.end();
  }
}

/** Without what the kernel chooses at random for its own packets: identification and checksum. */
function show(emitted: readonly Emitted[]): string[] {
  return emitted
    .map(({ side, bytes }) => {
      const copy = Buffer.from(bytes);
      const isOwn = copy.readUInt8(9) === 1 && copy.readUInt8(20) === icmp.ICMP_UNREACHABLE;
      if (isOwn || (copy.readUInt8(9) === 6 && copy.length === 40)) {
        copy.writeUInt16BE(0, 4);
        copy.writeUInt16BE(0, 10);
        // The kernel leaves the checksum of its own segments to the veth, which leaves it undone.
        if (!isOwn) copy.writeUInt16BE(0, 36);
      }
      return `${side} ${copy.toString("hex")}`;
    })
    .sort();
}

function connections(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line.includes("src="))
    .map((line) =>
      line
        .replace(/^(\S+ +\d+) \d+/, "$1")
        .replace(/ use=\d+/, "")
        .trim(),
    )
    .sort();
}

function counters(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n");
}

/** What differs between the connections of both, or "". */
function compareConnections(router: FakeRouter): string {
  const { conntrack } = router.netfilter;
  const mine = conntrack.list().map((one) => formatConnection(conntrack, one));
  const ours = connections(mine.join("\n"));
  const theirs = connections(inRouter("conntrack", "-L"));
  if (ours.join("\n") === theirs.join("\n")) return "";
  const only = (a: string[], b: string[]): string =>
    a.filter((line) => !b.includes(line)).join("\n           ");
  return `connections\n  real     ${only(theirs, ours)}\n  vethwork ${only(ours, theirs)}`;
}

async function runCase(index: number, random: RandomStream, injector: Injector): Promise<string[]> {
  const rules = values.tcp ? TRACKING_ONLY : routerRules(random);
  inRouter("nft", "flush", "ruleset");
  const loaded = spawnSync("ip", ["netns", "exec", namespace, "iptables-restore"], {
    input: rules,
    encoding: "utf8",
  });
  const router = new FakeRouter();
  if (loaded.status !== 0)
    return [`case ${index}: real restore refused: ${loaded.stderr}\n${rules}`];
  router.netfilter.restore(rules);
  spawnSync("ip", ["netns", "exec", namespace, "conntrack", "-F"]);
  const grammar = values.tcp ? new SegmentGrammar(random) : new PacketGrammar(random);
  const problems: string[] = [];
  for (let number = 0; number < Number(values.packets); number += 1) {
    const { side, bytes, what } = grammar.next();
    const mine = router.inject(side, bytes);
    const theirs = await injector.inject(side, bytes);
    grammar.learn(theirs);
    // A port chosen at random is another one there: the case ends here.
    if (router.netfilter.nat.randomChoices > 0) return problems;
    const a = show(mine);
    const b = show(theirs);
    if (values.verbose) console.log(`  ${number} ${side} ${what} → ${b.join(" | ") || "nothing"}`);
    if (a.join("\n") !== b.join("\n")) {
      problems.push(
        `packet ${number} (${side}: ${what})\n  in       ${Buffer.from(bytes).toString("hex")}\n  real     ${b.join("\n           ") || "nothing"}\n  vethwork ${a.join("\n           ") || "nothing"}`,
      );
      break;
    }
    if (!values.each && !values.tcp) continue;
    const difference = compareConnections(router);
    if (difference === "") continue;
    problems.push(`after packet ${number} (${side}: ${what})\n${difference}`);
    break;
  }
  const difference = compareConnections(router);
  if (difference !== "" && problems.length === 0) problems.push(difference);
  const realCounters = counters(inRouter("iptables-save", "-c"));
  const myCounters = counters(router.netfilter.save(null, { counters: true }));
  if (realCounters !== myCounters) {
    const want = realCounters.split("\n");
    const got = myCounters.split("\n");
    const at = want.findIndex((line, line2) => line !== got[line2]);
    problems.push(`counters\n  real     ${want[at]}\n  vethwork ${got[at]}`);
  }
  if (problems.length > 0) problems.unshift(`case ${index}\n${rules}`);
  return problems;
}

let differences = 0;
let cases = 0;
setUp();
const injector = new Injector();
try {
  for (let index = 0; index < Number(values.count); index += 1) {
    if (values.only !== "" && Number(values.only) !== index) continue;
    const random = new Random(Number(values.seed)).stream(`case ${index}`);
    const problems = await runCase(index, random, injector);
    cases += 1;
    if (problems.length === 0) continue;
    differences += 1;
    console.log(problems.join("\n"));
  }
} finally {
  injector.stop();
  spawnSync("ip", ["netns", "del", namespace]);
  spawnSync("ip", ["netns", "del", far]);
}
console.log(
  `seed ${values.seed}: ${cases} rule sets with ${values.packets} packets each, ${differences} differences`,
);
process.exitCode = differences === 0 ? 0 : 1;
