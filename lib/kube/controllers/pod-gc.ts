/**
 * The Pod garbage collector: Pods whose node is gone, or was given up as out of service, and Pods
 * that are to go and were never on any node, have no kubelet that would end them.
 *
 * Spec: kubernetes pkg/controller/podgc, v1.36: it looks every 20 s, and a node that is missing has
 * 40 s to come back.
 * Not modelled: --terminated-pod-gc-threshold, which is 12500.
 */
import { NS_PER_S, type Ns } from "../../base/units.ts";
import type { Condition, Node, Pod, PodStatus } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { Alarm, type ControllerContext, WorkQueue } from "./controller.ts";
import { isNodeReady, isTerminal } from "./pods.ts";

const PERIOD_NS = 20 * NS_PER_S;
const QUARANTINE_NS = 40 * NS_PER_S;
const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";
const NODE_GONE = "PodGC: node no longer exists";

/** Deletes Pods that nobody else can end. */
export class PodGarbageCollector {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #work: WorkQueue;
  readonly #alarm: Alarm;
  /** Since when nodes are missing that Pods are on, by name. */
  readonly #missing = new Map<string, Ns>();

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "pod-garbage-collector");
    this.#work = new WorkQueue(scheduler, { startNs: 0 }, () => this.#collect());
    this.#alarm = new Alarm(scheduler, () => {
      this.#work.add("pods");
      this.#alarm.setIn(PERIOD_NS);
    });
    this.#alarm.setIn(PERIOD_NS);
  }

  *#collect(): Sync {
    const pods = this.#informers.list("Pod");
    const gone = this.#goneNodes(pods);
    for (const pod of pods) {
      const { nodeName } = pod.spec;
      const isGoing = pod.metadata.deletionTimestamp !== undefined;
      if (nodeName === undefined) {
        if (isGoing) yield* this.#end(pod, null);
        continue;
      }
      if (gone.has(nodeName)) yield* this.#end(pod, NODE_GONE);
      else if (isGoing && isGivenUp(this.#informers.get("Node", nodeName)))
        yield* this.#end(pod, null);
    }
  }

  /** The nodes that Pods are on and that have been missing for long enough. */
  #goneNodes(pods: readonly Pod[]): ReadonlySet<string> {
    const { now } = this.#client;
    const missing = new Set<string>();
    for (const { spec } of pods) {
      const { nodeName } = spec;
      if (nodeName === undefined || this.#informers.get("Node", nodeName) !== null) continue;
      missing.add(nodeName);
      if (!this.#missing.has(nodeName)) this.#missing.set(nodeName, now);
    }
    for (const name of this.#missing.keys()) if (!missing.has(name)) this.#missing.delete(name);
    for (const name of missing)
      if (now - (this.#missing.get(name) ?? now) < QUARANTINE_NS) missing.delete(name);
    return missing;
  }

  /** Says that a Pod has failed, and deletes it at once. */
  *#end(pod: Pod, why: string | null): Sync {
    const key = keyOf(pod);
    if (!isTerminal(pod)) {
      const time = this.#client.time;
      yield* this.#client.patchStatus("Pod", key, (present) => failed(present, why, time));
    }
    yield* this.#client.delete("Pod", key, { gracePeriodSeconds: 0 });
  }
}

function failed(pod: Pod, why: string | null, time: string): PodStatus {
  if (why === null) return { ...pod.status, phase: "Failed" };
  const condition: Condition = {
    type: "DisruptionTarget",
    observedGeneration: pod.metadata.generation,
    status: "True",
    reason: "DeletionByPodGC",
    message: why,
    lastProbeTime: null,
    lastTransitionTime: time,
  };
  const others = (pod.status.conditions ?? []).filter(({ type }) => type !== condition.type);
  return { ...pod.status, phase: "Failed", conditions: [...others, condition] };
}

/** Whether somebody has said that the node is off and stays so. */
function isGivenUp(node: Node | null): boolean {
  return (
    node !== null &&
    !isNodeReady(node) &&
    (node.spec.taints ?? []).some(({ key }) => key === OUT_OF_SERVICE)
  );
}
