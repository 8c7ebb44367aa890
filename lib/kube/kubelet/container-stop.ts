/**
 * How containers are ended: the preStop hook, SIGTERM, and SIGKILL when the time is up.
 *
 * Spec: kubernetes pkg/kubelet/kuberuntime (killContainer, executePreStopHook,
 * killContainersWithSyncResult), v1.36.
 */
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { asFields, mapIn } from "../api/fields.ts";
import type { JsonMap, Pod } from "../api/types.ts";
import { act } from "./action.ts";
import type { ContainerRun } from "./container-run.ts";
import type { KubeletContext } from "./context.ts";
import type { PodContainers } from "./pod-containers.ts";
import { isSidecar } from "./pod-status.ts";
import type { Sandbox } from "./sandbox.ts";

/** A container that is asked to end has at least this long. */
const MINIMUM_GRACE_NS = 2 * NS_PER_S;

/** Ends containers of one Pod. */
export class ContainerStop {
  readonly #context: KubeletContext;
  readonly #containers: PodContainers;
  readonly #pod: Pod;
  readonly #sandbox: Sandbox;
  /** May become shorter while a container ends. */
  readonly #graceSeconds: () => number;

  constructor(
    context: KubeletContext,
    containers: PodContainers,
    pod: Pod,
    sandbox: Sandbox,
    graceSeconds: () => number,
  ) {
    this.#context = context;
    this.#containers = containers;
    this.#pod = pod;
    this.#sandbox = sandbox;
    this.#graceSeconds = graceSeconds;
  }

  /** Ends all at once, sidecars after the others and one after the other, the last one first. */
  *all(): Program<void> {
    const { initContainers = [] } = this.#pod.spec;
    const isLate = (run: ContainerRun): boolean =>
      initContainers.some(({ name }) => name === run.spec.name) && isSidecar(run.spec);
    const running = this.#containers.running();
    const begin = this.#context.now;
    for (const run of running) {
      if (!isLate(run)) this.#context.spawn(this.#asProcess(run, begin));
    }
    while (running.some((run) => !isLate(run) && run.state === "running")) {
      yield waitFor([this.#containers.ended]);
    }
    for (const run of running.filter(isLate).reverse()) {
      yield* this.one(run, `Stopping container ${run.spec.name}`, begin);
    }
  }

  *#asProcess(run: ContainerRun, begin: Ns): Program<number> {
    yield* this.one(run, `Stopping container ${run.spec.name}`, begin);
    return 0;
  }

  /** Ends one container; returns when it has ended. */
  *one(run: ContainerRun, message: string, begin: Ns = this.#context.now): Program<void> {
    const { ended } = this.#containers;
    const left = (): Ns => begin + this.#graceSeconds() * NS_PER_S - this.#context.now;
    this.#containers.event(this.#pod, run.spec, "Normal", "Killing", message);
    const hook = mapIn(asFields(run.spec.lifecycle ?? {}), "preStop");
    if (hook !== null && left() > 0) yield* this.#preStop(run, hook as JsonMap, left());
    const minimum = this.#context.now + MINIMUM_GRACE_NS;
    run.terminate();
    while (run.state === "running") {
      const wait = Math.max(left(), minimum - this.#context.now);
      if (wait <= 0) {
        run.kill();
        return;
      }
      yield waitFor([ended, this.#containers.hurry], wait);
    }
  }

  *#preStop(run: ContainerRun, hook: JsonMap, timeout: Ns): Program<void> {
    const { address } = this.#sandbox;
    const outcome = yield* act(this.#context, run, address, hook, "kube-lifecycle", timeout);
    if (outcome.success) return;
    this.#containers.event(
      this.#pod,
      run.spec,
      "Warning",
      "FailedPreStopHook",
      "PreStopHook failed",
    );
  }
}
