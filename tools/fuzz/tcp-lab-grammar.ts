/**
 * Random small labs of one TCP connection: two hosts, sometimes a router or a bridge between them,
 * a line that delays, loses, doubles or holds back a few frames, and a script on each side. Both
 * scripts end whatever the other does, so that a lab always ends.
 */
import { RandomStream } from "../../lib/sim/random.ts";

const SIZES = [1, 10, 100, 500, 536, 1000, 1448, 1460, 2000, 2896, 4000, 5000, 8000, 14480, 20000];
const LARGE_SIZES = [30000, 50000];
const PAUSES = ["5ms", "20ms", "35ms", "60ms", "100ms", "150ms", "250ms", "450ms", "1100ms"];
const DELAYS = ["3ms", "5ms", "10ms", "20ms", "40ms", "100ms"];
const LATER = ["3ms", "8ms", "15ms", "30ms", "70ms", "250ms"];
const MTUS = [576, 1000, 1280, 1400, 1492];
const SWITCHES = [
  ["net.ipv4.tcp_timestamps", 0],
  ["net.ipv4.tcp_sack", 0],
  ["net.ipv4.tcp_window_scaling", 0],
  ["net.ipv4.tcp_ecn", 1],
  ["net.ipv4.tcp_dsack", 0],
  ["net.ipv4.tcp_early_retrans", 0],
  ["net.ipv4.tcp_recovery", 0],
  ["net.ipv4.tcp_slow_start_after_idle", 0],
  ["net.ipv4.tcp_moderate_rcvbuf", 0],
  ["net.ipv4.tcp_no_metrics_save", 1],
  ["net.ipv4.tcp_retries2", 3],
  ["net.ipv4.tcp_autocorking", 0],
] as const;
const SERVER_OPTIONS = ["rcvbuf", "sndbuf", "maxseg", "keepalive", "nodelay"];
const CLIENT_OPTIONS = [...SERVER_OPTIONS, "user_timeout"];
const LATER_OPTIONS = ["nodelay", "cork", "quickack", "rcvbuf", "sndbuf", "linger", "keepalive"];

/** The lab of a seed, as its file's text. */
export function randomTcpLab(seed: number): string {
  return new TcpLabGrammar(new RandomStream(seed, "tcp-labs")).lab(seed);
}

class TcpLabGrammar {
  readonly #random: RandomStream;

  constructor(random: RandomStream) {
    this.#random = random;
  }

