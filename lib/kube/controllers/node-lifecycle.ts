/**
 * The node lifecycle controller and the taint eviction that goes with it: what a node's condition
 * means for its taints and its Pods, and what happens when a node is not heard of any more.
 *
 * Spec: kubernetes pkg/controller/nodelifecycle and tainteviction, v1.36;
 * --node-monitor-grace-period 50 s, --node-monitor-period 5 s, --node-eviction-rate 0.1.
 * Differs: a node that has never renewed a Lease nor sent a heartbeat is not given up, so that
 * clusters whose kubelets send none stay as they are.
 */
import { NS_PER_MS, NS_PER_S, type Ns } from "../../base/units.ts";
import { parseTime } from "../api/time.ts";
import type { Condition, Node, Pod, Taint } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { tolerates } from "../scheduler/node-fit.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { Alarm, type ControllerContext, WorkQueue } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import { conditionOf, isReady } from "./pods.ts";

const START_NS = 5 * NS_PER_MS;
const MONITOR_NS = 5 * NS_PER_S;
const GRACE_NS = 50 * NS_PER_S;
/** At most one node in so long is given up. */
const EVICTION_NS = 10 * NS_PER_S;
const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const CORDONED = "node.kubernetes.io/unschedulable";
/** The conditions that a lost node's kubelet would have reported. */
const CONDITIONS = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** Taints nodes that give no sign of life. */
export class NodeLifecycleController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #events: EventRecorder;
  readonly #taints: WorkQueue;
  readonly #monitor: WorkQueue;
  readonly #evictions: WorkQueue;
  readonly #alarm: Alarm;
  readonly #heardAt = new Map<string, Ns>();
  #givenUpAt: Ns = Number.NEGATIVE_INFINITY;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "node-controller");
    this.#events = new EventRecorder(server, "taint-eviction-controller");
    this.#taints = new WorkQueue(scheduler, { startNs: START_NS }, (key) =>
      this.#setNoSchedule(key),
    );
    this.#monitor = new WorkQueue(scheduler, { startNs: 0 }, () => this.#lookAtAll());
    this.#evictions = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#evict(key));
    this.#alarm = new Alarm(scheduler, () => {
      this.#monitor.add("nodes");
      this.#alarm.setIn(MONITOR_NS);
    });
    this.#alarm.setIn(MONITOR_NS);
    informers.on("Node", ({ type, object, previous }) => {
      const { name } = object.metadata;
      if (type === "DELETED") this.#heardAt.delete(name);
      else if (heartbeat(object) !== heartbeat(previous)) this.#heardAt.set(name, this.#client.now);
      this.#taints.add(name);
      for (const pod of informers.list("Pod"))
        if (pod.spec.nodeName === name) this.#evictions.add(keyOf(pod));
    });
    informers.on("Pod", ({ object, previous }) => {
      if (object.spec.nodeName !== previous?.spec.nodeName) this.#evictions.add(keyOf(object));
    });
    informers.on("Lease", ({ object }) =>
      this.#heardAt.set(object.metadata.name, this.#client.now),
    );
  }

  /** The NoSchedule taints of a node's conditions, at once. */
  *#setNoSchedule(name: string): Sync {
    const node = this.#informers.get("Node", name);
    if (node === null) return;
    const wanted = noScheduleTaints(node);
    const present = (node.spec.taints ?? []).filter(isManagedNoSchedule);
    const same =
      wanted.length === present.length &&
      wanted.every(({ key }) => present.some((taint) => taint.key === key));
    if (same) return;
    const timed = wanted.map(
      (taint) =>
        present.find(({ key }) => key === taint.key) ?? { ...taint, timeAdded: this.#client.time },
    );
    yield* this.#changeTaints(name, (taints) => [
      ...taints.filter((taint) => !isManagedNoSchedule(taint)),
      ...timed,
    ]);
  }

  /** Every five seconds: nodes that are silent, and the NoExecute taints. */
  *#lookAtAll(): Sync {
    for (const node of this.#informers.list("Node")) {
      const heardAt = this.#heardAt.get(node.metadata.name) ?? Number.POSITIVE_INFINITY;
      const silentNs = this.#client.now - heardAt;
      const isLost = conditionOf(node.status.conditions, "Ready")?.status === "Unknown";
      if (silentNs > GRACE_NS && !isLost) yield* this.#declareLost(node);
      yield* this.#setNoExecute(node.metadata.name);
    }
  }

  *#declareLost(node: Node): Sync {
    const time = this.#client.time;
    yield* this.#client.patchStatus("Node", node.metadata.name, (current) => ({
      ...current.status,
      conditions: (current.status.conditions ?? []).map((condition) =>
        CONDITIONS.includes(condition.type) ? unknown(condition, time) : condition,
      ),
    }));
    for (const pod of this.#informers.list("Pod")) {
      if (pod.spec.nodeName !== node.metadata.name || !isReady(pod)) continue;
      yield* this.#client.patchStatus("Pod", keyOf(pod), (current) => ({
        ...current.status,
        conditions: (current.status.conditions ?? []).map((condition) =>
          condition.type === "Ready"
            ? { ...condition, status: "False", lastTransitionTime: time }
            : condition,
        ),
      }));
    }
  }

  *#setNoExecute(name: string): Sync {
    yield* waitForCache();
    const node = this.#informers.get("Node", name);
    if (node === null) return;
    const wanted = readyTaint(node);
    const present = (node.spec.taints ?? []).find(
      ({ key, effect }) => effect === "NoExecute" && (key === NOT_READY || key === UNREACHABLE),
    );
    if (present?.key === wanted?.key) return;
    if (wanted !== null) {
      if (this.#client.now - this.#givenUpAt < EVICTION_NS) return;
      this.#givenUpAt = this.#client.now;
    }
    yield* this.#changeTaints(name, (taints) => {
      const others = taints.filter(
        (taint) =>
          taint.effect !== "NoExecute" || (taint.key !== NOT_READY && taint.key !== UNREACHABLE),
      );
      return wanted === null
        ? others
        : [...others, { key: wanted.key, effect: "NoExecute", timeAdded: this.#client.time }];
    });
  }

  *#changeTaints(name: string, change: (taints: readonly Taint[]) => readonly Taint[]): Sync {
    yield* this.#client.patch("Node", name, (current) => {
      const node = current as Node;
      const taints = change(node.spec.taints ?? []);
      return { ...node, spec: { ...node.spec, taints: taints.length === 0 ? undefined : taints } };
    });
  }

  /** Ends a Pod whose node has a NoExecute taint, when it no longer tolerates it. */
  *#evict(key: string): Sync {
    const pod = this.#informers.get("Pod", key);
    const node = pod === null ? null : this.#informers.get("Node", pod.spec.nodeName ?? "");
    if (pod === null || node === null || pod.metadata.deletionTimestamp !== undefined) return;
    const waits = (node.spec.taints ?? [])
      .filter(({ effect }) => effect === "NoExecute")
      .map((taint) => this.#toleratedFor(pod, taint));
    if (waits.length === 0) return;
    const least = Math.min(...waits);
    if (least > 0) {
      if (Number.isFinite(least)) this.#evictions.addAfter(key, least);
      return;
    }
    const time = this.#client.time;
    this.#events.event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`);
    yield* this.#client.patchStatus("Pod", key, (current) => ({
      ...current.status,
      conditions: [
        ...(current.status.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget"),
        {
          type: "DisruptionTarget",
          observedGeneration: pod.metadata.generation,
          status: "True",
          reason: "DeletionByTaintManager",
          message: "Taint manager: deleting due to NoExecute taint",
          lastProbeTime: null,
          lastTransitionTime: time,
        },
      ],
    }));
    yield* this.#client.delete("Pod", key);
  }

  /** How much longer, in ns, the Pod stays with the taint: 0 or less is over, Infinity for ever. */
  #toleratedFor(pod: Pod, taint: Taint): Ns {
    const matching = (pod.spec.tolerations ?? []).filter((toleration) =>
      tolerates(toleration, taint),
    );
    if (matching.length === 0) return 0;
    const seconds = Math.min(
      ...matching.map(({ tolerationSeconds }) => tolerationSeconds ?? Number.POSITIVE_INFINITY),
    );
    const since =
      parseTime(taint.timeAdded ?? this.#client.time) - this.#client.server.epochSeconds;
    return (since + seconds) * NS_PER_S - this.#client.now;
  }
}

