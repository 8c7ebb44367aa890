/**
 * The kubelets of the control-plane corpus: they run nothing, but say at fixed times that they do.
 * Annotations fake/… on a Pod change the times.
 */
import { NS_PER_MS, NS_PER_S, type Ns } from "../../lib/base/units.ts";
import type { ApiServer } from "../../lib/kube/api/server.ts";
import type { Condition, Node, Pod, PodStatus } from "../../lib/kube/api/types.ts";
import { Alarm } from "../../lib/kube/controllers/controller.ts";
import type { Informers } from "../../lib/kube/informer.ts";
import { keyOf } from "../../lib/kube/store.ts";
import type { Scheduler } from "../../lib/sim/scheduler.ts";
import { creating, ended, exited, readiness, running } from "./fake-status.ts";

const USER = "kubelet";
const START_NS = 500 * NS_PER_MS;
const PROBE_NS = NS_PER_S;
const STOP_NS = 300 * NS_PER_MS;
const RENEW_NS = 10 * NS_PER_S;
/** Plays the kubelets of all nodes. */
export class FakeKubelets {
  readonly #scheduler: Scheduler;
  readonly #server: ApiServer;
  readonly #renewal: Alarm;
  readonly #seen = new Set<string>();
  readonly #stopping = new Set<string>();
  readonly #addresses = new Map<string, string>();
  readonly #lastOctet = new Map<string, number>();
  /** Nodes that are cut off. */
  readonly #down = new Set<string>();

  constructor(scheduler: Scheduler, server: ApiServer, informers: Informers) {
    this.#scheduler = scheduler;
    this.#server = server;
    this.#renewal = new Alarm(scheduler, () => this.#renew());
    this.#renewal.setIn(NS_PER_S);
    informers.on("Pod", ({ type, object }) => {
      if (type !== "DELETED") this.#changed(object);
    });
  }

  /** Each node that is not cut off renews its Lease. */
  #renew(): void {
    this.#renewal.setIn(RENEW_NS);
    const spec = { renewTime: this.#server.time };
    for (const { metadata } of this.#server.store.list("Node")) {
      const { name } = metadata;
      if (this.#down.has(name)) continue;
      const key = `kube-node-lease/${name}`;
      if (this.#server.find("Lease", key) !== null) {
        this.#server.patch("Lease", key, (lease) => ({ ...lease, spec }), USER);
        continue;
      }
      const lease = { name, namespace: "kube-node-lease" };
      this.#server.create(
        { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: lease, spec },
        USER,
      );
    }
  }

  /** The readiness probe of a Pod has another result from now on. */
  setReadiness(key: string, ready: boolean): void {
    this.#patch(key, (pod) => ({ ...pod.status, ...readiness(pod, ready, this.#server.time) }));
  }

  /** All containers of a Pod exit: they are started again, or the Pod has ended. */
  kill(key: string): void {
    const pod = this.#server.store.get("Pod", key);
    if (pod === null) return;
    if (pod.spec.restartPolicy !== "Always") {
      this.#patch(key, (present) => ended(present, this.#server.time));
      return;
    }
    this.#patch(key, (present) => exited(present, this.#server.time));
    const { uid } = pod.metadata;
    this.#later(START_NS, () => this.#start(key, uid));
  }

