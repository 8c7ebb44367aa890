/**
 * The containers of one Pod: which runs there are, and how one is started.
 *
 * Spec: kubernetes pkg/kubelet/kuberuntime (startContainer, doBackOff), pkg/kubelet/images
 * (EnsureImageExists), v1.36.
 * Not modelled: sizes of images in the event Pulled; imagePullPolicy Always asks for the image each
 * time, and a registry answers as fast as it did the first time.
 */
import { NS_PER_MS, NS_PER_S, type Ns } from "../../base/units.ts";
import { hostnameOf } from "../../shell/host.ts";
import { type Program, WaitQueue } from "../../sim/process.ts";
import { asFields, mapIn } from "../api/fields.ts";
import type { Container as ContainerSpec, JsonMap, Pod, PodStatus } from "../api/types.ts";
import { formatGoDuration } from "../go-duration.ts";
import { act } from "./action.ts";
import { Backoff } from "./backoff.ts";
import { ConfigError } from "./config-data.ts";
import { ContainerHost } from "./container-host.ts";
import { ContainerRun } from "./container-run.ts";
import type { KubeletContext } from "./context.ts";
import { environmentOf } from "./environment.ts";
import { expand } from "./expansion.ts";
import { hexDigest, imageName, imageNameProblem } from "./image-names.ts";
import { MountedFiles } from "./mounted-files.ts";
import { podNames, writePodFiles } from "./pod-files.ts";
import type { WaitingReason } from "./pod-status.ts";
import type { Sandbox } from "./sandbox.ts";

/** A postStart hook may take this long. */
const HOOK_NS = 600 * NS_PER_S;
/** What could not be started is tried again after this. */
const RETRY_NS = 10 * NS_PER_S;

/** A container could not be started; `waiting` says why. */
export class StartError extends Error {
  readonly retryNs: Ns;

  constructor(message: string, retryNs: Ns) {
    super(message);
    this.retryNs = retryNs;
  }
}

/** Lets time pass in which the Pod may be ended; returns whether it goes on. */
export type Pause = (duration: Ns) => Program<boolean>;

/** The containers of one Pod. */
export class PodContainers {
  /** The latest run of each container, and the one before. */
  readonly runs = new Map<string, readonly ContainerRun[]>();
  /** Why containers wait. */
  readonly waiting = new Map<string, WaitingReason>();
  /** Woken when a container ends. */
  readonly ended = new WaitQueue();
  /** Woken when those that end have less time than before. */
  readonly hurry = new WaitQueue();
  readonly #context: KubeletContext;
  readonly #before: PodStatus;
  readonly #exited: () => void;
  readonly #backoff: Backoff;
  readonly #pullBackoff: Backoff;

  /** `before` is the status that the Pod had when the kubelet first saw it. */
  constructor(context: KubeletContext, before: PodStatus, exited: () => void) {
    this.#before = before;
    const { backoffNs, maxBackoffNs } = context.cluster.latencies;
    this.#context = context;
    this.#exited = exited;
    this.#backoff = new Backoff(backoffNs, maxBackoffNs);
    this.#pullBackoff = new Backoff(backoffNs, maxBackoffNs);
  }

  latest(name: string): ContainerRun | null {
    return this.runs.get(name)?.[0] ?? null;
  }

  running(): ContainerRun[] {
    return [...this.runs.values()].flatMap(([run]) => (run?.state === "running" ? [run] : []));
  }

  /** When a container that has ended may start again; notes why it waits. */
  restartAt(pod: Pod, container: ContainerSpec): Ns {
    const run = this.latest(container.name);
    if (run === null) return 0;
    const delay = this.#backoff.delay(container.name, run.finishedAt);
    const until = run.finishedAt + delay;
    if (until <= this.#context.now) {
      this.#backoff.next(container.name, run.finishedAt, this.#context.now);
      return 0;
    }
    const text = `${container.name} in pod ${pod.metadata.name}_${pod.metadata.namespace ?? "default"}(${pod.metadata.uid})`;
    this.waiting.set(container.name, {
      reason: "CrashLoopBackOff",
      message: `back-off ${formatGoDuration(delay)} restarting failed container=${text.replace(" in pod ", " pod=")}`,
    });
    this.event(
      pod,
      container,
      "Warning",
      "BackOff",
      `Back-off restarting failed container ${text}`,
    );
    return until;
  }

