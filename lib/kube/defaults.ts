/**
 * The values that the API server fills in, for objects that come from a file.
 *
 * Spec: Kubernetes API defaulting of v1 Service and discovery.k8s.io/v1 EndpointSlice.
 */
import type { EndpointSlice, KubeObject, Service } from "./objects.ts";

/** Session affinity without a timeout lasts three hours. */
export const DEFAULT_AFFINITY_SECONDS = 10800;

/** A copy of `object` with what the API server would add. */
export function withDefaults(object: KubeObject): KubeObject {
  switch (object.kind) {
    case "Service":
      return withServiceDefaults(object);
    case "EndpointSlice":
      return withSliceDefaults(object);
    case "Node":
      return object;
  }
}

function withServiceDefaults(service: Service): Service {
  const { spec } = service;
  const type = spec.type ?? "ClusterIP";
  const clusterIP = spec.clusterIP ?? spec.clusterIPs?.[0] ?? "";
  return {
    ...service,
    metadata: { namespace: "default", ...service.metadata },
    spec: {
      ...spec,
      type,
      clusterIP,
      clusterIPs: spec.clusterIPs ?? (clusterIP === "" ? [] : [clusterIP]),
      sessionAffinity: spec.sessionAffinity ?? "None",
      ...(spec.sessionAffinity === "ClientIP" && {
        sessionAffinityConfig: {
          clientIP: {
            timeoutSeconds:
              spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS,
          },
        },
      }),
      ...(type !== "ExternalName" && {
        internalTrafficPolicy: spec.internalTrafficPolicy ?? "Cluster",
      }),
      ports: (spec.ports ?? []).map((port) => ({ ...port, protocol: port.protocol ?? "TCP" })),
    },
  };
}

function withSliceDefaults(slice: EndpointSlice): EndpointSlice {
  return {
    ...slice,
    metadata: { namespace: "default", ...slice.metadata },
    ports: (slice.ports ?? []).map((port) => ({
      ...port,
      name: port.name ?? "",
      protocol: port.protocol ?? "TCP",
    })),
  };
}
