/**
 * Random small labs: hosts around a router whose ports are bridged or routed, sysctls and rules as
 * people set them, then traffic and changes of addresses, routes, neighbours and links.
 */
import type { RandomStream } from "../../lib/sim/random.ts";

/** A host behind a port of the router. */
interface Host {
  readonly name: string;
  /** The router's port. */
  readonly port: string;
  /** The router's device in the host's network: the port or the bridge. */
  readonly gatewayDevice: string;
  readonly network: string;
  readonly address: string;
  readonly prefix: number;
}

const SERVICE = "10.96.0.10";
const BRIDGE = "br0";

/** Makes one lab. */
export class NetLabGrammar {
  readonly #random: RandomStream;
  readonly #setup = new Map<string, string[]>();
  readonly #links: string[] = [];
  readonly #processes: string[] = [];
  readonly #steps: string[] = [];
  readonly #hosts: Host[] = [];
  #listeners = 0;

  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** The lab as YAML. */
  lab(name: string): string {
    this.#makeHosts();
    this.#sysctls();
    if (this.#chance(75)) this.#rules();
    this.#servers();
    const count = 4 + this.#random.below(6);
    for (let index = 0; index < count; index += 1) this.#step();
    this.#inspect();
    return this.#text(name);
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  #pick<T>(...items: readonly [T, ...T[]]): T {
    return items[this.#random.below(items.length)] ?? items[0];
  }

  #host(): Host {
    const [first] = this.#hosts;
    const host = this.#hosts[this.#random.below(this.#hosts.length)] ?? first;
    if (host === undefined) throw new Error("no host");
    return host;
  }

  /** Another host than `one`. */
  #other(one: Host): Host {
    const others = this.#hosts.filter((host) => host !== one);
    return others[this.#random.below(others.length)] ?? one;
  }

  #do(node: string, command: string): void {
    const commands = this.#setup.get(node) ?? [];
    commands.push(command);
    this.#setup.set(node, commands);
  }