/** Time enough for the cache to show the write before. */
function* waitForCache(): Sync {
  yield START_NS;
}

function heartbeat(node: Node | null): string {
  return (node?.status.conditions ?? [])
    .map(({ lastHeartbeatTime }) => lastHeartbeatTime ?? "")
    .join();
}

/** The taint that a node's Ready condition stands for, or null. */
function readyTaint(node: Node): Taint | null {
  const status = conditionOf(node.status.conditions, "Ready")?.status;
  if (status === "True" || status === undefined) return null;
  return { key: status === "False" ? NOT_READY : UNREACHABLE, effect: "NoSchedule" };
}

function noScheduleTaints(node: Node): Taint[] {
  const taints: Taint[] = [];
  const ready = readyTaint(node);
  if (ready !== null) taints.push(ready);
  if (node.spec.unschedulable === true) taints.push({ key: CORDONED, effect: "NoSchedule" });
  return taints;
}

function isManagedNoSchedule({ key, effect }: Taint): boolean {
  return effect === "NoSchedule" && [NOT_READY, UNREACHABLE, CORDONED].includes(key);
}

function unknown(condition: Condition, time: string): Condition {
  return {
    ...condition,
    status: "Unknown",
    reason: "NodeStatusUnknown",
    message: "Kubelet stopped posting node status.",
    lastTransitionTime: time,
  };
}
