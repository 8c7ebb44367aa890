/**
 * What the API server gives a Service and takes back: clusterIP, node ports, the health check
 * port; also when its type changes. All this is done before the Service is validated, and undone
 * if it is refused.
 *
 * Spec: Kubernetes v1.36, registry/core/service/storage (alloc.go).
 * Not modelled: dual-stack clusters.
 */
import type { FieldPath } from "../schema.ts";
import type { ClusterIpAllocator, NodePortAllocator } from "./allocators.ts";
import { ApiError, FieldErrors, invalidError } from "./errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "./fields.ts";
import { setFamilies } from "./service-families.ts";
import {
  givesNodePorts,
  hasClusterIp,
  hasHealthPort,
  joinClusterIps,
  keepAllocated,
  nodePortsOf,
} from "./service-fields.ts";

/** What a request has taken and will give back; ended by one of the two. */
export interface AllocationOutcome {
  /** The Service is stored: what it no longer has is free. */
  commit(): void;
  /** The Service is refused: what was taken is free again. */
  revert(): void;
}

/** Gives out addresses and ports to Services, and takes them back. */
export class ServiceAllocation {
  readonly #addresses: ClusterIpAllocator;
  readonly #ports: NodePortAllocator;

  constructor(addresses: ClusterIpAllocator, ports: NodePortAllocator) {
    this.#addresses = addresses;
    this.#ports = ports;
  }

  /** Takes what the Service asks for and gives it what it needs. Throws ApiError. */
  begin(service: Fields, old: Fields | null): AllocationOutcome {
    const spec = mapIn(service, "spec") ?? {};
    const before = mapIn(old, "spec");
    if (before !== null) keepAllocated(spec, before);
    joinClusterIps(spec, before);
    setFamilies(service, old);
    const request = new AllocationRequest(this.#addresses, this.#ports, service, spec);
    try {
      if (before === null) request.create();
      else request.update(before);
    } catch (error) {
      request.revert();
      throw error;
    }
    return request;
  }

  /** Takes back all that a deleted Service had. */
  release(service: Fields): void {
    const spec = mapIn(service, "spec") ?? {};
    const address = textIn(spec, "clusterIP");
    if (address !== "" && address !== "None") this.#addresses.release(address);
    for (const port of nodePortsOf(spec)) this.#ports.release(port);
    const healthPort = numberIn(spec, "healthCheckNodePort");
    if (healthPort !== 0) this.#ports.release(healthPort);
  }
}

/** One request's dealings with the allocators. */
class AllocationRequest implements AllocationOutcome {
  readonly #addresses: ClusterIpAllocator;
  readonly #ports: NodePortAllocator;
  readonly #service: Fields;
  readonly #spec: Fields;
  /** What gives back what was taken. */
  readonly #undo: (() => void)[] = [];
  /** What gives back what the Service no longer has. */
  readonly #release: (() => void)[] = [];

  constructor(
    addresses: ClusterIpAllocator,
    ports: NodePortAllocator,
    service: Fields,
    spec: Fields,
  ) {
    this.#addresses = addresses;
    this.#ports = ports;
    this.#service = service;
    this.#spec = spec;
  }

