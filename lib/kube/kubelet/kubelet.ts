/**
 * The kubelet of one node: it registers the node, keeps saying that it is alive, and brings about
 * the Pods that are bound to it.
 *
 * Spec: kubernetes pkg/kubelet, v1.36.
 * Not modelled: a kubelet that comes back to Pods that went on running without it; static Pods; a
 * node's resources running out.
 */

import type { ShellHost } from "../../shell/host.ts";
import type { Pod } from "../api/types.ts";
import type { Change } from "../informer.ts";
import type { ContainerLog } from "./container-log.ts";
import type { ContainerRun } from "./container-run.ts";
import { KubeletContext, type KubeletOptions } from "./context.ts";
import { NodeStatus } from "./node-status.ts";
import { PodWorker } from "./pod-worker.ts";

/** The kubelet of one node. */
export class Kubelet {
  readonly nodeName: string;
  readonly #context: KubeletContext;
  /** By the Pod's uid. */
  readonly #workers = new Map<string, PodWorker>();

  /** Starts: everything it does is an event of the machine's clock. */
  constructor(options: KubeletOptions) {
    this.nodeName = options.nodeName;
    this.#context = new KubeletContext(options);
    new NodeStatus(this.#context);
    const { watch } = options.cluster;
    watch.followNodes(options.nodeName, (previous, current) =>
      options.network.nodeChanged(previous, current),
    );
    watch.follow(options.nodeName, (change) => this.#podChanged(change));
  }

  /** The Pods that something is left of on the node, in the order in which they came. */
  get pods(): readonly PodWorker[] {
    return [...this.#workers.values()];
  }

  /** The Pod's part of the node, or null. `key` is `namespace/name`. */
  find(key: string): PodWorker | null {
    return this.pods.find((worker) => worker.key === key) ?? null;
  }

  /** The Pod's network namespace, or null before it has one. */
  findPodHost(namespace: string, name: string): ShellHost | null {
    return this.find(`${namespace}/${name}`)?.sandbox?.host ?? null;
  }

  /**
   * A container that runs, for `kubectl exec`: its `host` has its files and processes, `env` its
   * environment. The first container unless `container` says another; null if it does not run.
   */
  findContainer(namespace: string, name: string, container = ""): ContainerRun | null {
    const worker = this.find(`${namespace}/${name}`);
    const wanted = container === "" ? worker?.pod.spec.containers[0]?.name : container;
    const run = worker?.containers.latest(wanted ?? "") ?? null;
    return run?.state === "running" ? run : null;
  }

  /** What a container has printed, or its run before this one; null if there is no such run. */
  logs(key: string, container: string, { previous = false } = {}): ContainerLog | null {
    const runs = this.find(key)?.containers.runs.get(container) ?? [];
    return runs[previous ? 1 : 0]?.log ?? null;
  }

  /** The processes of a Pod die at once, as by `kill -9`; false if there is no such Pod. */
  killPod(key: string): boolean {
    const worker = this.find(key);
    worker?.killProcesses();
    return worker !== null;
  }

  /** The kubelet dies. What runs goes on running, and nobody looks after it. */
  stop(): void {
    this.#context.stop();
    this.#context.cluster.watch.leave(this.nodeName);
  }

  /**
   * The node loses its power: the kubelet and all Pods are gone at once, without a word. When the
   * node is back, a new Kubelet with the same network starts its Pods anew.
   */
  powerOff(): void {
    this.stop();
    for (const worker of this.#workers.values()) worker.killProcesses();
    for (const worker of this.#workers.values()) worker.sandbox?.remove();
    this.#workers.clear();
  }

  #podChanged({ type, object }: Change<Pod>): void {
    const { uid } = object.metadata;
    const known = this.#workers.get(uid);
    if (type === "DELETED") {
      known?.removed();
      return;
    }
    if (known !== undefined) {
      known.update(object);
      return;
    }
    this.#workers.set(uid, new PodWorker(this.#context, object, () => this.#workers.delete(uid)));
  }
}
