/**
 * `kubectl describe`: an object with what belongs to it, and the Events about it.
 *
 * Spec: kubectl pkg/describe, v1.36.
 * Not modelled: descriptions of kinds beside Services, their endpoints, workloads, Pods and Nodes show
 * the object's metadata and fields only.
 */
import type { ApiServer } from "../api/server.ts";
import type {
  ApiObject,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  Node,
  Pod,
  ReplicaSet,
  Service,
  StatefulSet,
} from "../api/types.ts";
import type { Arguments } from "./arguments.ts";
import { deploymentRows } from "./describe/deployment.ts";
import { eventRows } from "./describe/events.ts";
import { nodeRows } from "./describe/node.ts";
import { podRows } from "./describe/pod.ts";
import { head, layOut } from "./describe/rows.ts";
import { endpointsRows, serviceRows, sliceRows } from "./describe/service.ts";
import { daemonSetRows, replicaSetRows, statefulSetRows } from "./describe/workloads.ts";
import type { Output } from "./output.ts";
import { objectsOf, selections } from "./select.ts";
import { toYaml } from "./yaml-text.ts";

/** Writes the descriptions of what the arguments name. */
export function describe(server: ApiServer, args: Arguments, output: Output): void {
  const objects = selections(server, args.words).flatMap((selection) =>
    objectsOf(server, selection, args),
  );
  if (objects.length === 0) {
    output.warn(`No resources found in ${args.namespace} namespace.`);
    return;
  }
  output.write(objects.map((object) => describeOne(server, object)).join("\n\n"));
}

function describeOne(server: ApiServer, object: ApiObject): string {
  const events = eventRows(server, object);
  switch (object.kind) {
    case "Service":
      return layOut([...serviceRows(server, object as Service), ...events]);
    case "EndpointSlice":
      return layOut([...sliceRows(object as EndpointSlice), ...events]);
    case "Endpoints":
      return layOut([...endpointsRows(object as Endpoints), ...events]);
    case "ReplicaSet":
      return layOut([...replicaSetRows(server, object as ReplicaSet), ...events]);
    case "StatefulSet":
      return layOut([...statefulSetRows(server, object as StatefulSet), ...events]);
    case "DaemonSet":
      return layOut([...daemonSetRows(server, object as DaemonSet), ...events]);
    case "Deployment":
      return layOut([...deploymentRows(server, object as Deployment), ...events]);
    case "Pod":
      return layOut([...podRows(object as Pod), ...events]);
    case "Node":
      return layOut([...nodeRows(server, object as Node), ...events]);
    default:
      return layOut([
        ...head(object),
        ...toYaml({ spec: object.spec, status: object.status }).trimEnd().split("\n"),
        ...events,
      ]);
  }
}