  lab(seed: number): string {
    const shape = this.#topology();
    const [client, server] = this.#scripts();
    return `name: tcp-${seed}
seed: ${seed}
${shape}
processes:
  - { name: server, on: h2, run: "timeout 30 script '${server}'" }
steps:
  - { on: h1, run: "timeout 3 script 'connect 10.0.2.2 8080; ${client}'" }
  - { wait: 700ms }
`.replace("script 'connect", this.#clientOptions());
  }

  #topology(): string {
    const nodes = ["h1", "h2"].map((name) => `${name}: ${this.#switches()}`).join(", ");
    const mtu = this.#chance(0.2) ? `, mtu: ${this.#pick(MTUS)}` : "";
    if (this.#chance(0.15)) return ROUTED(nodes, mtu, this.#line("r:eth1", "h2:eth0"));
    if (this.#chance(0.1)) return BRIDGED(nodes, mtu, this.#line("sw:p2", "h2:eth0"));
    return DIRECT(nodes, mtu, this.#line("h1:eth0", "h2:eth0"));
  }

  #switches(): string {
    if (!this.#chance(0.12)) return "";
    const [name, value] = this.#pick(SWITCHES);
    return `{ sysctls: { ${name}: ${value} } }`;
  }

  /** The part of a link that impairs it. */
  #line(one: string, other: string): string {
    if (this.#chance(0.15)) return "";
    const delay = this.#pick(DELAYS);
    const from = [one, other]
      .map((end) => `"${end}": { ${this.#direction(delay)} }`)
      .filter((text) => !text.endsWith("{  }"));
    return `, delay: ${delay}${from.length > 0 ? `, from: { ${from.join(", ")} }` : ""}`;
  }

  #direction(delay: string): string {
    const faults: string[] = [];
    if (this.#chance(0.4)) faults.push(`loss: { frames: [${this.#frames()}] }`);
    if (this.#chance(0.1)) faults.push(`duplicate: { frames: [${this.#frames()}] }`);
    if (this.#chance(0.2)) {
      const later = `${2 + this.#random.below(12)}: ${this.#pick(LATER)}`;
      faults.push(`delay: { time: ${delay}, frames: { ${later} } }`);
    } else if (faults.length > 0) faults.push(`delay: ${delay}`);
    return faults.join(", ");
  }

  /** Numbers of one to three frames; the first frame of a direction is mostly ARP. */
  #frames(): string {
    const numbers = new Set<number>();
    const count = this.#chance(0.6) ? 1 : 1 + this.#random.below(3);
    for (let index = 0; index < count; index += 1) numbers.add(2 + this.#random.below(14));
    return [...numbers].sort((a, b) => a - b).join(", ");
  }

  #clientOptions(): string {
    return `script '${this.#options(CLIENT_OPTIONS, 0.25)}connect`;
  }

  #scripts(): [client: string, server: string] {
    const turns = 1 + this.#random.below(4);
    const sides: [string[], string[]] = [[], []];
    for (let turn = 0; turn < turns; turn += 1) this.#turn(sides);
    const [client, server] = sides.map((steps) => [...steps, this.#end()].join("; "));
    return [
      client ?? "",
      `${this.#options(SERVER_OPTIONS, 0.25)}listen 8080; accept; ${server ?? ""}`,
    ];
  }

  /** One exchange: one side sends, in one or more pieces, and the other one reads in its way. */
  #turn(sides: [string[], string[]]): void {
    const [from, to] = this.#chance(0.65) ? sides : [sides[1], sides[0]];
    let total = 0;
    if (this.#chance(0.2)) from.push(this.#laterOption());
    const pieces = this.#chance(0.5) ? 1 : 1 + this.#random.below(5);
    for (let piece = 0; piece < pieces; piece += 1) {
      const size = this.#chance(0.12) ? this.#pick(LARGE_SIZES) : this.#pick(SIZES);
      from.push(`send ${size}`);
      total += size;
      if (this.#chance(0.4)) from.push(`sleep ${this.#pick(PAUSES)}`);
    }
    if (this.#chance(0.2)) to.push(this.#laterOption());
    this.#reader(to, total);
  }

  #reader(to: string[], total: number): void {
    if (this.#chance(0.25)) to.push(`sleep ${this.#pick(PAUSES)}`);
    if (this.#chance(0.6)) {
      to.push(`recv ${total}`);
      return;
    }
    const reads = 1 + this.#random.below(4);
    for (let read = 0; read < reads; read += 1) {
      to.push(`read ${this.#pick([...SIZES, 65536])}`);
      if (this.#chance(0.5)) to.push(`sleep ${this.#pick(PAUSES)}`);
    }
    if (this.#chance(0.5)) to.push(`recv ${total}`);
  }

  #end(): string {
    switch (this.#random.below(8)) {
      case 0:
        return "shutdown write; recv; close";
      case 1:
        return `sleep ${this.#pick(PAUSES)}; close`;
      case 2:
        return "set linger 0; close";
      case 3:
        return `shutdown ${this.#pick(["read", "write", "both"])}; sleep 100ms; close`;
      case 4:
      case 5:
        return "recv; close";
      default:
        return "close";
    }
  }

  #options(names: readonly string[], share: number): string {
    return this.#chance(share) ? `${this.#setting(this.#pick(names))}; ` : "";
  }

  #laterOption(): string {
    return this.#setting(this.#pick(LATER_OPTIONS));
  }

  #setting(name: string): string {
    switch (name) {
      case "rcvbuf":
      case "sndbuf":
        return `set ${name} ${this.#pick([3000, 6000, 8000, 20000, 60000, 300000])}`;
      case "maxseg":
        return `set maxseg ${this.#pick([536, 1000, 1400])}`;
      case "user_timeout":
        return "set user_timeout 900";
      case "keepalive":
        return "set keepidle 1; set keepintvl 1; set keepalive 1";
      case "linger":
        return `set linger ${this.#pick([0, 1])}`;
      default:
        return `set ${name} ${this.#pick([0, 1, 1])}`;
    }
  }

  #chance(share: number): boolean {
    return this.#random.below(1000) < share * 1000;
  }

  #pick<T>(from: readonly T[]): T {
    const one = from[this.#random.below(from.length)];
    if (one === undefined) throw new RangeError("nothing to choose from");
    return one;
  }
}

const HOST = (name: string, address: string, route = ""): string =>
  `    ${name}: [ip addr add ${address} dev eth0, ip link set eth0 up${route}]`;

const DIRECT = (nodes: string, mtu: string, line: string): string => `topology:
  nodes: { ${nodes} }
  links:
    - { endpoints: ["h1:eth0", "h2:eth0"]${mtu}${line} }
  setup:
${HOST("h1", "10.0.2.1/24")}
${HOST("h2", "10.0.2.2/24")}`;

const ROUTED = (nodes: string, mtu: string, line: string): string => `topology:
  nodes: { ${nodes}, r: }
  links:
    - { endpoints: ["h1:eth0", "r:eth0"] }
    - { endpoints: ["r:eth1", "h2:eth0"]${mtu}${line} }
  setup:
    r:
      - ip addr add 10.0.1.1/24 dev eth0
      - ip addr add 10.0.2.1/24 dev eth1
      - ip link set eth0 up
      - ip link set eth1 up
      - sysctl -w net.ipv4.ip_forward=1
${HOST("h1", "10.0.1.2/24", ", ip route add default via 10.0.1.1")}
${HOST("h2", "10.0.2.2/24", ", ip route add default via 10.0.2.1")}`;

const BRIDGED = (nodes: string, mtu: string, line: string): string => `topology:
  nodes: { ${nodes}, sw: }
  links:
    - { endpoints: ["h1:eth0", "sw:p1"]${mtu} }
    - { endpoints: ["sw:p2", "h2:eth0"]${mtu}${line} }
  setup:
    sw:
      - ip link add br0 address 02:00:00:00:00:fe type bridge
      - ip link set br0 up
      - ip link set p1 master br0 up
      - ip link set p2 master br0 up
${HOST("h1", "10.0.2.1/24")}
${HOST("h2", "10.0.2.2/24")}`;
