/**
 * Random small labs: hosts around a router whose ports are bridged or routed, sysctls and rules as
 * people set them, then traffic and changes of addresses, routes, neighbours and links.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import { NetLabDice } from "./net-lab-dice.ts";
import { randomRules, randomSysctl } from "./net-lab-rules.ts";
import { randomChange, randomNetcat, randomPing, runStep } from "./net-lab-steps.ts";

const BRIDGE = "br0";

/** Makes one lab. */
export class NetLabGrammar {
  readonly #dice: NetLabDice;
  readonly #setup = new Map<string, string[]>();
  readonly #links: string[] = [];
  readonly #processes: string[] = [];
  readonly #steps: string[] = [];
  #listeners = 0;

  constructor(random: RandomStream) {
    this.#dice = new NetLabDice(random);
  }

  /** The lab as YAML. */
  lab(name: string): string {
    this.#makeHosts();
    this.#sysctls();
    if (this.#dice.chance(75)) this.#rules();
    this.#servers();
    const count = 4 + this.#dice.below(6);
    for (let index = 0; index < count; index += 1) this.#step();
    this.#inspect();
    return this.#text(name);
  }

  #do(node: string, command: string): void {
    const commands = this.#setup.get(node) ?? [];
    commands.push(command);
    this.#setup.set(node, commands);
  }

  #makeHosts(): void {
    const count = 2 + this.#dice.below(3);
    const bridged = this.#dice.chance(60) ? 2 + this.#dice.below(count - 1) : 0;
    const bridgeAddressed = bridged < count || this.#dice.chance(70);
    if (bridged > 0) {
      this.#do("r", `ip link add ${BRIDGE} address 02:00:00:00:00:fe type bridge`);
      if (this.#dice.chance(20)) this.#do("r", `ip link set ${BRIDGE} type bridge ageing_time 200`);
      if (bridgeAddressed) this.#do("r", `ip addr add 10.0.0.1/24 dev ${BRIDGE}`);
      // Else its captures show checksums that are still to be computed.
      this.#do("r", `ethtool -K ${BRIDGE} tx off`);
      this.#do("r", `ip link set ${BRIDGE} up`);
    }
    const prefix = this.#dice.pick(24, 24, 28, 30, 16);
    for (let index = 0; index < count; index += 1) {
      const isBridged = index < bridged;
      this.#addHost(index, isBridged, isBridged ? 24 : prefix);
    }
  }

  #addHost(index: number, isBridged: boolean, prefix: number): void {
    const name = `h${index + 1}`;
    const port = `p${index + 1}`;
    const network = isBridged ? "10.0.0" : `10.${index + 1}.0`;
    const address = isBridged ? `10.0.0.${index + 2}` : `${network}.2`;
    const gatewayDevice = isBridged ? BRIDGE : port;
    this.#dice.hosts.push({ name, port, gatewayDevice, network, address, prefix });
    const mtu = this.#dice.chance(15) ? `, mtu: ${this.#dice.pick(1400, 1280, 576)}` : "";
    this.#links.push(`{ endpoints: ["${name}:eth0", "r:${port}"]${mtu} }`);
    if (isBridged) this.#do("r", `ip link set ${port} master ${BRIDGE} up`);
    else {
      this.#do("r", `ip addr add ${network}.1/${prefix} dev ${port}`);
      this.#do("r", `ip link set ${port} up`);
    }
    if (isBridged && this.#dice.chance(20)) this.#do("r", `bridge link set dev ${port} hairpin on`);
    const own = this.#dice.chance(15) ? 8 : prefix;
    this.#do(name, `ip addr add ${address}/${own} dev eth0`);
    if (this.#dice.chance(20)) this.#do(name, `ip addr add ${network}.9/24 dev eth0`);
    this.#do(name, "ip link set eth0 up");
    if (!this.#dice.chance(90)) return;
    const gateway = `${network}.1`;
    const extra = this.#dice.pick(
      "",
      "",
      "",
      "",
      " src 192.168.7.7",
      " mtu 1300",
      " mtu lock 1200",
    );
    if (extra.includes("src")) this.#do(name, "ip addr add 192.168.7.7/32 dev lo");
    this.#do(name, `ip route add default via ${gateway}${extra}`);
  }

  #sysctls(): void {
    if (this.#dice.chance(92)) this.#do("r", "sysctl -w net.ipv4.ip_forward=1");
    const count = this.#dice.below(4);
    for (let index = 0; index < count; index += 1) {
      const isRouter = this.#dice.chance(60);
      const host = this.#dice.host();
      const device = this.#dice.pick(
        "all",
        "all",
        "default",
        isRouter ? host.gatewayDevice : "eth0",
      );
      this.#do(isRouter ? "r" : host.name, `sysctl -w ${randomSysctl(this.#dice, device)}`);
    }
    if (this.#dice.chance(40)) {
      this.#do("r", `sysctl -w net.bridge.bridge-nf-call-iptables=${this.#dice.below(2)}`);
    }
  }

  #rules(): void {
    const count = 1 + this.#dice.below(4);
    for (let index = 0; index < count; index += 1) {
      for (const rule of randomRules(this.#dice)) this.#do("r", `iptables ${rule}`);
    }
  }

  #servers(): void {
    for (const host of this.#dice.hosts) {
      if (this.#dice.chance(60)) this.#server(host.name, "nc -l -k 8080");
      if (this.#dice.chance(60)) this.#server(host.name, "nc -u -l 9999");
    }
    if (this.#dice.chance(40)) this.#server("r", "nc -l -k 8080");
  }

  #server(node: string, command: string): void {
    this.#listeners += 1;
    this.#processes.push(`{ name: s${this.#listeners}, on: ${node}, run: ${command} }`);
  }

  #run(node: string, command: string): void {
    this.#steps.push(runStep(node, command));
  }

  #step(): void {
    const kind = this.#dice.below(100);
    if (kind < 40) this.#steps.push(randomPing(this.#dice));
    else if (kind < 62) this.#steps.push(randomNetcat(this.#dice));
    else if (kind < 90) this.#steps.push(...randomChange(this.#dice));
    else if (kind < 95)
      this.#run(this.#dice.host().name, `ip route get ${this.#dice.target(this.#dice.host())}`);
    else this.#steps.push(`{ wait: ${this.#dice.pick("1s", "3s", "6s")} }`);
  }

  /** What everybody knows at the end. */
  #inspect(): void {
    // Neighbours that do not answer are given up by then.
    this.#steps.push("{ wait: 2s }");
    for (const { name } of this.#dice.hosts) this.#look(name, "ip route", "ip neigh");
    this.#look("r", "ip addr", "ip route", "ip neigh", "conntrack -L", "iptables-save -c");
  }

  #look(node: string, ...commands: readonly string[]): void {
    for (const command of commands) this.#run(node, command);
  }

  #text(name: string): string {
    const nodes = ["r", ...this.#dice.hosts.map((host) => host.name)];
    const lines = [`name: ${name}`, "seed: 1", "topology:"];
    lines.push(`  nodes: { ${nodes.map((node) => `${node}: `).join(", ")} }`, "  links:");
    for (const link of this.#links) lines.push(`    - ${link}`);
    lines.push("  setup:");
    for (const [node, commands] of this.#setup) {
      lines.push(`    ${node}:`, ...commands.map((command) => `      - ${command}`));
    }
    if (this.#processes.length > 0) lines.push("processes:");
    for (const process of this.#processes) lines.push(`  - ${process}`);
    lines.push("steps:", ...this.#steps.map((step) => `  - ${step}`));
    return `${lines.join("\n")}\n`;
  }
}
