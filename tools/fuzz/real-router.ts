/**
 * The router of `fake-router.ts` on the real kernel: two cables, static neighbours, and a program
 * that puts packets in and reads what comes out.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { packageFile } from "../package-files.ts";
import type { Emitted, Side } from "./fake-router.ts";

const SCRIPT = packageFile("tools/fuzz/inject.py");
const SIDES = [
  ["va", "10.1.0"],
  ["vb", "10.2.0"],
] as const;
/** What both routers start with. */
const SYSCTLS = [
  "net.ipv6.conf.all.disable_ipv6=1",
  "net.ipv4.ip_forward=1",
  "net.ipv4.icmp_ratelimit=0",
  ...["all", "va", "vb"].flatMap((device) => [
    `net.ipv4.conf.${device}.rp_filter=0`,
    `net.ipv4.conf.${device}.send_redirects=0`,
    `net.ipv4.conf.${device}.log_martians=0`,
  ]),
];

/** What a command of the router printed, or why it failed. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The router; `close` takes its namespaces away. */
export class RealRouter {
  readonly #name: string;
  readonly #injector: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  /** `name` is the name of its namespace; the far ends of the cables are in `NAMEf`. */
  constructor(name: string) {
    this.#name = name;
    this.#setUp();
    this.#injector = spawn("nsenter", [`--net=/run/netns/${name}`, "python3", SCRIPT, this.#far], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#injector.stdout })[Symbol.asyncIterator]();
  }

  get #far(): string {
    return `${this.#name}f`;
  }

  #setUp(): void {
    const ip: string[] = [`netns add ${this.#name}`, `netns add ${this.#far}`];
    const there = `-n ${this.#far}`;
    const here = `-n ${this.#name}`;
    for (const [device, network] of SIDES) {
      const side = device.slice(1);
      const peer = `02:00:00:00:00:f${side}`;
      const mac = `02:00:00:00:00:0${side}`;
      ip.push(
        `${here} link add ${device} address ${mac} type veth peer ${device} netns ${this.#far}`,
      );
      ip.push(`${there} link set ${device} address ${peer} up`);
      ip.push(`${here} link set ${device} up`, `${here} addr add ${network}.1/16 dev ${device}`);
      for (let host = 2; host < 9; host += 1) {
        ip.push(`${here} neigh add ${network}.${host} lladdr ${peer} dev ${device}`);
      }
    }
    ip.push(`${here} link set lo up`, `${here} route add default via 10.2.0.2`);
    for (const command of ip) check("ip", command.split(" "));
    check("nsenter", [`--net=/run/netns/${this.#name}`, "sysctl", "-qw", ...SYSCTLS]);
    const deaf = SIDES.map(([device]) => `net.ipv4.conf.${device}.arp_ignore=8`);
    const quiet = ["net.ipv6.conf.all.disable_ipv6=1", ...deaf];
    check("nsenter", [`--net=/run/netns/${this.#far}`, "sysctl", "-qw", ...quiet]);
  }

  /** Runs a command on the router. */
  run(command: string, args: readonly string[] = [], input = ""): CommandResult {
    return spawnSync("nsenter", [`--net=/run/netns/${this.#name}`, command, ...args], {
      input,
      encoding: "utf8",
    });
  }

  /** Puts a packet in; returns what comes out. `expected`: how many packets to wait for. */
  async inject(side: Side, packet: Uint8Array, expected: number): Promise<Emitted[]> {
    const lines = await this.#ask(`${side} ${Buffer.from(packet).toString("hex")} ${expected}`);
    return lines.map((line) => {
      const [out = "", bytes = ""] = line.split(" ");
      return { side: out as Side, bytes: Buffer.from(bytes, "hex") };
    });
  }

  /** The lines of /proc/net/nf_conntrack. */
  connections(): Promise<string[]> {
    return this.#ask("connections");
  }

  /** Sets a sysctl. */
  async sysctl(name: string, value: number): Promise<void> {
    await this.#ask(`sysctl ${name} ${value}`);
  }

  async #ask(command: string): Promise<string[]> {
    this.#injector.stdin.write(`${command}\n`);
    const lines: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`the injector ended at: ${command}`);
      if (value === ".") return lines;
      lines.push(value);
    }
  }

  /** Ends the program and takes the namespaces away. */
  close(): void {
    this.#injector.stdin.end();
    for (const name of [this.#name, this.#far]) spawnSync("ip", ["netns", "del", name]);
  }
}

function check(command: string, args: readonly string[]): void {
  const result = spawnSync(command, args, { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${result.stderr}`);
}