  commit(): void {
    for (const step of this.#release) step();
  }

  revert(): void {
    for (const step of this.#undo) step();
  }

  create(): void {
    const { type } = this.#spec;
    if (hasClusterIp(this.#spec)) this.#takeAddress();
    if (type === "NodePort" || type === "LoadBalancer") this.#firstNodePorts();
    if (hasHealthPort(this.#spec)) this.#takeHealthPort();
  }

  update(old: Fields): void {
    if (!hasClusterIp(old) && hasClusterIp(this.#spec)) this.#takeAddress();
    else if (hasClusterIp(old) && !hasClusterIp(this.#spec)) this.#dropAddress(old);
    const { type } = this.#spec;
    if (type === "NodePort" || type === "LoadBalancer") this.#nextNodePorts(old);
    else this.#dropPorts(nodePortsOf(old));
    if (!hasHealthPort(old) && hasHealthPort(this.#spec)) this.#takeHealthPort();
    else if (hasHealthPort(old) && !hasHealthPort(this.#spec)) {
      this.#dropPorts([numberIn(old, "healthCheckNodePort")]);
    }
  }

  #takeAddress(): void {
    const addresses = textsIn(this.#spec, "clusterIPs");
    const [asked = ""] = addresses;
    if (asked === "None") return;
    if (asked === "") {
      const address = this.#addresses.next();
      if (address === null) throw internal(`failed to allocate a serviceIP: range is full`);
      this.#undo.push(() => this.#addresses.release(address));
      this.#spec["clusterIP"] = address;
      this.#spec["clusterIPs"] = [address];
      return;
    }
    const why = this.#addresses.take(asked);
    if (why !== null) {
      this.#refuse(["spec", "clusterIPs"], addresses, `failed to allocate IP ${asked}: ${why}`);
    }
    this.#undo.push(() => this.#addresses.release(asked));
  }

  #dropAddress(old: Fields): void {
    const address = textIn(old, "clusterIP");
    if (address !== "" && address !== "None") {
      this.#release.push(() => this.#addresses.release(address));
    }
  }

  /** Ports of a new Service that have one number, for TCP and for UDP, have one node port. */
  #firstNodePorts(): void {
    const ports = mapsIn(this.#spec, "ports");
    const given = new Map<number, number>();
    for (const [index, port] of ports.entries()) {
      const asked = numberIn(port, "nodePort");
      if (asked === 0 && !givesNodePorts(this.#spec)) continue;
      const number = numberIn(port, "port");
      const same = given.get(number);
      if (same !== undefined) {
        if (asked === 0) port["nodePort"] = same;
        else if (asked !== same) this.#takePort(asked, index);
        continue;
      }
      const wish = ports
        .filter((each) => each["port"] === number)
        .map((each) => numberIn(each, "nodePort"))
        .find((each) => each !== 0);
      if (wish !== undefined) this.#takePort(wish, index);
      const nodePort = wish ?? this.#anyPort("failed to allocate a nodePort");
      port["nodePort"] = nodePort;
      given.set(number, nodePort);
    }
  }

  #nextNodePorts(old: Fields): void {
    const before = new Set(nodePortsOf(old));
    const taken = new Set<number>();
    const seen = new Set<string>();
    for (const [index, port] of mapsIn(this.#spec, "ports").entries()) {
      const asked = numberIn(port, "nodePort");
      if (asked === 0 && !givesNodePorts(this.#spec)) continue;
      if (asked === 0) port["nodePort"] = this.#anyPort("failed to allocate a nodePort");
      else if (!before.has(asked) && !taken.has(asked)) {
        this.#takePort(asked, index);
        taken.add(asked);
      }
      const key = `${textIn(port, "protocol")} ${numberIn(port, "nodePort")}`;
      if (seen.has(key)) throw new ApiError("", `duplicate nodePort: {${key}}`);
      seen.add(key);
    }
    const after = new Set(nodePortsOf(this.#spec));
    this.#dropPorts([...before].filter((port) => !after.has(port)));
  }

  #takePort(port: number, index: number): void {
    const why = this.#ports.take(port);
    if (why !== null) this.#refuse(["spec", "ports", index, "nodePort"], port, why);
    this.#undo.push(() => this.#ports.release(port));
  }

  #anyPort(failure: string): number {
    const port = this.#ports.next();
    if (port === null) throw internal(`${failure}: range is full`);
    this.#undo.push(() => this.#ports.release(port));
    return port;
  }

  #takeHealthPort(): void {
    const asked = numberIn(this.#spec, "healthCheckNodePort");
    if (asked === 0) {
      const failure = "failed to allocate a HealthCheck NodePort 0";
      this.#spec["healthCheckNodePort"] = this.#anyPort(failure);
      return;
    }
    const why = this.#ports.take(asked);
    if (why !== null) {
      throw internal(`failed to allocate requested HealthCheck NodePort ${asked}: ${why}`);
    }
    this.#undo.push(() => this.#ports.release(asked));
  }

  #dropPorts(ports: readonly number[]): void {
    this.#release.push(() => {
      for (const port of ports) this.#ports.release(port);
    });
  }

  #refuse(path: FieldPath, value: unknown, why: string): never {
    const errors = new FieldErrors();
    errors.invalid(path, value, why);
    const name = textIn(mapIn(this.#service, "metadata"), "name");
    throw invalidError("Service", name, errors.list);
  }
}

function internal(message: string): ApiError {
  return new ApiError("InternalError", `Internal error occurred: ${message}`);
}