  /** Pulls the image if need be, creates and starts. Throws `StartError`. */
  *start(pod: Pod, container: ContainerSpec, sandbox: Sandbox, pause: Pause): Program<void> {
    const { latencies } = this.#context.cluster;
    if (!(yield* this.#pull(pod, container, pause))) return;
    const run = this.#create(pod, container, sandbox);
    if (!(yield* pause(latencies.createNs))) return;
    const program = this.#program(pod, run, sandbox);
    this.event(pod, container, "Normal", "Created", "Container created");
    if (!(yield* pause(latencies.startNs))) return;
    this.waiting.delete(container.name);
    const previous = this.runs.get(container.name) ?? [];
    this.runs.set(container.name, [run, ...previous.slice(0, 1)]);
    run.start(program, this.#title(run), () => {
      this.ended.wake();
      this.#exited();
    });
    this.event(pod, container, "Normal", "Started", "Container started");
    const hook = mapIn(asFields(container.lifecycle ?? {}), "postStart");
    if (hook !== null) yield* this.#postStart(pod, run, sandbox, hook as JsonMap);
  }

  /** Says something about a container. */
  event(
    pod: Pod,
    { name }: ContainerSpec,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
  ): void {
    const isInit = pod.spec.initContainers?.some((each) => each.name === name) === true;
    const path = `spec.${isInit ? "initContainers" : "containers"}{${name}}`;
    this.#context.event(pod, type, reason, message, path);
  }

  /** Whether the image is there and the Pod goes on. Throws `StartError`. */
  *#pull(pod: Pod, container: ContainerSpec, pause: Pause): Program<boolean> {
    const { cluster, pulled, now } = this.#context;
    const { image, imagePullPolicy } = container;
    const problem = imageNameProblem(image);
    if (problem !== null) {
      const text = `Failed to apply default image tag "${image}": ${problem}`;
      this.event(pod, container, "Warning", "InspectFailed", text);
      throw this.#refuse(pod, container, "InvalidImageName", text, RETRY_NS);
    }
    const full = imageName(image);
    if (pulled.has(full) && imagePullPolicy !== "Always") {
      const text = `Container image "${image}" already present on machine and can be accessed by the pod`;
      this.event(pod, container, "Normal", "Pulled", text);
      return true;
    }
    if (imagePullPolicy === "Never") {
      const text = `Container image "${image}" is not present with pull policy of Never`;
      this.event(pod, container, "Warning", "ErrImageNeverPull", text);
      throw this.#refuse(pod, container, "ErrImageNeverPull", text, RETRY_NS);
    }
    this.event(pod, container, "Normal", "Pulling", `Pulling image "${image}"`);
    if (!(yield* pause(cluster.latencies.pullNs))) return false;
    if (cluster.hasImage?.(image) === false) throw this.#pullFailed(pod, container, full);
    pulled.add(full);
    const took = formatGoDuration(Math.floor((this.#context.now - now) / NS_PER_MS) * NS_PER_MS);
    const text = `Successfully pulled image "${image}" in ${took} (${took} including waiting).`;
    this.event(pod, container, "Normal", "Pulled", text);
    return true;
  }

  #pullFailed(pod: Pod, container: ContainerSpec, full: string): StartError {
    const { now } = this.#context;
    const text = `failed to pull and unpack image "${full}": failed to resolve reference "${full}": ${full}: not found`;
    const message = `Failed to pull image "${container.image}": rpc error: code = NotFound desc = ${text}`;
    this.event(pod, container, "Warning", "Failed", message);
    this.event(pod, container, "Warning", "Failed", "Error: ErrImagePull");
    const waited = this.#pullBackoff.delay(container.name, now) > 0;
    this.#pullBackoff.next(container.name, now, now);
    const delay = this.#pullBackoff.delay(container.name, now);
    const back = `Back-off pulling image "${container.image}"`;
    if (waited) {
      this.event(pod, container, "Normal", "BackOff", back);
      this.event(pod, container, "Warning", "Failed", "Error: ImagePullBackOff");
    }
    this.waiting.set(container.name, {
      reason: waited ? "ImagePullBackOff" : "ErrImagePull",
      message: waited
        ? `${back}: ErrImagePull: rpc error: code = NotFound desc = ${text}`
        : `rpc error: code = NotFound desc = ${text}`,
    });
    return new StartError(message, delay);
  }

  #refuse(
    pod: Pod,
    container: ContainerSpec,
    reason: string,
    message: string,
    retryNs: Ns,
  ): StartError {
    this.waiting.set(container.name, { reason, message });
    const text = reason === "CreateContainerConfigError" ? message : reason;
    this.event(pod, container, "Warning", "Failed", `Error: ${text}`);
    return new StartError(message, retryNs);
  }

  #create(pod: Pod, container: ContainerSpec, sandbox: Sandbox): ContainerRun {
    const { options, cluster } = this.#context;
    const { uid } = pod.metadata;
    const attempt = this.#attempt(container.name);
    const id = hexDigest(`container ${uid} ${container.name} ${attempt}`);
    const names = podNames(pod, options.nodeName, cluster.clusterDomain, sandbox.ip);
    const files = new MountedFiles();
    writePodFiles(files, pod, names, cluster, options.host);
    sandbox.volumes.mount(container, files);
    try {
      const facts = { ...this.#context.facts, podIp: sandbox.ip };
      const { informers } = cluster.watch;
      const env = environmentOf(pod, container, informers, facts);
      return new ContainerRun(container, id, attempt, new ContainerHost(sandbox.host, files), env);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw this.#refuse(pod, container, "CreateContainerConfigError", error.message, RETRY_NS);
    }
  }

  /** Runs before the node was started anew count as well. */
  #attempt(name: string): number {
    const latest = this.latest(name);
    if (latest !== null) return latest.attempt + 1;
    const { initContainerStatuses = [], containerStatuses = [] } = this.#before;
    const known = [...initContainerStatuses, ...containerStatuses].find(
      (each) => each.name === name,
    );
    return known?.containerID === undefined ? 0 : known.restartCount + 1;
  }

