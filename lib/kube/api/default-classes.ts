/**
 * The class that admission gives to new Ingresses and claims that name none: the newest of those
 * marked as default.
 *
 * Spec: admission plugins DefaultIngressClass and DefaultStorageClass of v1.36.
 */
import type { Store } from "../store.ts";
import { ensureMap, type Fields, mapIn } from "./fields.ts";
import type { ApiObject } from "./types.ts";

/** On IngressClasses: it is that of Ingresses which name none. */
export const DEFAULT_INGRESS_CLASS = "ingressclass.kubernetes.io/is-default-class";
const INGRESS_CLASS = "kubernetes.io/ingress.class";
const STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class";
/** The annotations that mark a class as default, by the classes' kind. */
const MARKS: ReadonlyMap<string, readonly string[]> = new Map([
  ["IngressClass", [DEFAULT_INGRESS_CLASS]],
  [
    "StorageClass",
    [
      "storageclass.kubernetes.io/is-default-class",
      "storageclass.beta.kubernetes.io/is-default-class",
    ],
  ],
]);

/** Whether a class, of Ingresses or of storage, is marked as default. */
export function isDefaultClass({ kind, metadata }: ApiObject): boolean {
  return (MARKS.get(kind) ?? []).some((name) => metadata.annotations?.[name] === "true");
}

/** Gives a new object the default class, if its kind has classes and it names none. */
export function admitClass(store: Store, kind: string, fields: Fields): void {
  if (kind === "Ingress") name(store, fields, "IngressClass", "ingressClassName", INGRESS_CLASS);
  if (kind === "PersistentVolumeClaim")
    name(store, fields, "StorageClass", "storageClassName", STORAGE_CLASS);
}

function name(
  store: Store,
  fields: Fields,
  classKind: string,
  field: string,
  annotation: string,
): void {
  const spec = ensureMap(fields, "spec");
  const annotations = mapIn(mapIn(fields, "metadata"), "annotations");
  if (spec[field] !== undefined || annotations?.[annotation] !== undefined) return;
  const [newest] = store.list(classKind).filter(isDefaultClass).sort(newestFirst);
  if (newest !== undefined) spec[field] = newest.metadata.name;
}

function newestFirst({ metadata: a }: ApiObject, { metadata: b }: ApiObject): number {
  if (a.creationTimestamp !== b.creationTimestamp)
    return a.creationTimestamp > b.creationTimestamp ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}
