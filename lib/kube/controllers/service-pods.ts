/**
 * Between Services and Pods: which Services select a Pod, which of a Pod's changes they must hear
 * of, and which port of the Pod is meant.
 *
 * Spec: kubernetes staging endpointslice and pkg/controller/util/endpoint, v1.36.
 */
import { matchesLabels } from "../api/labels.ts";
import type { Pod, Service, ServicePort } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import type { Informers } from "../informer.ts";
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

/** Keys of the Services that select the Pod, now or before its change. */
export function servicesOf(informers: Informers, pod: Pod, previous: Pod | null): string[] {
  return informers
    .list("Service")
    .filter((service) => selects(service, pod) || (previous !== null && selects(service, previous)))
    .map(keyOf);
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