  /** A node is cut off, or back. */
  setDown(node: string, down: boolean): void {
    if (down) this.#down.add(node);
    else this.#down.delete(node);
    if (down) return;
    this.#renew();
    this.setNodeReady(node, true);
    for (const pod of this.#server.store.list("Pod"))
      if (pod.spec.nodeName === node) this.#changed(pod);
  }

  /** A node's kubelet says that it is ready or not. */
  setNodeReady(node: string, ready: boolean): void {
    const condition: Condition = {
      type: "Ready",
      status: ready ? "True" : "False",
      reason: ready ? "KubeletReady" : "KubeletNotReady",
      lastTransitionTime: this.#server.time,
    };
    const change = (current: Node): Node["status"] => ({
      ...current.status,
      conditions: [
        ...(current.status.conditions ?? []).filter(({ type }) => type !== "Ready"),
        condition,
      ],
    });
    this.#server.patchStatus("Node", node, change, USER);
  }

  #changed(pod: Pod): void {
    const { uid, deletionTimestamp } = pod.metadata;
    if (pod.spec.nodeName === undefined || this.#down.has(pod.spec.nodeName)) return;
    if (deletionTimestamp !== undefined) {
      if (this.#stopping.has(uid)) return;
      this.#stopping.add(uid);
      this.#later(seconds(pod, "fake/terminate-after") ?? STOP_NS, () =>
        this.#stop(keyOf(pod), uid),
      );
      return;
    }
    if (this.#seen.has(uid)) return;
    this.#seen.add(uid);
    this.#assignAddress(pod);
    this.#patch(keyOf(pod), (present) =>
      creating(present, this.#server.time, this.#hostAddress(present)),
    );
    this.#later(seconds(pod, "fake/start-after") ?? START_NS, () => this.#start(keyOf(pod), uid));
  }

  #start(key: string, uid: string): void {
    const pod = this.#find(key, uid);
    if (pod === null || pod.metadata.deletionTimestamp !== undefined) return;
    const probed = pod.spec.containers.some(({ readinessProbe }) => readinessProbe !== undefined);
    const never = pod.metadata.annotations?.["fake/never-ready"] === "true";
    this.#patch(key, (present) =>
      running(present, !probed && !never, this.#server.time, this.#podAddress(present)),
    );
    if (!probed || never) return;
    this.#later(seconds(pod, "fake/ready-after") ?? PROBE_NS, () => {
      const present = this.#find(key, uid);
      if (present !== null && present.metadata.deletionTimestamp === undefined)
        this.setReadiness(key, true);
    });
  }

  #stop(key: string, uid: string): void {
    if (this.#find(key, uid) === null) return;
    this.#patch(key, (pod) => ended(pod, this.#server.time));
    this.#server.delete("Pod", key, USER, { gracePeriodSeconds: 0 });
  }

  #assignAddress(pod: Pod): void {
    const node = pod.spec.nodeName ?? "";
    const podCidr = this.#server.store.get("Node", node)?.spec.podCIDR ?? "10.244.0.0/24";
    const octet = (this.#lastOctet.get(node) ?? 1) + 1;
    this.#lastOctet.set(node, octet);
    this.#addresses.set(pod.metadata.uid, podCidr.replace(/\d+\/\d+$/, String(octet)));
  }

  #podAddress(pod: Pod): string {
    if (pod.spec.hostNetwork === true) return this.#hostAddress(pod);
    return this.#addresses.get(pod.metadata.uid) ?? "";
  }

  #hostAddress(pod: Pod): string {
    const node = this.#server.store.get("Node", pod.spec.nodeName ?? "");
    return node?.status.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "";
  }

  #find(key: string, uid: string): Pod | null {
    const pod = this.#server.store.get("Pod", key);
    if (pod === null || pod.metadata.uid !== uid || this.#down.has(pod.spec.nodeName ?? ""))
      return null;
    return pod;
  }

  #patch(key: string, change: (pod: Pod) => PodStatus): void {
    if (this.#server.store.get("Pod", key) !== null)
      this.#server.patchStatus("Pod", key, change, USER);
  }

  #later(delay: Ns, act: () => void): void {
    new Alarm(this.#scheduler, act).setIn(delay);
  }
}

/** The time that an annotation says, in ns, or null. */
function seconds(pod: Pod, annotation: string): Ns | null {
  const text = pod.metadata.annotations?.[annotation];
  if (text === undefined) return null;
  const [, number = "0", unit = "s"] = /^([\d.]+)(ms|s|m)?$/.exec(text) ?? [];
  return Math.round(
    Number(number) * (unit === "ms" ? NS_PER_MS : unit === "m" ? 60 * NS_PER_S : NS_PER_S),
  );
}
