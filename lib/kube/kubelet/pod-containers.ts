/**
 * The containers of one Pod: which runs there are, how one is started, how all are stopped.
 *
 * Spec: kubernetes pkg/kubelet/kuberuntime (startContainer, killContainer, doBackOff),
 * pkg/kubelet/images (EnsureImageExists), v1.36.
 */
import { NS_PER_MS, NS_PER_S, type Ns } from "../../base/units.ts";
import { type Program, WaitQueue, waitFor } from "../../sim/process.ts";
import type { Container as ContainerSpec, Pod } from "../api/types.ts";
import { ContainerHost } from "./container-host.ts";
import { ContainerRun } from "./container-run.ts";
import type { KubeletContext } from "./context.ts";
import { hexDigest, imageName } from "./image-names.ts";
import type { WaitingReason } from "./pod-status.ts";
import type { Sandbox } from "./sandbox.ts";

/** A container that is stopped has at least this long. */
const MINIMUM_GRACE_SECONDS = 2;

/** A container could not be started; its status says why. */
export class StartError extends Error {
  readonly retryNs: Ns;

  constructor(message: string, retryNs: Ns) {
    super(message);
    this.retryNs = retryNs;
  }
}

export class PodContainers {
  /** The latest run of each container, and the one before. */
  readonly runs = new Map<string, readonly ContainerRun[]>();
  /** Why containers wait. */
  readonly waiting = new Map<string, WaitingReason>();
  readonly #context: KubeletContext;
  readonly #exited: () => void;
  readonly #ended = new WaitQueue();
  readonly #backoffs = new Map<string, { delayNs: Ns; at: Ns }>();

  constructor(context: KubeletContext, exited: () => void) {
    this.#context = context;
    this.#exited = exited;
  }

  latest(name: string): ContainerRun | null {
    return this.runs.get(name)?.[0] ?? null;
  }

  running(): ContainerRun[] {
    return [...this.runs.values()].flatMap(([run]) =>
      run !== undefined && run.state === "running" ? [run] : [],
    );
  }

  isStarted(name: string): boolean {
    return this.latest(name)?.state === "running";
  }

  /** When a container that has ended may start again; notes why it waits. */
  backoff(pod: Pod, container: ContainerSpec): Ns {
    const run = this.latest(container.name);
    if (run === null) return 0;
    const { backoffNs, maxBackoffNs } = this.#context.cluster.latencies;
    const known = this.#backoffs.get(container.name);
    const until = known === undefined ? 0 : run.finishedAt + known.delayNs;
    if (until <= this.#context.now) {
      const isFresh = known === undefined || run.finishedAt - known.at > 2 * maxBackoffNs;
      const delayNs = isFresh ? backoffNs : Math.min(2 * known.delayNs, maxBackoffNs);
      this.#backoffs.set(container.name, { delayNs, at: this.#context.now });
      return 0;
    }
    const { name, namespace = "default", uid } = pod.metadata;
    const delay = goDuration(known?.delayNs ?? 0);
    this.waiting.set(container.name, {
      reason: "CrashLoopBackOff",
      message: `back-off ${delay} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`,
    });
    this.#event(
      pod,
      container,
      "Warning",
      "BackOff",
      `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${uid})`,
    );
    return until;
  }

  /** Pulls the image if need be, creates and starts. Throws `StartError`. */
  *start(
    pod: Pod,
    container: ContainerSpec,
    sandbox: Sandbox,
    pause: (duration: Ns) => Program<void>,
  ): Program<void> {
    const { cluster, options } = this.#context;
    const { latencies } = cluster;
    yield* this.#pull(pod, container, pause);
    yield* pause(latencies.createNs);
    const previous = this.runs.get(container.name) ?? [];
    const attempt = (previous[0]?.attempt ?? -1) + 1;
    const id = hexDigest(`container ${pod.metadata.uid} ${container.name} ${attempt}`);
    const host = new ContainerHost(sandbox.host);
    const env = new Map<string, string>();
    const run = new ContainerRun(container, id, attempt, host, env);
    const program = cluster.programOf({
      pod: {
        name: pod.metadata.name,
        namespace: pod.metadata.namespace ?? "default",
        uid: pod.metadata.uid,
        hostname: pod.spec.hostname ?? pod.metadata.name,
        nodeName: options.nodeName,
        ip: sandbox.address,
        hostIp: options.address,
      },
      name: container.name,
      image: container.image,
      command: container.command ?? [],
      args: container.args ?? [],
      env,
      ports: container.ports ?? [],
      host,
      api: cluster.watch.informers,
      termination: run.termination,
      log: (text) => run.print(text),
    });
    this.#event(pod, container, "Normal", "Created", `Container created`);
    yield* pause(latencies.startNs);
    this.waiting.delete(container.name);
    this.runs.set(container.name, [run, ...previous.slice(0, 1)]);
    run.start(program, () => this.#runEnded());
    this.#event(pod, container, "Normal", "Started", `Container started`);
  }

  *#pull(pod: Pod, container: ContainerSpec, pause: (d: Ns) => Program<void>): Program<void> {
    const { cluster, pulled } = this.#context;
    const image = imageName(container.image);
    if (pulled.has(image) && container.imagePullPolicy !== "Always") {
      const text = `Container image "${container.image}" already present on machine and can be accessed by the pod`;
      this.#event(pod, container, "Normal", "Pulled", text);
      return;
    }
    this.#event(pod, container, "Normal", "Pulling", `Pulling image "${container.image}"`);
    const begin = this.#context.now;
    yield* pause(cluster.latencies.pullNs);
    pulled.add(image);
    const took = Math.floor((this.#context.now - begin) / NS_PER_MS) * NS_PER_MS;
    const text = `Successfully pulled image "${container.image}" in ${goDuration(took)} (${goDuration(took)} including waiting).`;
    this.#event(pod, container, "Normal", "Pulled", text);
  }

  /** Asks all to end and waits until they have; kills them when their time is up. */
  *stopAll(pod: Pod, graceSeconds: () => number): Program<void> {
    const begin = this.#context.now;
    for (const run of this.running()) {
      this.#event(pod, run.spec, "Normal", "Killing", `Stopping container ${run.spec.name}`);
      run.terminate();
    }
    while (this.running().length > 0) {
      const grace = Math.max(MINIMUM_GRACE_SECONDS, graceSeconds()) * NS_PER_S;
      const left = begin + grace - this.#context.now;
      if (left <= 0) {
        for (const run of this.running()) run.kill();
        return;
      }
      yield waitFor([this.#ended], left);
    }
  }

  #runEnded(): void {
    this.#ended.wake();
    this.#exited();
  }

  #event(
    pod: Pod,
    container: ContainerSpec,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
  ): void {
    const list =
      pod.spec.initContainers?.includes(container) === true ? "initContainers" : "containers";
    this.#context.events.event(pod, type, reason, message, `spec.${list}{${container.name}}`);
  }
}

/** A duration as Go prints it: `1.5s`, `20s`, `2m40s`. */
export function goDuration(duration: Ns): string {
  if (duration < NS_PER_S) return `${duration / NS_PER_MS}ms`;
  const seconds = duration / NS_PER_S;
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
