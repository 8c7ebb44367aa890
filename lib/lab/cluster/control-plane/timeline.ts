/**
 * What happened in a cluster, on one clock: each write to the API server with who made it, what
 * kube-proxy asked of the node, and the first request that reached a Pod.
 */
import type { Ns } from "../../../base/units.ts";
import type { ApiObject, EndpointSlice, Node, Pod, Service } from "../../../kube/api/types.ts";
import { isReady } from "../../../kube/controllers/pods.ts";
import { keyOf, type WatchEvent } from "../../../kube/store.ts";
import { seconds } from "../../report.ts";

/** One thing that happened. */
export interface TimelineEntry {
  readonly at: Ns;
  /** Who: `replicaset-controller`, `kubelet`, `kube-proxy node1`, `Pod web-0`. */
  readonly by: string;
  /** What: `create`, `patch status`, `iptables-restore`, `first request`. */
  readonly what: string;
  /** `Pod default/web-0`, or "". */
  readonly object: string;
  /** What is different now, in words. */
  readonly detail: string;
}

/** Kinds whose writes tell nothing of the cluster's state, or only of time. */
const LEFT_OUT = new Set(["Event", "Lease"]);
/** Who gives every namespace the same things. */
const HOUSEKEEPERS = new Set(["root-ca-cert-publisher", "service-account-controller"]);

/** What happened in a cluster, on one clock. */
export class ClusterTimeline {
  readonly entries: TimelineEntry[] = [];

  add(at: Ns, by: string, what: string, object: string, detail: string): void {
    this.entries.push({ at, by, what, object, detail });
  }

  /** Takes a write as a watch brings it. */
  write(at: Ns, { object, previous, audit, type }: WatchEvent): void {
    if (LEFT_OUT.has(object.kind) || HOUSEKEEPERS.has(audit.user)) return;
    const detail = type === "DELETED" ? "gone" : changeOf(object, previous);
    // A write that nobody outside sees: counters, times of conditions.
    if (detail === "" && type === "MODIFIED") return;
    this.add(
      at,
      writerOf(object, audit.user),
      audit.verb,
      `${object.kind} ${keyOf(object)}`,
      detail,
    );
  }

  /** A line for each entry. */
  asText(): string {
    const width = Math.max(0, ...this.entries.map(({ by }) => by.length));
    return this.entries
      .map(({ at, by, what, object, detail }) => {
        const words = [what, object].filter((word) => word !== "").join(" ");
        const tail = detail === "" ? "" : `: ${detail}`;
        return `${seconds(at).padStart(12)}  ${by.padEnd(width)}  ${words}${tail}\n`;
      })
      .join("");
  }

  /** The same for programs. */
  asJson(): string {
    const entries = this.entries.map(({ at, ...rest }) => ({ atNs: at, ...rest }));
    return `${JSON.stringify(entries, null, 2)}\n`;
  }
}

/** The account; a kubelet with its node. */
function writerOf(object: ApiObject, user: string): string {
  if (user !== "kubelet") return user;
  const node = object.kind === "Node" ? object.metadata.name : (object as Pod).spec.nodeName;
  return node === undefined ? user : `kubelet ${node}`;
}

/** What a write has changed, as far as it matters to who gets which packet. */
function changeOf(object: ApiObject, previous: ApiObject | null): string {
  const now = stateOf(object);
  const before = previous === null ? "" : stateOf(previous);
  return now === before ? "" : now;
}

function stateOf(object: ApiObject): string {
  switch (object.kind) {
    case "Pod":
      return podState(object as Pod);
    case "EndpointSlice":
      return sliceState(object as EndpointSlice);
    case "Service":
      return serviceState(object as Service);
    case "Node":
      return nodeState(object as Node);
    default:
      return workloadState(object);
  }
}

function podState({ metadata, spec, status }: Pod): string {
  const words = [status.phase ?? "Pending"];
  if (isReadyNow(status)) words.push("Ready");
  if (status.podIP !== undefined) words.push(status.podIP);
  if (spec.nodeName !== undefined) words.push(`on ${spec.nodeName}`);
  if (metadata.deletionTimestamp !== undefined) words.push("terminating");
  const restarts = (status.containerStatuses ?? []).reduce((sum, one) => sum + one.restartCount, 0);
  if (restarts > 0) words.push(`restarted ${restarts === 1 ? "once" : `${restarts} times`}`);
  return words.join(", ");
}

function isReadyNow(status: Pod["status"]): boolean {
  return isReady({ status } as Pod);
}

function sliceState({ endpoints }: EndpointSlice): string {
  const all = (endpoints ?? []).map(({ addresses, conditions }) => {
    const state =
      conditions?.ready === true
        ? ""
        : conditions?.terminating === true
          ? conditions.serving === true
            ? " (serving, terminating)"
            : " (terminating)"
          : " (not ready)";
    return `${addresses.join(" ")}${state}`;
  });
  return all.length === 0 ? "no endpoints" : all.join(", ");
}

function serviceState({ spec, status }: Service): string {
  const ingress = status?.loadBalancer?.ingress ?? [];
  const addresses = ingress.map(({ ip, hostname }) => ip ?? hostname ?? "");
  return [spec.type, spec.clusterIP ?? "", ...addresses].filter((word) => word !== "").join(", ");
}

function nodeState({ spec, status }: Node): string {
  const ready = status.conditions?.find(({ type }) => type === "Ready")?.status;
  const words = [ready === "True" ? "Ready" : ready === "Unknown" ? "lost" : "not ready"];
  if (spec.podCIDR !== undefined) words.push(spec.podCIDR);
  if (spec.unschedulable === true) words.push("unschedulable");
  for (const { key, effect } of spec.taints ?? []) words.push(`${key}:${effect}`);
  return words.join(", ");
}

interface Counted {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly desiredNumberScheduled?: number;
  readonly numberReady?: number;
}

function workloadState({ spec, status, metadata }: ApiObject): string {
  const wanted = spec as Counted | undefined;
  const have = status as Counted | undefined;
  const replicas = wanted?.replicas ?? have?.desiredNumberScheduled;
  const ready = have?.readyReplicas ?? have?.numberReady ?? 0;
  if (replicas === undefined)
    return metadata.generation === undefined ? "" : `generation ${metadata.generation}`;
  return `${ready} of ${replicas} ready`;
}
