/**
 * Specs of Pods in templates that the API server has completed and found right. Objects that are
 * stored or sent are never changed, so a spec that comes again, in the next ReplicaSet, in a Pod or
 * in a manifest that was tried before, is known by its identity: it is neither copied nor looked at
 * once more. Most Pods come from templates, and their specs are most of what there is to check.
 */
import { copyFields, type Fields, mapIn, mapsIn, textIn } from "./fields.ts";

/** What specs have become, by what was sent; what they have become is known too. */
const SPECS = new WeakMap<object, Fields>();

/** The spec of Pods in the template of a workload. */
export function templateSpec(workload: Readonly<Fields>): Fields | null {
  return mapIn(mapIn(mapIn(workload, "spec"), "template"), "spec");
}

/** What a spec became that was sent before; null of one that was not, or was not in a template. */
export function knownSpec(sent: unknown): Fields | null {
  return typeof sent === "object" && sent !== null ? (SPECS.get(sent) ?? null) : null;
}

/** Keeps what the spec of a template has become, once it has been found right. */
export function keepSpec(sent: Fields | null, spec: Fields | null): void {
  if (sent === null || spec === null || sent === spec) return;
  SPECS.set(sent, spec);
  SPECS.set(spec, spec);
}

/** A copy of a known spec for a Pod: with own parts where defaults and admission change them. */
export function podSpecOf(known: Fields): Fields {
  const spec = { ...known };
  for (const list of ["initContainers", "containers"]) {
    if (spec[list] !== undefined) spec[list] = mapsIn(spec, list).map(containerOf);
  }
  return spec;
}

function containerOf(known: Fields): Fields {
  const container = { ...known };
  for (const name of ["ports", "resources"]) {
    if (container[name] !== undefined) container[name] = copyFields(container[name]);
  }
  return container;
}

/**
 * Whether a Pod of a known spec is right whatever admission adds to it, but for what LimitRanges
 * fill in: where its ports are not those of the node, what its containers ask for is not counted
 * together, and what is added meets nothing of the same name.
 */
export function staysRight(known: Fields): boolean {
  const containers = [...mapsIn(known, "initContainers"), ...mapsIn(known, "containers")];
  return (
    known["hostNetwork"] !== true &&
    known["resources"] === undefined &&
    containers.every((container) => mapsIn(container, "volumeDevices").length === 0) &&
    mapsIn(known, "volumes").every((volume) => !textIn(volume, "name").startsWith(TOKEN_VOLUME))
  );
}

/** How the volumes begin that admission adds for the tokens of accounts. */
export const TOKEN_VOLUME = "kube-api-access-";
