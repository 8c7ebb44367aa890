/**
 * Tells a kube-proxy what has happened to objects, as its watches do: one object at a time, or all
 * that differs between two states of a cluster.
 */
import { deepEqual } from "../deep-equal.ts";
import { type KubeObject, type Node, objectName } from "../objects.ts";
import type { KubeProxy } from "./kube-proxy.ts";

/** Tells a proxy what is different between two states: what is there now, then what is gone. */
export function tell(
  proxy: KubeProxy,
  nodeName: string,
  before: readonly KubeObject[],
  now: readonly KubeObject[],
): void {
  const previous = new Map(before.map((object) => [identity(object), object]));
  for (const object of now) {
    const old = previous.get(identity(object)) ?? null;
    previous.delete(identity(object));
    if (old === null || !deepEqual(old, object)) tellOne(proxy, nodeName, old, object);
  }
  for (const old of previous.values()) tellOne(proxy, nodeName, old, null);
}

/** Tells a proxy of one object: added (`old` null), changed, or deleted (`now` null). */
export function tellOne(
  proxy: KubeProxy,
  nodeName: string,
  old: KubeObject | null,
  now: KubeObject | null,
): void {
  const either = now ?? old;
  if (either?.kind === "Service") {
    proxy.serviceChanged(ofKind(old, "Service"), ofKind(now, "Service"));
  } else if (either?.kind === "EndpointSlice") {
    proxy.sliceChanged(ofKind(old, "EndpointSlice"), ofKind(now, "EndpointSlice"));
  } else if (either?.metadata.name === nodeName) {
    proxy.nodeChanged(ofKind(now, "Node"));
  }
}

function ofKind<Kind extends KubeObject["kind"]>(
  object: KubeObject | null,
  kind: Kind,
): Extract<KubeObject, { kind: Kind }> | null {
  return object?.kind === kind ? (object as Extract<KubeObject, { kind: Kind }>) : null;
}

/** The Node object of the proxy's own node. */
export function ownNode(objects: readonly KubeObject[], name: string): Node | null {
  for (const object of objects) {
    if (object.kind === "Node" && object.metadata.name === name) return object;
  }
  return null;
}

/** Kind, namespace and name: what makes two records the same object. */
export function identity(object: KubeObject): string {
  return `${object.kind} ${objectName(object.metadata)}`;
}
