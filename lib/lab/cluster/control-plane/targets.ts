/** Where a step's command runs: a host, the container of a Pod, the host that has kubectl. */
import { resourceOf } from "../../../kube/api/resources.ts";
import type { ApiServer } from "../../../kube/api/server.ts";
import type { Pod } from "../../../kube/api/types.ts";
import { UsageError } from "../../../kube/kubectl/arguments.ts";
import { podsOfWorkload } from "../../../kube/kubectl/pod-of.ts";
import { requireResource } from "../../../kube/kubectl/select.ts";
import { objectKey } from "../../../kube/store.ts";

/** `pod/web-0`, `deployment/web`, `kube-system/deployment/coredns`, taken apart. */
export interface WorkloadName {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** The parts of the name of an object; null for the plain name of a host. */
export function workloadName(text: string): WorkloadName | null {
  const parts = text.split("/");
  const [first = "", second = "", third] = parts;
  if (parts.length === 1) return null;
  return third === undefined
    ? { namespace: "default", kind: first, name: second }
    : { namespace: first, kind: second, name: third };
}

/** The Pods that a name means, the first one best; a text that says why there is none. */
export function podsNamed(server: ApiServer, name: WorkloadName): Pod[] | string {
  const { namespace, kind } = name;
  let resource: ReturnType<typeof requireResource>;
  try {
    resource = requireResource(server, kind);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  const key = objectKey(resource.namespaced ? namespace : undefined, name.name);
  const object = server.find(resource.kind, key);
  if (object === null) return `there is no ${resource.kind} "${key}"`;
  if (object.kind === "Pod") return [object as Pod];
  if (resourceOf(object.apiVersion, object.kind) === null || object.spec === undefined) {
    return `${resource.kind} "${key}" has no Pods`;
  }
  try {
    const pods = podsOfWorkload(server, object);
    return pods.length === 0 ? `${resource.kind} "${key}" has no Pod now` : pods;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}
