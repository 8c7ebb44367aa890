/**
 * What the API server gives a Service and takes back: clusterIP, node ports, the health check
 * port, address families; also when its type changes.
 *
 * Spec: Kubernetes registry/core/service, v1.36.
 * Not modelled: dual-stack clusters.
 */

import { deepEqual } from "../deep-equal.ts";
import type { ClusterIpAllocator, NodePortAllocator } from "./allocators.ts";
import { isExternallyAccessible, isReachableFromOutside } from "./defaulting/service.ts";
import { ApiError, type FieldError, FieldErrors, invalidError } from "./errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "./fields.ts";

/** Brings clusterIP and clusterIPs together, and drops what the new type does not have. */
export function prepareService(service: Fields, old: Fields | null): void {
  const spec = mapIn(service, "spec") ?? {};
  const before = mapIn(old, "spec");
  if (before !== null) {
    dropForNewType(spec, before);
    keepAllocated(spec, before);
  }
  const clusterIP = textIn(spec, "clusterIP");
  const clusterIPs = textsIn(spec, "clusterIPs");
  if (before === null || clusterIPs.length === 0 || clusterIP !== textIn(before, "clusterIP")) {
    if (clusterIP !== "") spec["clusterIPs"] = [clusterIP, ...clusterIPs.slice(1)];
    else if (clusterIPs[0] !== undefined && before === null) spec["clusterIP"] = clusterIPs[0];
  }
}

function hasClusterIp(spec: Fields): boolean {
  return textIn(spec, "type") !== "ExternalName";
}

function hasHealthPort(spec: Fields): boolean {
  return spec["type"] === "LoadBalancer" && spec["externalTrafficPolicy"] === "Local";
}

