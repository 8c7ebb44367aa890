/** The cluster's objects as DNS and ingress controllers ask for them, out of an informer's caches. */
import { ListedObjects } from "../dns-objects.ts";
import type { Informers } from "../informer.ts";

/** The cluster's objects as a container's program sees them. */
export function objectsOf(api: Informers): ListedObjects {
  return new ListedObjects({
    namespaces: () => api.list("Namespace").map(({ metadata }) => metadata.name),
    services: () => api.list("Service"),
    endpointSlices: () => api.list("EndpointSlice"),
  });
}