  #makeHosts(): void {
    const count = 2 + this.#random.below(3);
    const bridged = this.#chance(60) ? 2 + this.#random.below(count - 1) : 0;
    const bridgeAddressed = bridged < count || this.#chance(70);
    if (bridged > 0) {
      this.#do("r", `ip link add ${BRIDGE} address 02:00:00:00:00:fe type bridge`);
      if (this.#chance(20)) this.#do("r", `ip link set ${BRIDGE} type bridge ageing_time 200`);
      if (bridgeAddressed) this.#do("r", `ip addr add 10.0.0.1/24 dev ${BRIDGE}`);
      // Else its captures show checksums that are still to be computed.
      this.#do("r", `ethtool -K ${BRIDGE} tx off`);
      this.#do("r", `ip link set ${BRIDGE} up`);
    }
    const prefix = this.#pick(24, 24, 28, 30, 16);
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
    this.#hosts.push({ name, port, gatewayDevice, network, address, prefix });
    const mtu = this.#chance(15) ? `, mtu: ${this.#pick(1400, 1280, 576)}` : "";
    this.#links.push(`{ endpoints: ["${name}:eth0", "r:${port}"]${mtu} }`);
    if (isBridged) this.#do("r", `ip link set ${port} master ${BRIDGE} up`);
    else {
      this.#do("r", `ip addr add ${network}.1/${prefix} dev ${port}`);
      this.#do("r", `ip link set ${port} up`);
    }
    if (isBridged && this.#chance(20)) this.#do("r", `bridge link set dev ${port} hairpin on`);
    const own = this.#chance(15) ? 8 : prefix;
    this.#do(name, `ip addr add ${address}/${own} dev eth0`);
    if (this.#chance(20)) this.#do(name, `ip addr add ${network}.9/24 dev eth0`);
    this.#do(name, "ip link set eth0 up");
    if (!this.#chance(90)) return;
    const gateway = `${network}.1`;
    const extra = this.#pick("", "", "", "", " src 192.168.7.7", " mtu 1300", " mtu lock 1200");
    if (extra.includes("src")) this.#do(name, "ip addr add 192.168.7.7/32 dev lo");
    this.#do(name, `ip route add default via ${gateway}${extra}`);
  }

  #sysctls(): void {
    if (this.#chance(92)) this.#do("r", "sysctl -w net.ipv4.ip_forward=1");
    const count = this.#random.below(4);
    for (let index = 0; index < count; index += 1) {
      const isRouter = this.#chance(60);
      const host = this.#host();
      const device = this.#pick("all", "all", "default", isRouter ? host.gatewayDevice : "eth0");
      this.#do(isRouter ? "r" : host.name, `sysctl -w ${this.#sysctl(device)}`);
    }
    if (this.#chance(40)) {
      this.#do("r", `sysctl -w net.bridge.bridge-nf-call-iptables=${this.#random.below(2)}`);
    }
  }

  #sysctl(device: string): string {
    const conf = `net.ipv4.conf.${device}`;
    return this.#pick(
      `${conf}.rp_filter=${this.#random.below(3)}`,
      `${conf}.arp_ignore=${this.#pick(0, 1, 2, 8)}`,
      `${conf}.arp_announce=${this.#random.below(3)}`,
      `${conf}.arp_filter=1`,
      `${conf}.accept_redirects=${this.#random.below(2)}`,
      `${conf}.send_redirects=${this.#random.below(2)}`,
      `${conf}.secure_redirects=0`,
      `${conf}.shared_media=0`,
      `${conf}.proxy_arp=1`,
      `${conf}.arp_notify=1`,
      `${conf}.arp_accept=1`,
      `${conf}.route_localnet=1`,
      `${conf}.accept_local=1`,
      `${conf}.forwarding=0`,
      `${conf}.promote_secondaries=1`,
      `${conf}.drop_unicast_in_l2_multicast=1`,
      "net.ipv4.icmp_echo_ignore_all=1",
      "net.ipv4.icmp_echo_ignore_broadcasts=0",
      `net.ipv4.ip_default_ttl=${this.#pick(1, 2, 33, 255)}`,
      `net.ipv4.ip_no_pmtu_disc=${this.#pick(1, 2, 3)}`,
      "net.ipv4.icmp_errors_use_inbound_ifaddr=1",
      "net.ipv4.ip_forward_use_pmtu=1",
      "net.ipv4.ip_forward_update_priority=0",
      "net.ipv4.fwmark_reflect=1",
      `net.ipv4.icmp_ratelimit=${this.#pick(0, 1000, 50)}`,
    );
  }

  #rules(): void {
    const count = 1 + this.#random.below(4);
    for (let index = 0; index < count; index += 1) {
      for (const rule of this.#rule()) this.#do("r", `iptables ${rule}`);
    }
  }

  #rule(): readonly string[] {
    const host = this.#host();
    const other = this.#other(host);
    const proto = this.#pick("tcp", "udp");
    const port = this.#pick(80, 9999);
    const backend = `${other.address}:${proto === "tcp" ? 8080 : 9999}`;
    const service = `-d ${SERVICE}/32 -p ${proto} --dport ${port}`;
    return this.#pick<readonly string[]>(
      [`-t nat -A PREROUTING ${service} -j DNAT --to-destination ${backend}`],
      [
        `-t nat -A PREROUTING ${service} -j DNAT --to-destination ${backend}`,
        "-t nat -A POSTROUTING -j MASQUERADE",
      ],
      [`-t nat -A OUTPUT ${service} -j DNAT --to-destination ${backend}`],
      [
        `-t nat -A PREROUTING ${service} -m statistic --mode nth --every 2 --packet 0 -j DNAT --to-destination ${backend}`,
        `-t nat -A PREROUTING ${service} -j DNAT --to-destination ${host.address}:8080`,
      ],
      [`-t nat -A PREROUTING -d ${SERVICE}/32 -j DNAT --to-destination ${other.address}`],
      [`-t nat -A POSTROUTING -s ${host.address} -j SNAT --to-source 172.16.0.9`],
      [`-t nat -A POSTROUTING -o ${other.gatewayDevice} -j MASQUERADE`],
      [`-t nat -A POSTROUTING -s ${host.address}/32 -d ${other.address}/32 -j MASQUERADE`],
      ["-t nat -A PREROUTING -p udp --dport 9999 -j REDIRECT"],
      ["-t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080"],
      [`-A FORWARD -s ${host.address} -d ${other.address} -j ${this.#reject()}`],
      [`-A INPUT -p ${this.#pick("icmp", "udp", "tcp")} -j ${this.#reject()}`],
      [`-A OUTPUT -d ${host.address} -j ${this.#reject()}`],
      ["-A FORWARD -m conntrack --ctstate INVALID -j DROP"],
      [
        "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        `-A FORWARD -s ${host.address} -j ACCEPT`,
        "-P FORWARD DROP",
      ],
      ["-t raw -A PREROUTING -p icmp -j NOTRACK"],
      [`-t raw -A PREROUTING -s ${host.address} -j CT --notrack`],
      ["-t mangle -A PREROUTING -p icmp -j TTL --ttl-set 2"],
      [`-t mangle -A FORWARD -d ${host.address} -j TTL --ttl-inc 3`],
      ["-t mangle -A POSTROUTING -p icmp -j TOS --set-tos 0x10/0xff"],
      ["-t mangle -A PREROUTING -j MARK --set-mark 0x4000", "-A FORWARD -m mark --mark 0x4000"],
      ["-A FORWARD -p icmp -m length --length 1000:65535 -j DROP"],
      ["-A FORWARD -p icmp -m limit --limit 1/sec --limit-burst 2 -j ACCEPT", "-P FORWARD DROP"],
      ["-A FORWARD -f -j DROP"],
      [`-A FORWARD -m physdev --physdev-in ${host.port} -j ACCEPT`],
      [
        "-A FORWARD -p icmp -m recent --name seen --set",
        "-A FORWARD -m recent --name seen --rcheck -j DROP",
      ],
      [
        `-t nat -A PREROUTING ${service} -m recent --name one --rcheck --seconds 60 --reap -j DNAT --to-destination ${backend}`,
        `-t nat -A PREROUTING ${service} -m recent --name one --set -j DNAT --to-destination ${backend}`,
      ],
    );
  }

  #reject(): string {
    return this.#pick(
      "DROP",
      "REJECT",
      "REJECT --reject-with icmp-host-prohibited",
      "REJECT --reject-with icmp-admin-prohibited",
      "REJECT --reject-with icmp-net-unreachable",
    );
  }

  #servers(): void {
    for (const host of this.#hosts) {
      if (this.#chance(60)) this.#server(host.name, "nc -l -k 8080");
      if (this.#chance(60)) this.#server(host.name, "nc -u -l 9999");
    }
    if (this.#chance(40)) this.#server("r", "nc -l -k 8080");
  }

  #server(node: string, command: string): void {
    this.#listeners += 1;
    this.#processes.push(`{ name: s${this.#listeners}, on: ${node}, run: ${command} }`);
  }

  #run(node: string, command: string): void {
    this.#steps.push(`{ on: ${node}, run: "${command}" }`);
  }

  #step(): void {
    const kind = this.#random.below(100);
    if (kind < 40) this.#ping();
    else if (kind < 62) this.#netcat();
    else if (kind < 90) this.#change();
    else if (kind < 95) this.#run(this.#host().name, `ip route get ${this.#target(this.#host())}`);
    else this.#steps.push(`{ wait: ${this.#pick("1s", "3s", "6s")} }`);
  }

  #target(from: Host): string {
    const other = this.#other(from);
    return this.#pick(
      other.address,
      other.address,
      other.address,
      other.address,
      `${from.network}.1`,
      `${other.network}.1`,
      `${other.network}.9`,
      SERVICE,
      SERVICE,
      "192.168.7.7",
      "172.16.0.9",
      `${from.network}.77`,
    );
  }

  #ping(): void {
    const from = this.#host();
    const node = this.#chance(15) ? "r" : from.name;
    if (this.#chance(8)) {
      this.#run(node, `ping -b -c 1 -W 1.4 ${from.network}.255`);
      return;
    }
    const count = this.#pick("1", "1", "2", "3");
    const size = this.#pick(
      "",
      "",
      "",
      "-s 1372 ",
      "-s 1472 ",
      "-s 1473 ",
      "-s 3000 ",
      "-s 0 ",
      "-s 1200 ",
    );
    const discover = this.#pick("", "", "", "-M do ", "-M dont ", "-M want ");
    const ttl = this.#pick("", "", "", "", "-t 1 ", "-t 2 ");
    const tos = this.#chance(10) ? "-Q 0x10 " : "";
    const pace = count === "1" ? "" : this.#pick("-i 0.2 ", "-i 0.5 ");
    this.#run(
      node,
      `ping -c ${count} ${pace}-W 1.4 ${size}${discover}${ttl}${tos}${this.#target(from)}`,
    );
  }

  #netcat(): void {
    const from = this.#host();
    const target = this.#target(from);
    const long = this.#chance(15);
    const say = long ? "head -c 2500 /dev/zero" : "printf hello";
    const node = this.#chance(12) ? "r" : from.name;
    if (this.#chance(50))
      this.#run(node, `${say} | timeout 1.4 nc -u ${target} ${this.#pick(9999, 9999, 80)}`);
    else this.#run(node, `${say} | timeout 2.4 nc -N ${target} ${this.#pick(8080, 8080, 80)}`);
  }

  #change(): void {
    const host = this.#host();
    const other = this.#other(host);
    const { network, port } = host;
    this.#pick<() => void>(
      () => this.#run(host.name, `ip neigh flush dev eth0`),
      () => this.#run("r", `ip neigh flush dev ${host.gatewayDevice}`),
      () => this.#run(host.name, `ip neigh replace ${network}.1 lladdr 02:00:00:00:0b:ad dev eth0`),
      () =>
        this.#run(
          host.name,
          `ip neigh replace ${network}.77 lladdr 02:00:00:00:0b:ad dev eth0 nud stale`,
        ),
      () => this.#run(host.name, `ip route replace ${other.address} via ${network}.1`),
      () => this.#run(host.name, `ip route add ${other.address} dev eth0`),
      () =>
        this.#run(
          host.name,
          `ip route replace ${this.#pick("unreachable", "blackhole", "prohibit", "throw")} ${other.address}`,
        ),
      () =>
        this.#run(
          "r",
          `ip route add ${this.#pick("unreachable", "blackhole", "prohibit")} ${host.address}`,
        ),
      () => this.#run("r", `ip route del ${host.address}`),
      () => this.#run("r", `ip route replace ${SERVICE} via ${host.address}`),
      () => this.#run("r", `ip route flush cache`),
      () => this.#run(host.name, `ip addr del ${host.address}/${host.prefix} dev eth0`),
      () => this.#run(host.name, `ip addr add ${host.address}/${host.prefix} dev eth0`),
      () => this.#run(host.name, `ip addr add ${network}.77/24 dev eth0`),
      () => this.#run(host.name, "ip link set eth0 address 02:00:00:00:00:99"),
      () => this.#run(host.name, "ip link set eth0 mtu 1280"),
      () => this.#run("r", `ip link set ${port} mtu 1300`),
      () => {
        const end = this.#pick(`${host.name}:eth0`, `r:${port}`);
        this.#steps.push(`{ down: "${end}" }`);
        if (this.#chance(30)) this.#run(other.name, `ping -c 1 -W 1.4 ${host.address}`);
        this.#steps.push(`{ up: "${end}" }`);
      },
      () => this.#run("r", "conntrack -F"),
      () => this.#run("r", "conntrack -D -p udp"),
      () => this.#run("r", "iptables -t nat -F"),
      () => this.#run("r", "iptables -F FORWARD"),
      () => this.#run(host.name, "sysctl -w net.ipv4.ip_forward=1"),
      () => this.#run(host.name, "ip neigh"),
      () => this.#run("r", "ip neigh"),
    )();
  }

  /** What everybody knows at the end. */
  #inspect(): void {
    // Neighbours that do not answer are given up by then.
    this.#steps.push("{ wait: 2s }");
    for (const { name } of this.#hosts) this.#look(name, "ip route", "ip neigh");
    this.#look("r", "ip addr", "ip route", "ip neigh", "conntrack -L", "iptables-save -c");
  }

  #look(node: string, ...commands: readonly string[]): void {
    for (const command of commands) this.#run(node, command);
  }

  #text(name: string): string {
    const nodes = ["r", ...this.#hosts.map((host) => host.name)];
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
