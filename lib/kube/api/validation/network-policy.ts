/**
 * What the API server checks of NetworkPolicies, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, networking NetworkPolicy.
 */
import { readCidr } from "../../addresses.ts";
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, textIn, textsIn } from "../fields.ts";
import { checkNetwork } from "./addresses.ts";
import { checkOneOf, checkPort, checkSelector, checkText } from "./checks.ts";
import { portNameProblems } from "./text-rules.ts";

const SPEC: FieldPath = ["spec"];

/** A NetworkPolicy. */
export function checkNetworkPolicy(errors: FieldErrors, policy: Fields): void {
  const spec = mapIn(policy, "spec");
  checkSelector(errors, [...SPEC, "podSelector"], mapIn(spec, "podSelector"));
  for (const [direction, peers] of [
    ["ingress", "from"],
    ["egress", "to"],
  ] as const) {
    for (const [index, rule] of mapsIn(spec, direction).entries()) {
      const at = [...SPEC, direction, index];
      for (const [place, port] of mapsIn(rule, "ports").entries()) {
        checkPolicyPort(errors, [...at, "ports", place], port);
      }
      for (const [place, peer] of mapsIn(rule, peers).entries()) {
        checkPeer(errors, [...at, peers, place], peer);
      }
    }
  }
  const types = textsIn(spec, "policyTypes");
  if (types.length > 2) {
    errors.invalid([...SPEC, "policyTypes"], types, "may not specify more than two policyTypes");
    return;
  }
  for (const [index, type] of types.entries()) {
    checkOneOf(errors, [...SPEC, "policyTypes", index], type, ["Ingress", "Egress"]);
  }
}

function checkPolicyPort(errors: FieldErrors, path: FieldPath, port: Fields): void {
  checkOneOf(errors, [...path, "protocol"], port["protocol"], ["TCP", "UDP", "SCTP"]);
  const { port: first, endPort: last } = port;
  const at = [...path, "endPort"];
  if (typeof first === "string") {
    if (last !== undefined) {
      errors.invalid(at, last, "may not be specified when `port` is non-numeric");
    }
    checkText(errors, [...path, "port"], first, portNameProblems);
  } else if (typeof first === "number") {
    checkPort(errors, [...path, "port"], first);
    if (typeof last !== "number") return;
    if (last < first) errors.invalid(at, last, "must be greater than or equal to `port`");
    checkPort(errors, at, last);
  } else if (last !== undefined) {
    errors.invalid(at, last, "may not be specified when `port` is not specified");
  }
}

function checkPeer(errors: FieldErrors, path: FieldPath, peer: Fields): void {
  for (const name of ["podSelector", "namespaceSelector"]) {
    checkSelector(errors, [...path, name], mapIn(peer, name));
  }
  const block = mapIn(peer, "ipBlock");
  if (block !== null) checkBlock(errors, [...path, "ipBlock"], block);
  const count = ["podSelector", "namespaceSelector", "ipBlock"].filter(
    (name) => mapIn(peer, name) !== null,
  ).length;
  if (count === 0) errors.required(path, "must specify a peer");
  else if (count > 1 && block !== null) {
    errors.forbidden(path, "may not specify both ipBlock and another peer");
  }
}

function checkBlock(errors: FieldErrors, path: FieldPath, block: Fields): void {
  const cidr = textIn(block, "cidr");
  if (cidr === "") {
    errors.required([...path, "cidr"]);
    return;
  }
  checkNetwork(errors, [...path, "cidr"], cidr);
  const outer = readCidr(cidr);
  if (outer === null) return;
  for (const [index, except] of textsIn(block, "except").entries()) {
    const at = [...path, "except", index];
    checkNetwork(errors, at, except);
    const inner = readCidr(except);
    if (inner === null) continue;
    const shift = 32 - outer.prefixLength;
    const isInside =
      inner.prefixLength > outer.prefixLength &&
      (shift === 32 || (inner.address ^ outer.address) >>> shift === 0);
    if (!isInside) errors.invalid(at, except, "must be a strict subset of `cidr`");
  }
}
