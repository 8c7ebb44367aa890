/**
 * Random small clusters as labs: nodes, Pods, Services of all types and policies with endpoints in
 * all conditions, and clients everywhere. Nothing is asked where more than one endpoint could
 * answer, as both engines would have to throw the same dice.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import { type Client, ClusterServices, type ServiceScene } from "./cluster-services.ts";

/** A lab's files by name; `lab.yaml` is the lab. */
export type LabFiles = ReadonlyMap<string, string>;

type Server = "http" | "udp" | "none";

interface Pod extends Client {
  readonly ip: string;
  readonly server: Server;
}

/** How long a client waits: less than the second after which TCP tries again. */
const PATIENCE = "0.5";
/** How long after a change of objects everything is in place: the longest pause between syncs. */
const SYNCED = "{ wait: 2s }";
/** Servers take their time to close connections, and rules count that too. */
const CLOSED = "{ wait: 300ms }";
const UDP_CLIENT_PORTS = 41000;

/** Makes one lab. */
export class ClusterLabGrammar {
  readonly #random: RandomStream;
  readonly #nodes: string[] = [];
  readonly #pods: Pod[] = [];
  readonly #hosts: Client[] = [];
  readonly #steps: string[] = [];

  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** The lab and the objects beside it. */
  files(name: string): LabFiles {
    this.#makeMachines();
    const version = this.#pick("1.36", "1.36", "1.36", "1.30", "1.20");
    const services = new ClusterServices(this.#random, this.#scene(version));
    const files = new Map([["objects.yaml", services.text()]]);
    for (const host of this.#hosts) {
      for (const network of services.networks()) {
        this.#run(host, `ip route replace ${network} via ${this.#nodeAddress(this.#node())}`);
      }
    }
    this.#ask(services, 5 + this.#random.below(5));
    if (this.#chance(60)) {
      services.changeEndpoints();
      files.set("changed.yaml", services.text());
      this.#steps.push(CLOSED, "{ apply: changed.yaml }", SYNCED);
      this.#ask(services, 3 + this.#random.below(4));
    }
    this.#steps.push(CLOSED);
    for (const node of this.#nodes) this.#steps.push(`{ on: ${node}, run: iptables-save -c }`);
    files.set("lab.yaml", this.#text(name, version));
    return files;
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  #pick<T>(...items: readonly [T, ...T[]]): T {
    return items[this.#random.below(items.length)] ?? items[0];
  }

  #node(): number {
    return this.#random.below(this.#nodes.length);
  }

  #nodeAddress(node: number): string {
    return `172.18.0.${node + 2}`;
  }

  #makeMachines(): void {
    const nodes = 2 + this.#random.below(2);
    for (let index = 1; index <= nodes; index += 1) this.#nodes.push(`node${index}`);
    const pods = 2 + this.#random.below(5);
    for (let index = 1; index <= pods; index += 1) {
      const node = this.#node();
      const server: Server = index === 1 ? "http" : this.#pick("http", "http", "udp", "none");
      const ip = `10.244.${node}.${10 + index}`;
      this.#pods.push({ name: `p${index}`, kind: "pod", node, ip, server });
    }
    const hosts = 1 + this.#random.below(2);
    for (let index = 1; index <= hosts; index += 1) {
      this.#hosts.push({ name: `outside${index}`, kind: "outside", node: -1 });
    }
  }

  #scene(version: string): ServiceScene {
    const backends = this.#pods.flatMap(({ ip, node, server }) =>
      server === "none" ? [] : [{ ip, node, protocol: server === "http" ? "TCP" : "UDP" } as const],
    );
    return { version, nodes: this.#nodes.length, backends };
  }

  #clients(): Client[] {
    const nodes = this.#nodes.map((name, node): Client => ({ name, kind: "node", node }));
    return [...this.#pods, ...nodes, ...this.#hosts];
  }

  #ask(services: ClusterServices, count: number): void {
    const clients = this.#clients();
    for (let left = count; left > 0; left -= 1) {
      const client = clients[this.#random.below(clients.length)];
      const target = client === undefined ? null : services.target(client);
      if (client === undefined || target === null) continue;
      const { address, port, protocol } = target;
      if (protocol === "TCP") {
        this.#run(client, `curl -s -m ${PATIENCE} http://${address}:${port}/`);
        continue;
      }
      const own = UDP_CLIENT_PORTS + this.#random.below(2);
      const bind = this.#chance(50) ? `bind 0.0.0.0 ${own}; ` : "";
      const talk = `udp; ${bind}connect ${address} ${port}; send who; print 2`;
      this.#run(client, `timeout ${PATIENCE} script '${talk}'`);
    }
  }

  #run({ name }: Client, command: string): void {
    this.#steps.push(`{ on: ${name}, run: "${command}" }`);
  }

  #text(name: string, version: string): string {
    return [
      `name: ${name}`,
      "seed: 1",
      "cluster:",
      `  networking: { kubeProxyVersion: "${version}" }`,
      `  kubeProxy: ${this.#configuration(version)}`,
      `  nodes: [${this.#nodes.map((node) => `{ name: ${node} }`).join(", ")}]`,
      "  pods:",
      ...this.#pods.map((pod) => `    - ${podText(pod)}`),
      `  hosts: [${this.#hosts.map((host) => `{ name: ${host.name} }`).join(", ")}]`,
      "  objects: [objects.yaml]",
      "steps:",
      ...this.#steps.map((step) => `  - ${step}`),
      "",
    ].join("\n");
  }

  #configuration(version: string): string {
    const plain = ["{}", "{}", "{}"] as const;
    const always = [
      "{ iptables: { masqueradeAll: true } }",
      '{ clusterCIDR: "" }',
      "{ clusterCIDR: 10.244.0.0/24 }",
      "{ detectLocalMode: NodeCIDR }",
      '{ nodePortAddresses: ["172.18.0.0/16"] }',
      '{ nodePortAddresses: ["10.244.0.0/16", "127.0.0.0/8"] }',
      "{ iptables: { masqueradeBit: 3 } }",
    ] as const;
    const later = [
      "{ iptables: { localhostNodePorts: false } }",
      "{ detectLocalMode: BridgeInterface, detectLocal: { bridgeInterface: cni0 } }",
      "{ detectLocalMode: InterfaceNamePrefix, detectLocal: { interfaceNamePrefix: cni } }",
      "{ conntrack: { tcpBeLiberal: true } }",
    ];
    const newest = ["{ nodePortAddresses: [primary] }"];
    const more = version === "1.20" ? [] : version === "1.30" ? later : [...later, ...newest];
    return this.#pick(...plain, ...always, ...more);
  }
}

function podText({ name, node, ip, server }: Pod): string {
  const program = {
    http: `, run: "http-server --keep-alive --port 8080 --body ${name}"`,
    udp: `, run: "script 'udp; bind 0.0.0.0 5353; answer ${name}'"`,
    none: "",
  }[server];
  return `{ name: ${name}, node: node${node + 1}, ip: ${ip}${program} }`;
}
