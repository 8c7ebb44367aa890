/**
 * What is legal and leads nowhere: Services that select no Pod, ports that no Pod has a name for,
 * Ingresses to Services or ports that are not there. The API server takes all of it in silence, so
 * these are the questions that people ask first.
 */
import type { ApiObject, Pod, Service } from "./api/types.ts";
import { findPort, firstWish, labelsOf, selects } from "./controllers/service-pods.ts";
import { frontOf } from "./ingress-fronts.ts";
import type { Ingress } from "./ingress-objects.ts";
import { ObjectIndex } from "./object-index.ts";
import { objectKey, type Store } from "./store.ts";

/** One thing that leads nowhere. */
export interface DeadEnd {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** A sentence without its end: `selector app=web matches no Pod`. */
  readonly text: string;
}

/** All that leads nowhere in a cluster as it is now. */
export function deadEnds(store: Store): DeadEnd[] {
  const pods = store.list("Pod");
  const byLabel = new ObjectIndex<Pod>(labelsOf);
  for (const pod of pods) byLabel.replace(null, pod);
  return [
    ...store.list("Service").flatMap((service) => ofService(service, pods, byLabel)),
    ...store.list("Ingress").flatMap((ingress) => ofIngress(ingress, store)),
  ];
}

function ofService(service: Service, pods: readonly Pod[], byLabel: ObjectIndex<Pod>): DeadEnd[] {
  const { selector, ports = [], type } = service.spec;
  if (selector === undefined || type === "ExternalName") return [];
  const wish = firstWish(service.metadata.namespace, selector);
  const chosen = byLabel.list(wish).filter((pod) => selects(service, pod));
  const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  if (chosen.length === 0) {
    const elsewhere = pods.find((pod) =>
      selects({ ...service, metadata: { ...service.metadata, ...namespaceOf(pod) } }, pod),
    );
    const hint =
      elsewhere === undefined
        ? ""
        : `; Pod ${elsewhere.metadata.name} of namespace ${elsewhere.metadata.namespace} would match`;
    return [deadEnd(service, `selector ${labels.join(",")} matches no Pod${hint}`)];
  }
  return ports.flatMap((port) => {
    if (chosen.some((pod) => findPort(pod, port) !== null)) return [];
    const names = chosen.flatMap((pod) =>
      pod.spec.containers.flatMap((each) => (each.ports ?? []).flatMap(({ name }) => name ?? [])),
    );
    const known = [...new Set(names)];
    const has = known.length === 0 ? "they name none" : `they have ${known.join(", ")}`;
    return [
      deadEnd(
        service,
        `targetPort ${port.targetPort} (${port.protocol}) of port ${port.port} is no port of its Pods; ${has}`,
      ),
    ];
  });
}

function namespaceOf({ metadata }: Pod): { readonly namespace?: string | undefined } {
  return { namespace: metadata.namespace };
}

function ofIngress(ingress: ApiObject, store: Store): DeadEnd[] {
  const backends = backendsOf(ingress);
  const ends = backends.flatMap(({ service }) => {
    if (service === undefined) return [];
    const found = store.get("Service", objectKey(ingress.metadata.namespace, service.name));
    if (found === null) return [deadEnd(ingress, `backend Service ${service.name} is not there`)];
    const { number, name } = service.port ?? {};
    const has = (found.spec.ports ?? []).some(
      (port) => port.port === number || (name !== undefined && port.name === name),
    );
    if (has) return [];
    return [deadEnd(ingress, `backend Service ${service.name} has no port ${number ?? name}`)];
  });
  const className = (ingress.spec as { readonly ingressClassName?: string }).ingressClassName;
  const hasClass = className === undefined || store.get("IngressClass", className) !== null;
  if (hasClass && frontOf(ingress as unknown as Ingress, store) === null) {
    return [deadEnd(ingress, "no controller that takes it runs"), ...ends];
  }
  if (hasClass) return ends;
  return [deadEnd(ingress, `IngressClass ${className} is not there`), ...ends];
}

interface Backend {
  readonly service?: {
    readonly name: string;
    readonly port?: { readonly number?: number; readonly name?: string };
  };
}

function backendsOf(ingress: ApiObject): Backend[] {
  const { defaultBackend, rules = [] } = ingress.spec as {
    readonly defaultBackend?: Backend;
    readonly rules?: readonly {
      readonly http?: { readonly paths?: readonly { readonly backend: Backend }[] };
    }[];
  };
  const paths = rules.flatMap(({ http }) => http?.paths ?? []);
  const all = paths.map(({ backend }) => backend);
  return defaultBackend === undefined ? all : [defaultBackend, ...all];
}

function deadEnd(
  { kind, metadata }: { readonly kind: string; readonly metadata: Service["metadata"] },
  text: string,
): DeadEnd {
  return { kind, namespace: metadata.namespace ?? "", name: metadata.name, text };
}
