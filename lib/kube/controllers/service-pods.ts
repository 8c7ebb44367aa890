/**
 * Between Services and Pods: which Services select a Pod, which of a Pod's changes they must hear
 * of, and which port of the Pod is meant.
 *
 * Spec: kubernetes staging endpointslice and pkg/controller/util/endpoint, v1.36.
 */
import { matchesLabels } from "../api/labels.ts";
import type { Pod, Service, ServicePort, StringMap } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import type { Informers } from "../informer.ts";
import type { ObjectIndex } from "../object-index.ts";
import { compareNames } from "../objects.ts";
import { keyOf } from "../store.ts";
import { isReady } from "./pods.ts";

/** Whether a change of the Pod changes what an endpoint says. */
export function endpointChanged(pod: Pod, previous: Pod | null): boolean {
  if (previous === null) return true;
  return (
    pod.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
    pod.status.podIP !== previous.status.podIP ||
    pod.status.phase !== previous.status.phase ||
    isReady(pod) !== isReady(previous) ||
    pod.spec.nodeName !== previous.spec.nodeName ||
    !deepEqual(pod.metadata.labels, previous.metadata.labels)
  );
}

/** Who selects whom, found without looking at everybody. */
export class ServicePods {
  readonly #pods: ObjectIndex<Pod>;
  readonly #services: ObjectIndex<Service>;

  constructor(informers: Informers) {
    this.#pods = informers.index("Pod", labelsOf);
    this.#services = informers.index("Service", selectedBy);
  }

  /** The Pods that the Service selects, by key. */
  podsOf(service: Service): readonly Pod[] {
    const { metadata, spec } = service;
    if (spec.selector === undefined) return [];
    const some = this.#pods.list(firstWish(metadata.namespace, spec.selector));
    const isAll = Object.keys(spec.selector).length < 2;
    return isAll ? some : some.filter((pod) => selects(service, pod));
  }

  /** The Services that select the Pod, by key. */
  servicesOf(pod: Pod): Service[] {
    const found: Service[] = [];
    for (const wish of labelsOf(pod)) {
      for (const service of this.#services.values(wish)) {
        if (selects(service, pod)) found.push(service);
      }
    }
    return found.length < 2 ? found : found.sort((a, b) => compareNames(keyOf(a), keyOf(b)));
  }

  /** Keys of the Services that select the Pod, now or before its change. */
  keysOf(pod: Pod, previous: Pod | null): string[] {
    const keys = this.servicesOf(pod).map(keyOf);
    if (previous === null || deepEqual(previous.metadata.labels, pod.metadata.labels)) return keys;
    const all = new Set([...keys, ...this.servicesOf(previous).map(keyOf)]);
    return [...all].sort(compareNames);
  }
}

/** By what a Service is found: the first thing that it wants of a Pod. */
function selectedBy({ metadata, spec }: Service): readonly string[] {
  return spec.selector === undefined ? [] : [firstWish(metadata.namespace, spec.selector)];
}

/** By what a Pod is found: its labels, and that it is in its namespace. */
export function labelsOf({ metadata }: Pod): readonly string[] {
  const { namespace, labels = NO_LABELS } = metadata;
  const known = read.get(labels);
  if (known !== undefined && known.namespace === namespace) return known.values;
  const values = [any(namespace)];
  for (const key of Object.keys(labels)) values.push(pair(namespace, [key, labels[key] ?? ""]));
  read.set(labels, { namespace, values });
  return values;
}

const NO_LABELS: StringMap = {};

/** What was read of labels: a Pod keeps them for life, and is looked up at each of its changes. */
const read = new WeakMap<
  StringMap,
  { readonly namespace: string | undefined; readonly values: readonly string[] }
>();

/** What a selector asks for first: few Pods have it by `labelsOf`, and all that are selected. */
export function firstWish(namespace: string | undefined, selector: StringMap): string {
  const [first] = Object.entries(selector);
  return first === undefined ? any(namespace) : pair(namespace, first);
}

function any(namespace = ""): string {
  return `${namespace}/`;
}

function pair(namespace = "", [key, value]: readonly [string, string]): string {
  return `${namespace}/${key}=${value}`;
}

/** Whether a Service has the Pod among its endpoints. */
export function selects(service: Service, pod: Pod): boolean {
  return (
    service.spec.selector !== undefined &&
    service.metadata.namespace === pod.metadata.namespace &&
    matchesLabels(service.spec.selector, pod.metadata.labels)
  );
}

/** The number of the Pod's port that a Service port means, or null if it names none. */
export function findPort(pod: Pod, { targetPort, protocol }: ServicePort): number | null {
  if (typeof targetPort === "number") return targetPort;
  const containers = [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always"),
  ];
  for (const { ports } of containers) {
    for (const port of ports ?? []) {
      if (port.name === targetPort && (port.protocol ?? "TCP") === protocol)
        return port.containerPort;
    }
  }
  return null;
}
