/**
 * Random Services and EndpointSlices for a cluster lab, and which of their addresses a client can
 * be sent to without a choice among endpoints.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import {
  type Backend,
  type Conditions,
  clusterIp,
  type Endpoint,
  type Port,
  type Protocol,
  type Service,
  serviceObject,
} from "./service-model.ts";

/** Someone who asks. `node`: where it runs, from 0; -1 outside. */
export interface Client {
  readonly name: string;
  readonly kind: "pod" | "node" | "outside";
  readonly node: number;
}

/** The cluster that Services are for. */
export interface ServiceScene {
  /** kube-proxy's. */
  readonly version: string;
  readonly nodes: number;
  readonly backends: readonly Backend[];
}

/** Where a client is sent. */
export interface Target {
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
}

const READY: Conditions = { ready: true, serving: true, terminating: false };
const LAST_RESORT: Conditions = { ready: false, serving: true, terminating: true };
const UNUSABLE: readonly [Conditions, Conditions, Conditions] = [
  { ready: false, serving: false, terminating: true },
  { ready: false, serving: false, terminating: false },
  { ready: false, serving: true, terminating: false },
];
const SERVER_PORTS: Readonly<Record<Protocol, number>> = { TCP: 8080, UDP: 5353 };
/** Nobody listens there. */
const CLOSED_PORT = 9090;

/** The Services of one lab. */
export class ClusterServices {
  readonly #random: RandomStream;
  readonly #scene: ServiceScene;
  readonly #services: Service[] = [];

  constructor(random: RandomStream, scene: ServiceScene) {
    this.#random = random;
    this.#scene = scene;
    const count = 1 + random.below(4);
    for (let number = 1; number <= count; number += 1) this.#services.push(this.#service(number));
  }

