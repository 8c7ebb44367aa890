/**
 * What the LimitRanges of a namespace add to a new Pod, and what they refuse.
 *
 * Spec: admission plugin LimitRanger (plugin/pkg/admission/limitranger) of v1.36.
 * Differs: of several things that are wrong, the resources are told by name; Kubernetes' order is
 * that of a Go map.
 */
import { fieldAt, type LooseFields, listAt, textsAt } from "../field-at.ts";
import { ApiError } from "./errors.ts";
import { ensureMap, type Fields, mapIn, mapsIn, textIn } from "./fields.ts";
import { canonicalQuantity, parseQuantity, sumOfQuantities } from "./quantity.ts";
import type { ApiObject } from "./types.ts";

const ANNOTATION = "kubernetes.io/limit-ranger";

/** Quantities by resource. */
type Quantities = Readonly<Record<string, string>>;

/** Fills in what the containers of a Pod do not ask for. Changes `pod`. */
export function applyLimitRanges(pod: Fields, ranges: readonly ApiObject[]): void {
  const spec = mapIn(pod, "spec");
  for (const range of ranges) {
    const added = [
      ...mapsIn(spec, "containers").flatMap((each) => fillIn(each, range, "container")),
      ...mapsIn(spec, "initContainers").flatMap((each) => fillIn(each, range, "init container")),
    ];
    if (added.length === 0) continue;
    const annotations = ensureMap(ensureMap(pod, "metadata"), "annotations");
    annotations[ANNOTATION] = `LimitRanger plugin set: ${added.join("; ")}`;
  }
}

/** `cpu, memory request for container web`: what was filled in. */
function fillIn(container: Fields, range: ApiObject, label: string): string[] {
  const limits = listAt(range, "spec", "limits").filter(({ type }) => type === "Container");
  const fill = (list: string, defaults: Quantities): string[] => {
    if (Object.keys(defaults).length === 0) return [];
    const has = ensureMap(ensureMap(container, "resources"), list);
    const missing = Object.keys(defaults).filter((name) => has[name] === undefined);
    for (const name of missing) has[name] = defaults[name];
    const word = list.replace(/s$/, "");
    const name = textIn(container, "name");
    return missing.length === 0
      ? []
      : [`${missing.sort().join(", ")} ${word} for ${label} ${name}`];
  };
  return limits.flatMap((limit) => [
    ...fill("requests", textsAt(limit, "defaultRequest")),
    ...fill("limits", textsAt(limit, "default")),
  ]);
}

/** Throws `Forbidden` for a Pod or a claim that does not keep within the limits. */
export function checkLimitRanges(kind: string, object: Fields, ranges: readonly ApiObject[]): void {
  const problems = ranges.flatMap((range) =>
    listAt(range, "spec", "limits").flatMap((limit) => problemsWith(kind, object, limit)),
  );
  if (problems.length === 0) return;
  const plural = kind === "Pod" ? "pods" : "persistentvolumeclaims";
  const text = problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
  const name = textIn(mapIn(object, "metadata"), "name");
  throw new ApiError("Forbidden", `${plural} "${name}" is forbidden: ${text}`);
}

function problemsWith(kind: string, object: Fields, limit: LooseFields): string[] {
  const type = String(limit["type"]);
  if (type === "PersistentVolumeClaim" && kind === "PersistentVolumeClaim") {
    return claimProblems(textsAt(object, "spec", "resources", "requests"), limit);
  }
  if (kind !== "Pod") return [];
  const lists = (list: string) =>
    listAt(object, "spec", list).map((container) => ({
      requests: textsAt(container, "resources", "requests"),
      limits: textsAt(container, "resources", "limits"),
    }));
  const containers = lists("containers");
  if (type === "Container") {
    return [...containers, ...lists("initContainers")].flatMap(({ requests, limits }) =>
      constraintProblems(type, requests, limits, limit),
    );
  }
  if (type !== "Pod") return [];
  const requests = total(containers.map((each) => each.requests));
  const limits = total(containers.map((each) => each.limits));
  return constraintProblems(type, requests, limits, limit);
}

function constraintProblems(
  type: string,
  requests: Quantities,
  limits: Quantities,
  limit: LooseFields,
): string[] {
  const check = (
    field: string,
    problem: (name: string, enforced: string, request?: string, limit?: string) => string | null,
  ) =>
    Object.entries(textsAt(limit, field))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, enforced]) => problem(name, enforced, requests[name], limits[name]) ?? []);
  return [
    ...check("min", (name, least, request, most) => {
      const rule = `minimum ${name} usage per ${type} is ${least}`;
      if (request === undefined) return `${rule}.  No request is specified`;
      if (isLess(request, least)) return `${rule}, but request is ${request}`;
      return most !== undefined && isLess(most, least) ? `${rule}, but limit is ${most}` : null;
    }),
    ...check("max", (name, bound, request, most) => {
      const rule = `maximum ${name} usage per ${type} is ${bound}`;
      if (most === undefined) return `${rule}.  No limit is specified`;
      if (isLess(bound, most)) return `${rule}, but limit is ${most}`;
      return request !== undefined && isLess(bound, request)
        ? `${rule}, but request is ${request}`
        : null;
    }),
    ...check("maxLimitRequestRatio", (name, ratio, request, most) => {
      const rule = `${name} max limit to request ratio per ${type} is ${ratio}`;
      const asked = parseQuantity(request ?? "0");
      const bound = parseQuantity(most ?? "0");
      if (asked === 0) return `${rule}, but no request is specified or request is 0`;
      if (bound === 0) return `${rule}, but no limit is specified or limit is 0`;
      const provided = bound / asked;
      return provided > parseQuantity(ratio)
        ? `${rule}, but provided ratio is ${provided.toFixed(6)}`
        : null;
    }),
  ];
}

function claimProblems(requests: Quantities, limit: LooseFields): string[] {
  const asked = requests["storage"] ?? "0";
  const bound = (field: string) => fieldAt(limit, field, "storage") as string | undefined;
  const [least, most] = [bound("min"), bound("max")];
  const label = "storage usage per PersistentVolumeClaim is";
  return [
    ...(least !== undefined && isLess(asked, least)
      ? [`minimum ${label} ${least}, but request is ${asked}`]
      : []),
    ...(most !== undefined && isLess(most, asked)
      ? [`maximum ${label} ${most}, but request is ${asked}`]
      : []),
  ];
}

/** What all have together, of the resources that all of them name. */
function total(lists: readonly Quantities[]): Quantities {
  const [first = {}, ...others] = lists;
  const names = Object.keys(first).filter((name) => others.every((list) => name in list));
  return Object.fromEntries(
    names.map((name) => [name, sumOfQuantities(lists.map((list) => list[name] ?? "0"))]),
  );
}

function isLess(a: string, b: string): boolean {
  return parseQuantity(canonicalQuantity(a)) < parseQuantity(canonicalQuantity(b));
}