/** Values that the old type had and the new one cannot have go, if they were not changed. */
function dropForNewType(spec: Fields, old: Fields): void {
  if (hasClusterIp(old) && !hasClusterIp(spec)) {
    if (deepEqual(spec["clusterIPs"], old["clusterIPs"]) || spec["clusterIP"] === undefined) {
      delete spec["clusterIP"];
      delete spec["clusterIPs"];
    }
    for (const name of ["ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]) {
      if (deepEqual(spec[name], old[name])) delete spec[name];
    }
  }
  if (
    isReachableFromOutside(textIn(old, "type")) &&
    !isReachableFromOutside(textIn(spec, "type"))
  ) {
    for (const port of mapsIn(spec, "ports")) {
      if (mapsIn(old, "ports").some((each) => each["nodePort"] === port["nodePort"]))
        delete port["nodePort"];
    }
  }
  if (
    isExternallyAccessible(old) &&
    !isExternallyAccessible(spec) &&
    spec["externalTrafficPolicy"] === old["externalTrafficPolicy"]
  ) {
    delete spec["externalTrafficPolicy"];
  }
  if (hasHealthPort(old) && !hasHealthPort(spec)) delete spec["healthCheckNodePort"];
  if (old["type"] === "LoadBalancer" && spec["type"] !== "LoadBalancer") {
    delete spec["allocateLoadBalancerNodePorts"];
    delete spec["loadBalancerClass"];
  }
  if (
    old["type"] === "ExternalName" &&
    spec["type"] !== "ExternalName" &&
    spec["externalName"] === old["externalName"]
  ) {
    delete spec["externalName"];
  }
}

/** An update that does not say what was allocated keeps it. */
function keepAllocated(spec: Fields, old: Fields): void {
  if (hasClusterIp(old) && hasClusterIp(spec)) {
    if (textIn(spec, "clusterIP") === "" && textIn(old, "clusterIP") !== "")
      spec["clusterIP"] = old["clusterIP"];
    if (textsIn(spec, "clusterIPs").length === 0 && spec["clusterIP"] === old["clusterIP"]) {
      spec["clusterIPs"] = old["clusterIPs"];
    }
    for (const name of ["ipFamilies", "ipFamilyPolicy"]) {
      if (spec[name] === undefined && old[name] !== undefined) spec[name] = old[name];
    }
  }
  if (isReachableFromOutside(textIn(old, "type")) && isReachableFromOutside(textIn(spec, "type"))) {
    for (const port of mapsIn(spec, "ports")) {
      if (numberIn(port, "nodePort") !== 0) continue;
      const same = mapsIn(old, "ports").find(
        (each) => each["port"] === port["port"] && each["protocol"] === port["protocol"],
      );
      if (same?.["nodePort"] !== undefined) port["nodePort"] = same["nodePort"];
    }
  }
  if (hasHealthPort(old) && hasHealthPort(spec) && numberIn(spec, "healthCheckNodePort") === 0) {
    spec["healthCheckNodePort"] = old["healthCheckNodePort"];
  }
}

/** Gives out addresses and ports to Services, and takes them back. */
export class ServiceAllocation {
  readonly #addresses: ClusterIpAllocator;
  readonly #ports: NodePortAllocator;

  constructor(addresses: ClusterIpAllocator, ports: NodePortAllocator) {
    this.#addresses = addresses;
    this.#ports = ports;
  }

  /** Fills in the families; refuses what a cluster of one family cannot do. */
  setFamilies(service: Fields): void {
    const spec = mapIn(service, "spec") ?? {};
    if (!hasClusterIp(spec)) return;
    const policy = spec["ipFamilyPolicy"];
    const headlessWithoutSelector =
      textIn(spec, "clusterIP") === "None" && mapIn(spec, "selector") === null;
    if (policy === undefined && headlessWithoutSelector) {
      spec["ipFamilyPolicy"] = "RequireDualStack";
      spec["ipFamilies"] ??= ["IPv4", "IPv6"];
      return;
    }
    if (policy === "RequireDualStack" && !headlessWithoutSelector) {
      refuse(service, (errors) =>
        errors.invalid(
          ["spec", "ipFamilyPolicy"],
          policy,
          "this cluster is not configured for dual-stack services",
        ),
      );
    }
    const families = textsIn(spec, "ipFamilies");
    const strange = families.indexOf("IPv6");
    if (strange !== -1 && !headlessWithoutSelector) {
      refuse(service, (errors) =>
        errors.invalid(["spec", "ipFamilies", strange], "IPv6", "not configured on this cluster"),
      );
    }
    spec["ipFamilyPolicy"] ??= "SingleStack";
    if (families.length === 0) spec["ipFamilies"] = ["IPv4"];
  }

  /** Takes what the Service asks for and gives it what it needs. Undone by itself on refusal. */
  allocate(service: Fields, old: Fields | null): void {
    const undo: (() => void)[] = [];
    try {
      this.#allocateAddress(service, old, undo);
      this.#allocatePorts(service, old, undo);
    } catch (error) {
      for (const step of undo) step();
      throw error;
    }
    if (old !== null) this.#releaseUnused(service, old);
  }

  /** Takes back all that a deleted Service had. */
  release(service: Fields): void {
    this.#releaseUnused({}, service);
  }

  #allocateAddress(service: Fields, old: Fields | null, undo: (() => void)[]): void {
    const spec = mapIn(service, "spec") ?? {};
    const asked = textIn(spec, "clusterIP");
    if (!hasClusterIp(spec) || asked === "None") return;
    if (asked !== "" && asked === textIn(mapIn(old, "spec"), "clusterIP")) return;
    if (asked === "") {
      const address = this.#addresses.next();
      if (address === null) throw new ApiError("Forbidden", "range is full");
      undo.push(() => this.#addresses.release(address));
      spec["clusterIP"] = address;
      spec["clusterIPs"] = [address];
      return;
    }
    const taken = this.#addresses.take(asked);
    if (taken === "taken") {
      undo.push(() => this.#addresses.release(asked));
      return;
    }
    const why =
      taken === "outside"
        ? "the provided network does not match the current range"
        : "provided IP is already allocated";
    refuse(service, (errors) =>
      errors.invalid(["spec", "clusterIPs"], [asked], `failed to allocate IP ${asked}: ${why}`),
    );
  }

  #allocatePorts(service: Fields, old: Fields | null, undo: (() => void)[]): void {
    const spec = mapIn(service, "spec") ?? {};
    const held = new Set(nodePortsOf(old));
    const give = (holder: Fields, field: string, path: FieldError["path"]): void => {
      const asked = numberIn(holder, field);
      if (asked !== 0) {
        if (!held.has(asked)) this.#takePort(service, asked, path, undo);
        held.add(asked);
        return;
      }
      const port = this.#ports.next();
      if (port === null) throw new ApiError("Forbidden", "no node port is left");
      undo.push(() => this.#ports.release(port));
      holder[field] = port;
    };
    const wantsPorts =
      spec["type"] === "NodePort" ||
      (spec["type"] === "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] !== false);
    for (const [index, port] of mapsIn(spec, "ports").entries()) {
      if (wantsPorts || numberIn(port, "nodePort") !== 0)
        give(port, "nodePort", ["spec", "ports", index, "nodePort"]);
    }
    if (hasHealthPort(spec)) give(spec, "healthCheckNodePort", ["spec", "healthCheckNodePort"]);
  }

  #takePort(service: Fields, port: number, path: FieldError["path"], undo: (() => void)[]): void {
    const taken = this.#ports.take(port);
    if (taken === "taken") {
      undo.push(() => this.#ports.release(port));
      return;
    }
    const why =
      taken === "outside"
        ? "provided port is not in the valid range. The range of valid ports is 30000-32767"
        : "provided port is already allocated";
    refuse(service, (errors) => errors.invalid(path, port, why));
  }

  #releaseUnused(service: Fields, old: Fields): void {
    const before = mapIn(old, "spec");
    const address = textIn(before, "clusterIP");
    if (
      address !== "" &&
      address !== "None" &&
      address !== textIn(mapIn(service, "spec"), "clusterIP")
    ) {
      this.#addresses.release(address);
    }
    const kept = new Set(nodePortsOf(service));
    for (const port of nodePortsOf(old)) if (!kept.has(port)) this.#ports.release(port);
  }
}

function nodePortsOf(service: Fields | null): number[] {
  const spec = mapIn(service, "spec");
  const ports = mapsIn(spec, "ports").map((port) => numberIn(port, "nodePort"));
  return [...ports, numberIn(spec, "healthCheckNodePort")].filter((port) => port !== 0);
}

function refuse(service: Fields, report: (errors: FieldErrors) => void): never {
  const errors = new FieldErrors();
  report(errors);
  throw invalidError("Service", textIn(mapIn(service, "metadata"), "name"), errors.list);
}
