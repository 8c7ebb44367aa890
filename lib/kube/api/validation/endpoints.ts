/**
 * What the API server checks of EndpointSlices and Endpoints, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, discovery EndpointSlice, core Endpoints.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, textIn, textsIn } from "../fields.ts";
import { checkEndpointIp, checkIp, isIpv6 } from "./addresses.ts";
import { checkLabels, checkPort, checkText, PROTOCOLS, requireOneOf } from "./checks.ts";
import {
  labelKeyProblems,
  labelProblems,
  labelValueProblems,
  subdomainProblems,
} from "./text-rules.ts";

const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 20_000;
const MAX_ADDRESSES = 100;
const MAX_HINTS = 8;
const ADDRESS_LISTS = ["addresses", "notReadyAddresses"];

/** An EndpointSlice. Endpoints that the version before has, the very same, have been checked. */
export function checkEndpointSlice(errors: FieldErrors, slice: Fields, old: Fields | null): void {
  const type = textIn(slice, "addressType");
  requireOneOf(errors, ["addressType"], type, ["FQDN", "IPv4", "IPv6"]);
  const endpoints = mapsIn(slice, "endpoints");
  if (endpoints.length > MAX_ENDPOINTS) {
    errors.tooMany(["endpoints"], endpoints.length, MAX_ENDPOINTS);
  } else {
    const known = new Set(old?.["addressType"] === type ? mapsIn(old, "endpoints") : []);
    for (const [index, endpoint] of endpoints.entries()) {
      if (!known.has(endpoint)) checkEndpoint(errors, ["endpoints", index], endpoint, type);
    }
  }
  checkSlicePorts(errors, mapsIn(slice, "ports"));
  if (old !== null && old["addressType"] !== type) {
    errors.invalid(["addressType"], type, "field is immutable");
  }
}

function checkEndpoint(errors: FieldErrors, path: FieldPath, endpoint: Fields, type: string): void {
  const addresses = textsIn(endpoint, "addresses");
  if (addresses.length === 0) {
    errors.required([...path, "addresses"], "must contain at least 1 address");
  } else if (addresses.length > MAX_ADDRESSES) {
    errors.tooMany([...path, "addresses"], addresses.length, MAX_ADDRESSES);
  }
  for (const [index, address] of addresses.entries()) {
    checkAddress(errors, [...path, "addresses", index], address, type);
  }
  if (endpoint["nodeName"] !== undefined) {
    checkText(errors, [...path, "nodeName"], textIn(endpoint, "nodeName"), subdomainProblems);
  }
  checkLabels(errors, [...path, "deprecatedTopology"], mapIn(endpoint, "deprecatedTopology"));
  if (endpoint["hostname"] !== undefined) {
    checkText(errors, [...path, "hostname"], textIn(endpoint, "hostname"), labelProblems);
  }
  const hints = mapIn(endpoint, "hints");
  checkHints(errors, [...path, "hints", "forZones"], mapsIn(hints, "forZones"), labelValueProblems);
  checkHints(errors, [...path, "hints", "forNodes"], mapsIn(hints, "forNodes"), subdomainProblems);
}

function checkAddress(errors: FieldErrors, path: FieldPath, address: string, type: string): void {
  if (type === "FQDN") {
    checkFqdn(errors, path, address);
    return;
  }
  if (type !== "IPv4" && type !== "IPv6") return;
  if (!checkIp(errors, path, address)) return;
  if (isIpv6(address) !== (type === "IPv6")) {
    errors.invalid(path, address, `must be an ${type} address`);
  }
  checkEndpointIp(errors, path, address);
}

function checkFqdn(errors: FieldErrors, path: FieldPath, name: string): void {
  const bare = name.replace(/\.$/, "");
  const problems = subdomainProblems(bare);
  if (name === "") errors.required(path);
  else if (problems.length > 0) errors.invalid(path, bare, problems.join(","));
  else if (!bare.includes(".")) {
    errors.invalid(path, bare, "should be a domain with at least two segments separated by dots");
  }
}

function checkHints(
  errors: FieldErrors,
  path: FieldPath,
  hints: readonly Fields[],
  check: (text: string) => string[],
): void {
  if (hints.length > MAX_HINTS) {
    errors.tooMany(path, hints.length, MAX_HINTS);
    return;
  }
  const names = new Set<string>();
  for (const [index, hint] of hints.entries()) {
    const name = textIn(hint, "name");
    if (names.has(name)) errors.duplicate([...path, index, "name"], name);
    names.add(name);
    checkText(errors, [...path, index, "name"], name, check);
  }
}

function checkSlicePorts(errors: FieldErrors, ports: readonly Fields[]): void {
  if (ports.length > MAX_PORTS) {
    errors.tooMany(["ports"], ports.length, MAX_PORTS);
    return;
  }
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = ["ports", index];
    const name = textIn(port, "name");
    if (name !== "") checkText(errors, [...at, "name"], name, labelProblems);
    if (names.has(name)) errors.duplicate([...at, "name"], name);
    names.add(name);
    requireOneOf(errors, [...at, "protocol"], textIn(port, "protocol"), PROTOCOLS);
    checkAppProtocol(errors, at, port);
  }
}

/** Endpoints, as people still write them by hand. Addresses of the version before likewise. */
export function checkEndpoints(errors: FieldErrors, endpoints: Fields, old: Fields | null): void {
  const known = new Set(
    mapsIn(old, "subsets").flatMap((subset) =>
      ADDRESS_LISTS.flatMap((list) => mapsIn(subset, list)),
    ),
  );
  for (const [index, subset] of mapsIn(endpoints, "subsets").entries()) {
    const at = ["subsets", index];
    if (ADDRESS_LISTS.every((list) => mapsIn(subset, list).length === 0)) {
      errors.required(at, "must specify `addresses` or `notReadyAddresses`");
    }
    for (const list of ADDRESS_LISTS) {
      for (const [place, address] of mapsIn(subset, list).entries()) {
        if (!known.has(address)) checkEndpointAddress(errors, [...at, list, place], address);
      }
    }
    const ports = mapsIn(subset, "ports");
    for (const [place, port] of ports.entries()) {
      checkEndpointPort(errors, [...at, "ports", place], port, ports.length > 1);
    }
  }
}

function checkEndpointAddress(errors: FieldErrors, path: FieldPath, address: Fields): void {
  const text = textIn(address, "ip");
  checkIp(errors, [...path, "ip"], text);
  const hostname = textIn(address, "hostname");
  if (hostname !== "") checkText(errors, [...path, "hostname"], hostname, labelProblems);
  if (address["nodeName"] !== undefined) {
    checkText(errors, [...path, "nodeName"], textIn(address, "nodeName"), subdomainProblems);
  }
  checkEndpointIp(errors, [...path, "ip"], text);
}

function checkEndpointPort(
  errors: FieldErrors,
  path: FieldPath,
  port: Fields,
  isNamed: boolean,
): void {
  const name = textIn(port, "name");
  if (name !== "") checkText(errors, [...path, "name"], name, labelProblems);
  else if (isNamed) errors.required([...path, "name"]);
  checkPort(errors, [...path, "port"], port["port"] ?? 0);
  requireOneOf(errors, [...path, "protocol"], textIn(port, "protocol"), PROTOCOLS);
  checkAppProtocol(errors, path, port);
}

function checkAppProtocol(errors: FieldErrors, path: FieldPath, port: Fields): void {
  if (port["appProtocol"] === undefined) return;
  checkText(errors, [...path, "appProtocol"], textIn(port, "appProtocol"), labelKeyProblems);
}