  /** The command line of a container, as far as it is known. */
  #title({ spec, env }: ContainerRun): string {
    const { command = [], args = [], image, name } = spec;
    const start = this.#context.cluster.commandOf?.(image, command, args) ?? [...command, ...args];
    return start.map((word) => expand(word, env)).join(" ") || name;
  }

  #program(pod: Pod, run: ContainerRun, sandbox: Sandbox): Program<number> {
    const { cluster, options } = this.#context;
    const { spec, env, host, termination } = run;
    const { name, namespace = "default", uid } = pod.metadata;
    return cluster.programOf({
      pod: {
        name,
        namespace,
        uid,
        hostname: hostnameOf(host),
        nodeName: options.nodeName,
        ip: sandbox.address,
        hostIp: options.address,
      },
      name: spec.name,
      image: spec.image,
      command: (spec.command ?? []).map((word) => expand(word, env)),
      args: (spec.args ?? []).map((word) => expand(word, env)),
      env,
      workingDir: spec.workingDir ?? "",
      ports: spec.ports ?? [],
      host,
      api: cluster.watch.informers,
      updateStatus: (object) =>
        this.#context.request(() =>
          cluster.server.updateStatus(object, pod.spec.serviceAccountName ?? ""),
        ),
      create: (object) =>
        this.#context.request(() => {
          const account = pod.spec.serviceAccountName ?? "default";
          cluster.server.create(object, `system:serviceaccount:${namespace}:${account}`);
        }),
      termination,
      log: (text) => run.print(text),
    });
  }

  /** A container whose hook fails is killed. */
  *#postStart(pod: Pod, run: ContainerRun, sandbox: Sandbox, hook: JsonMap): Program<void> {
    const outcome = yield* act(
      this.#context,
      run,
      sandbox.address,
      hook,
      "kube-lifecycle",
      HOOK_NS,
    );
    if (outcome.success) return;
    this.event(pod, run.spec, "Warning", "FailedPostStartHook", "PostStartHook failed");
    this.event(pod, run.spec, "Normal", "Killing", "FailedPostStartHook");
    run.kill();
  }
}
