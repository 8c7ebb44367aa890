/**
 * What the API server checks of a Service's clusterIPs and address families, and of changes to them.
 *
 * Spec: Kubernetes API validation v1.36, core Service.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, textIn, textsIn } from "../fields.ts";
import { checkIp, isIpv6 } from "./addresses.ts";
import { checkOneOf } from "./checks.ts";

const SPEC: FieldPath = ["spec"];
const ADDRESSES: FieldPath = [...SPEC, "clusterIPs"];
const FAMILIES: FieldPath = [...SPEC, "ipFamilies"];
const FIXED = "may not change once set";

/** Whether a Service has no address of its own on purpose. */
export function isHeadless(spec: Fields | null): boolean {
  const addresses = textsIn(spec, "clusterIPs");
  return addresses.length === 1 && addresses[0] === "None";
}

/** clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy, on their own and together. */
export function checkClusterIps(errors: FieldErrors, spec: Fields, old: Fields | null): void {
  if (spec["type"] === "ExternalName") return;
  const addresses = textsIn(spec, "clusterIPs");
  checkFirst(errors, textIn(spec, "clusterIP"), addresses);
  checkFamilies(errors, spec);
  const before = textsIn(old, "clusterIPs");
  const areValid = addresses
    .map((address, index) => checkAddress(errors, addresses, address, index, before))
    .every((isValid) => isValid);
  if (addresses.length > 2) errors.invalid(ADDRESSES, addresses, "may only hold up to 2 values");
  if (!areValid) return;
  if (addresses.length > 1 && new Set(addresses.map(isIpv6)).size !== 2) {
    errors.invalid(ADDRESSES, addresses, "may specify no more than one IP for each IP family");
  }
  if (isHeadless(spec)) return;
  for (const [index, family] of textsIn(spec, "ipFamilies").entries()) {
    const address = addresses[index];
    if (address === undefined || isIpv6(address) === (family === "IPv6")) continue;
    if (family !== "IPv4" && family !== "IPv6") continue;
    errors.invalid(
      [...ADDRESSES, index],
      address,
      `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
    );
  }
}

function checkFirst(errors: FieldErrors, address: string, addresses: readonly string[]): void {
  if (address === "") {
    if (addresses.length > 0) {
      errors.invalid(ADDRESSES, addresses, "must be empty when `clusterIP` is not specified");
    }
  } else if (addresses.length === 0) errors.required(ADDRESSES);
  else if (addresses[0] !== address) {
    errors.invalid(ADDRESSES, addresses, "first value must match `clusterIP`");
  }
}

function checkFamilies(errors: FieldErrors, spec: Fields): void {
  const seen = new Set<string>();
  for (const [index, family] of textsIn(spec, "ipFamilies").entries()) {
    checkOneOf(errors, [...FAMILIES, index], family, ["IPv4", "IPv6"]);
    if (seen.has(family)) errors.duplicate([...FAMILIES, index], family);
    seen.add(family);
  }
  const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
  checkOneOf(errors, [...SPEC, "ipFamilyPolicy"], spec["ipFamilyPolicy"], policies);
}

function checkAddress(
  errors: FieldErrors,
  addresses: readonly string[],
  address: string,
  index: number,
  before: readonly string[],
): boolean {
  if (index === 0 && address === "None") {
    if (addresses.length === 1) return true;
    errors.invalid(ADDRESSES, addresses, "'None' must be the first and only value");
    return false;
  }
  return before.includes(address) || checkIp(errors, [...ADDRESSES, index], address);
}

/** The first address stays; a second may come and go. */
export function checkClusterIpsUpdate(errors: FieldErrors, spec: Fields, old: Fields): void {
  if (spec["type"] === "ExternalName" || old["type"] === "ExternalName") return;
  if (isHeadless(spec) && isHeadless(old)) return;
  const before = textsIn(old, "clusterIPs");
  const after = textsIn(spec, "clusterIPs");
  if (before.length === after.length) {
    for (const [index, address] of before.entries()) {
      if (address !== after[index]) errors.invalid([...ADDRESSES, index], after, FIXED);
    }
    return;
  }
  if (after.length === 0) {
    errors.invalid([...ADDRESSES, 0], after, "primary clusterIP can not be unset");
  } else if (before.length > 0 && before[0] !== after[0]) {
    errors.invalid([...ADDRESSES, 0], after, FIXED);
  }
  if (before.length > after.length && after.length === 1) {
    checkReleased(errors, spec, "secondary clusterIP");
  }
}

/** As for the addresses; a headless Service may change its families. */
export function checkFamiliesUpdate(errors: FieldErrors, spec: Fields, old: Fields): void {
  if (spec["type"] === "ExternalName" || old["type"] === "ExternalName") return;
  if (isHeadless(spec) || isHeadless(old)) return;
  const before = textsIn(old, "ipFamilies");
  const after = textsIn(spec, "ipFamilies");
  if (before.length === after.length) {
    for (const [index, family] of before.entries()) {
      if (family !== after[index]) errors.invalid([...FAMILIES, 0], after, FIXED);
    }
    return;
  }
  if (after.length > 0 && before.length > 0 && before[0] !== after[0]) {
    errors.invalid([...FAMILIES, 0], textsIn(spec, "clusterIPs"), FIXED);
  }
  if (before.length > after.length && after.length === 1) {
    checkReleased(errors, spec, "secondary ipFamily");
  }
}

function checkReleased(errors: FieldErrors, spec: Fields, what: string): void {
  if (spec["ipFamilyPolicy"] === "SingleStack") return;
  errors.invalid(
    [...SPEC, "ipFamilyPolicy"],
    spec["ipFamilyPolicy"],
    `must be set to 'SingleStack' when releasing the ${what}`,
  );
}
