/**
 * Security contexts of Pods and containers: users, groups, profiles, sysctls.
 *
 * Spec: Kubernetes API validation v1.36, core PodSecurityContext and SecurityContext.
 * Not modelled: options of Windows.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, textIn, textsIn } from "../fields.ts";
import { checkOneOf, checkRange } from "./checks.ts";

const MAX_ID = 0xffff_ffff;
const PROFILES = ["Localhost", "RuntimeDefault", "Unconfined"];
const SYSCTL = "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";

/** `securityContext` of a Pod; `spec` has the namespaces that it shares with the node. */
export function checkPodSecurity(errors: FieldErrors, path: FieldPath, spec: Fields): void {
  const context = mapIn(spec, "securityContext");
  if (context === null) return;
  for (const name of ["fsGroup", "runAsUser", "runAsGroup"]) {
    checkRange(errors, [...path, name], context[name], 0, MAX_ID);
  }
  const groups = context["supplementalGroups"];
  for (const [index, group] of (Array.isArray(groups) ? groups : []).entries()) {
    checkRange(errors, [...path, "supplementalGroups", index], group, 0, MAX_ID);
  }
  if (spec["shareProcessNamespace"] === true && spec["hostPID"] === true) {
    errors.invalid(
      [...path, "shareProcessNamespace"],
      true,
      "ShareProcessNamespace and HostPID cannot both be enabled",
    );
  }
  checkSysctls(errors, [...path, "sysctls"], spec, mapsIn(context, "sysctls"));
  const changes = ["Always", "OnRootMismatch"];
  checkOneOf(errors, [...path, "fsGroupChangePolicy"], context["fsGroupChangePolicy"], changes);
  checkProfile(errors, [...path, "seccompProfile"], context, "seccomp");
  checkProfile(errors, [...path, "appArmorProfile"], context, "AppArmor");
  const merging = ["Merge", "Strict"];
  checkOneOf(
    errors,
    [...path, "supplementalGroupsPolicy"],
    context["supplementalGroupsPolicy"],
    merging,
  );
}

function checkSysctls(
  errors: FieldErrors,
  path: FieldPath,
  spec: Fields,
  sysctls: readonly Fields[],
): void {
  const names = new Set<string>();
  for (const [index, sysctl] of sysctls.entries()) {
    const at = [...path, index, "name"];
    const name = textIn(sysctl, "name");
    if (name === "") errors.required(at);
    else if (name.length > 253 || !new RegExp(`^${SYSCTL}$`).test(name)) {
      errors.invalid(at, name, `must have at most 253 characters and match regex ^${SYSCTL}$`);
    } else if (names.has(name)) errors.duplicate(at, name);
    names.add(name);
    if (spec["hostNetwork"] === true && name.startsWith("net.")) {
      errors.invalid(at, name, "may not be specified when 'hostNetwork' is true");
    }
    if (spec["hostIPC"] === true && /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(name)) {
      errors.invalid(at, name, "may not be specified when 'hostIPC' is true");
    }
  }
}

function checkProfile(
  errors: FieldErrors,
  path: FieldPath,
  context: Fields,
  what: "seccomp" | "AppArmor",
): void {
  const field = String(path.at(-1));
  const profile = mapIn(context, field);
  if (profile === null) return;
  const type = textIn(profile, "type");
  if (type === "") errors.required([...path, "type"], `type is required when ${field} is set`);
  else checkOneOf(errors, [...path, "type"], type, PROFILES);
  const local = profile["localhostProfile"];
  const at = [...path, "localhostProfile"];
  if (type === "Localhost" && local === undefined) {
    errors.required(at, `must be set when ${what} type is Localhost`);
  } else if (type !== "Localhost" && local !== undefined) {
    errors.invalid(at, local, `can only be set when ${what} type is Localhost`);
  }
}

/** `securityContext` of a container. */
export function checkContainerSecurity(
  errors: FieldErrors,
  path: FieldPath,
  context: Fields | null,
): void {
  if (context === null) return;
  for (const name of ["runAsUser", "runAsGroup"]) {
    checkRange(errors, [...path, name], context[name], 0, MAX_ID);
  }
  checkOneOf(errors, [...path, "procMount"], context["procMount"], ["Default", "Unmasked"]);
  if (context["procMount"] === "Unmasked") {
    const why = "`hostUsers` must be false to use `Unmasked`";
    errors.invalid([...path, "procMount"], "Unmasked", why);
  }
  checkProfile(errors, [...path, "seccompProfile"], context, "seccomp");
  if (context["allowPrivilegeEscalation"] === false) checkEscalation(errors, path, context);
  checkProfile(errors, [...path, "appArmorProfile"], context, "AppArmor");
}

function checkEscalation(errors: FieldErrors, path: FieldPath, context: Fields): void {
  const shown = internalForm(context);
  if (context["privileged"] === true) {
    errors.invalid(
      path,
      shown,
      "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
    );
  }
  if (textsIn(mapIn(context, "capabilities"), "add").includes("CAP_SYS_ADMIN")) {
    errors.invalid(
      path,
      shown,
      "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
    );
  }
}

/** The API's internal record of the context: all its fields, by the names they have in Go. */
function internalForm(context: Fields): Fields {
  const capabilities = mapIn(context, "capabilities");
  return {
    Capabilities:
      capabilities === null
        ? null
        : { Add: capabilities["add"] ?? null, Drop: capabilities["drop"] ?? null },
    Privileged: context["privileged"] ?? null,
    SELinuxOptions: context["seLinuxOptions"] ?? null,
    WindowsOptions: context["windowsOptions"] ?? null,
    RunAsUser: context["runAsUser"] ?? null,
    RunAsGroup: context["runAsGroup"] ?? null,
    RunAsNonRoot: context["runAsNonRoot"] ?? null,
    ReadOnlyRootFilesystem: context["readOnlyRootFilesystem"] ?? null,
    AllowPrivilegeEscalation: context["allowPrivilegeEscalation"] ?? null,
    ProcMount: context["procMount"] ?? null,
    SeccompProfile: context["seccompProfile"] ?? null,
    AppArmorProfile: context["appArmorProfile"] ?? null,
  };
}