  /** Draws all endpoints anew. */
  changeEndpoints(): void {
    for (const service of this.#services) {
      if (this.#chance(70)) service.endpoints = this.#endpoints(service.protocol);
    }
  }

  /** The objects, as JSON, which is YAML too. */
  text(): string {
    const objects = this.#services.flatMap((service) => [
      serviceObject(service),
      ...this.#slices(service),
    ]);
    return objects.map((one) => `${JSON.stringify(one)}\n`).join("---\n");
  }

  /** What hosts outside need routes to. */
  networks(): string[] {
    return ["10.96.0.0/16", "203.0.113.0/24", "198.51.100.0/24"];
  }

  /** Where to send a client so that at most one endpoint can answer; null: nowhere was found. */
  target(client: Client): Target | null {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const service = this.#one(this.#services);
      const { protocol } = service;
      const port = this.#one(service.ports);
      if (this.#chance(25)) {
        if (this.#most(service, service.internalLocal) > 1) continue;
        const known = this.#chance(85);
        return { address: clusterIp(service), port: known ? port.port : 81, protocol };
      }
      const place = this.#externalPlace(service, port, client);
      const onlyLocal = service.externalLocal && client.kind === "outside";
      if (place !== null && this.#most(service, onlyLocal) <= 1) return { ...place, protocol };
    }
    return null;
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  #pick<T>(...items: readonly [T, ...T[]]): T {
    return items[this.#random.below(items.length)] ?? items[0];
  }

  #one<T>(items: readonly T[]): T {
    const item = items[this.#random.below(items.length)];
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  }

  #service(number: number): Service {
    const protocols = [...new Set(this.#scene.backends.map(({ protocol }) => protocol))];
    const protocol = this.#one(protocols);
    const type = this.#pick("ClusterIP", "NodePort", "NodePort", "LoadBalancer");
    const externalIps = this.#chance(35)
      ? [this.#pick(`198.51.100.${number}`, `198.51.100.${number}`, "172.18.0.2")]
      : [];
    const external = type !== "ClusterIP" || externalIps.length > 0;
    const ingress =
      type === "LoadBalancer" && this.#chance(85)
        ? [{ ip: `203.0.113.${number}`, ipMode: this.#pick("VIP", "VIP", "VIP", "Proxy") }]
        : [];
    return {
      number,
      protocol,
      type,
      ports: this.#ports(number, protocol, type),
      internalLocal: this.#chance(30),
      externalLocal: external && this.#chance(45) && !this.#holdsPorts(),
      externalIps,
      ingress,
      more: { ...this.#affinity(), ...this.#ranges(type) },
      endpoints: this.#endpoints(protocol),
    };
  }

  /**
   * 1.20 holds node ports with sockets of its own, which answer what its rules let pass, as kubelet's
   * rule for what is to be dropped is not there. On the kernel there is no such process.
   */
  #holdsPorts(): boolean {
    return this.#scene.version === "1.20";
  }

  #ports(number: number, protocol: Protocol, type: Service["type"]): Port[] {
    const nodePort = type === "ClusterIP" ? 0 : 30000 + 10 * number;
    const target = SERVER_PORTS[protocol];
    if (this.#chance(70)) {
      return [{ name: "", port: 1000 + number, nodePort, targetPort: target }];
    }
    const second = nodePort === 0 ? 0 : nodePort + 1;
    return [
      { name: "main", port: 1000 + number, nodePort, targetPort: target },
      { name: "other", port: 2000 + number, nodePort: second, targetPort: CLOSED_PORT },
    ];
  }

  #affinity(): object {
    if (!this.#chance(25)) return {};
    return {
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: this.#pick(1, 600, 10800) } },
    };
  }

  #ranges(type: Service["type"]): object {
    if (type !== "LoadBalancer" || !this.#chance(50)) return {};
    const ranges = ["172.18.0.0/16", "172.18.0.100/32", "10.244.0.0/16", "192.0.2.0/24"];
    const range = this.#pick(...(ranges as [string]), "0.0.0.0/0");
    return { loadBalancerSourceRanges: this.#chance(30) ? [range, this.#one(ranges)] : [range] };
  }

  /** One that is ready, one of last resort, none at all, or one on each node, among unusable ones. */
  #endpoints(protocol: Protocol): Endpoint[] {
    const able = this.#scene.backends.filter((backend) => backend.protocol === protocol);
    const plan = this.#pick("one", "one", "one", "last resort", "none", "one a node");
    const chosen = this.#one(able);
    const served = new Set<number>();
    return able.flatMap((backend): Endpoint[] => {
      if (plan === "one a node" && !served.has(backend.node)) {
        served.add(backend.node);
        return [{ backend, ...(this.#chance(85) ? READY : LAST_RESORT) }];
      }
      if (backend === chosen && plan === "one") return [{ backend, ...READY }];
      if (backend === chosen && plan === "last resort") return [{ backend, ...LAST_RESORT }];
      if (plan === "one" && this.#chance(20)) return [{ backend, ...LAST_RESORT }];
      return this.#chance(60) ? [{ backend, ...this.#pick(...UNUSABLE) }] : [];
    });
  }

  #slices(service: Service): object[] {
    const { number, endpoints, ports, protocol } = service;
    const cut = this.#chance(25) ? this.#random.below(endpoints.length + 1) : endpoints.length;
    return [endpoints.slice(0, cut), endpoints.slice(cut)].map((part, index) => ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: `s${number}-${index + 1}`,
        namespace: "default",
        labels: { "kubernetes.io/service-name": `s${number}` },
      },
      addressType: "IPv4",
      ports: ports.map(({ name, targetPort }) => ({ name, port: targetPort, protocol })),
      endpoints: part.map(({ backend, ready, serving, terminating }) => ({
        addresses: [backend.ip],
        nodeName: `node${backend.node + 1}`,
        conditions: { ready, serving, terminating },
      })),
    }));
  }

  /** An address and port of the Service beside its cluster IP. */
  #externalPlace(
    { externalIps, ingress, number }: Service,
    { port, nodePort }: Port,
    client: Client,
  ): { readonly address: string; readonly port: number } | null {
    const places = externalIps.map((address) => ({ address, port }));
    if (ingress.length > 0) places.push({ address: `203.0.113.${number}`, port });
    if (nodePort !== 0) {
      const node = this.#random.below(this.#scene.nodes);
      const addresses = [`172.18.0.${node + 2}`];
      if (client.kind === "node") addresses.push("127.0.0.1");
      if (client.kind === "pod") addresses.push(`10.244.${client.node}.1`);
      for (const address of addresses) places.push({ address, port: nodePort });
    }
    return places.length === 0 ? null : this.#one(places);
  }

  /** Among how many endpoints a request can have to choose, wherever it enters the cluster. */
  #most({ endpoints, internalLocal, externalLocal }: Service, onlyLocal: boolean): number {
    const all = this.#usable(endpoints).length;
    if (this.#scene.version === "1.20" || !(internalLocal || externalLocal)) return all;
    const nodes = Array.from({ length: this.#scene.nodes }, (_, node) => node);
    const local = nodes.map(
      (node) => this.#usable(endpoints.filter(({ backend }) => backend.node === node)).length,
    );
    return Math.max(...local, onlyLocal ? 0 : all);
  }

  /** Ready ones; without any, those of last resort. */
  #usable(endpoints: readonly Endpoint[]): readonly Endpoint[] {
    const ready = endpoints.filter((endpoint) => endpoint.ready);
    if (ready.length > 0 || this.#scene.version === "1.20") return ready;
    return endpoints.filter(({ serving, terminating }) => serving && terminating);
  }
}
