/**
 * The address families of a Service: what it says of them, what follows from its addresses, and
 * what a cluster of one family refuses.
 *
 * Spec: Kubernetes v1.36, registry/core/service/storage (initIPFamilyFields).
 * Not modelled: dual-stack clusters.
 */
import type { FieldPath } from "../schema.ts";
import { FieldErrors, invalidError } from "./errors.ts";
import { type Fields, mapIn, textIn, textsIn } from "./fields.ts";
import { hasClusterIp } from "./service-fields.ts";
import { isIpv6 } from "./validation/addresses.ts";
import { checkClusterIps } from "./validation/service-cluster-ips.ts";

const CLUSTER_FAMILY = "IPv4";
const POLICY: FieldPath = ["spec", "ipFamilyPolicy"];

/** Fills in families and policy. Throws `Invalid` for what addresses and families cannot be. */
export function setFamilies(service: Fields, old: Fields | null): void {
  const spec = mapIn(service, "spec") ?? {};
  const before = mapIn(old, "spec");
  if (!hasClusterIp(spec)) return;
  const isFree = textIn(spec, "clusterIP") === "None" && isEmpty(mapIn(spec, "selector"));
  spec["ipFamilyPolicy"] ??=
    before?.["ipFamilyPolicy"] ?? (isFree ? "RequireDualStack" : "SingleStack");
  refuseIf(service, (errors) => checkClusterIps(errors, spec, before));
  refuseIf(service, (errors) => {
    if (before !== null) checkReduced(errors, spec, before);
    checkPolicy(errors, spec);
    inferFamilies(errors, spec);
  });
  const families = textsIn(spec, "ipFamilies");
  if (isFree) {
    setFreeFamilies(spec, families);
    return;
  }
  refuseIf(service, (errors) => {
    const policy = spec["ipFamilyPolicy"];
    if (policy === "RequireDualStack") {
      errors.invalid(POLICY, policy, "this cluster is not configured for dual-stack services");
    }
    for (const [index, family] of families.entries()) {
      if (family === CLUSTER_FAMILY) continue;
      errors.invalid(["spec", "ipFamilies", index], family, "not configured on this cluster");
    }
  });
  if (families.length === 0) spec["ipFamilies"] = [CLUSTER_FAMILY];
}

/** Headless without a selector: its endpoints may be of families that the cluster has not. */
function setFreeFamilies(spec: Fields, families: readonly string[]): void {
  const [first = CLUSTER_FAMILY, ...others] = families;
  const isSingle = others.length > 0 || spec["ipFamilyPolicy"] === "SingleStack";
  spec["ipFamilies"] = isSingle ? [first, ...others] : [first, first === "IPv4" ? "IPv6" : "IPv4"];
}

/** A second address or family goes only by the word SingleStack. */
function checkReduced(errors: FieldErrors, spec: Fields, old: Fields): void {
  const isSingle = spec["ipFamilyPolicy"] === "SingleStack";
  const lists = [
    ["clusterIPs", "cluster IP"],
    ["ipFamilies", "IP family"],
  ] as const;
  for (const [name, what] of lists) {
    const [after, before] = [textsIn(spec, name), textsIn(old, name)];
    if (!isSingle && after.length > 0 && after.length < before.length) {
      const text = `must be 'SingleStack' to release the secondary ${what}`;
      errors.invalid(POLICY, spec["ipFamilyPolicy"], text);
    }
    if (isSingle && after.length > 1 && after.join() === before.join()) {
      spec[name] = after.slice(0, 1);
    }
  }
}

function checkPolicy(errors: FieldErrors, spec: Fields): void {
  if (spec["ipFamilyPolicy"] !== "SingleStack") return;
  const lists = [
    ["clusterIPs", "cluster IPs"],
    ["ipFamilies", "IP families"],
  ] as const;
  for (const [name, what] of lists) {
    if (textsIn(spec, name).length !== 2) continue;
    const text = `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
    errors.invalid(POLICY, "SingleStack", text);
  }
}

/** Addresses say their family. */
function inferFamilies(errors: FieldErrors, spec: Fields): void {
  const families = [...textsIn(spec, "ipFamilies")];
  for (const [index, address] of textsIn(spec, "clusterIPs").entries()) {
    if (address === "None") break;
    if (index < families.length) continue;
    const family = isIpv6(address) ? "IPv6" : "IPv4";
    if (family === CLUSTER_FAMILY) families.push(family);
    else {
      const text = `${family} is not configured on this cluster`;
      errors.invalid(["spec", "clusterIPs", index], textsIn(spec, "clusterIPs"), text);
    }
  }
  if (families.length > 0) spec["ipFamilies"] = families;
}

function isEmpty(selector: Fields | null): boolean {
  return selector === null || Object.keys(selector).length === 0;
}

function refuseIf(service: Fields, check: (errors: FieldErrors) => void): void {
  const errors = new FieldErrors();
  check(errors);
  if (errors.list.length === 0) return;
  throw invalidError("Service", textIn(mapIn(service, "metadata"), "name"), errors.list);
}
