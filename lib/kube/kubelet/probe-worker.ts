/**
 * One probe of one container: it acts every period, counts what comes of it, and says what that
 * means for the container.
 *
 * Spec: kubernetes pkg/kubelet/prober (worker.go, prober.go), v1.36.
 */
import type { Ipv4 } from "../../base/inet.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { type Process, type Program, WaitQueue, waitFor } from "../../sim/process.ts";
import { asFields, numberIn } from "../api/fields.ts";
import type { Container, JsonMap } from "../api/types.ts";
import { act, type Outcome } from "./action.ts";
import type { ContainerRun } from "./container-run.ts";
import type { KubeletContext } from "./context.ts";

/** The three probes that a container may have. */
export type ProbeType = "readiness" | "liveness" | "startup";

/** What a probe has found so far. */
export type Verdict = "success" | "failure" | "unknown";

/** What the worker asks of the Pod that it is part of. */
export interface ProbedPod {
  /** The container as the kubelet's status shows it: running, or null. */
  runningContainer(name: string): ContainerRun | null;
  /** Whether the startup probe has let the container through. */
  isStarted(run: ContainerRun): boolean;
  /** Whether the Pod is being ended. */
  readonly isEnding: boolean;
  /** A verdict has changed. */
  probed(): void;
  /** A failure, as the event has it. */
  unhealthy(container: Container, message: string): void;
  /** The Pod's address. */
  readonly address: Ipv4;
}

const INITIAL: Readonly<Record<ProbeType, Verdict>> = {
  readiness: "failure",
  liveness: "success",
  startup: "unknown",
};

const TITLES: Readonly<Record<ProbeType, string>> = {
  readiness: "Readiness",
  liveness: "Liveness",
  startup: "Startup",
};

/** One probe of one container, again and again. */
export class ProbeWorker {
  readonly type: ProbeType;
  readonly container: Container;
  readonly probe: JsonMap;
  readonly #context: KubeletContext;
  readonly #pod: ProbedPod;
  readonly #trigger = new WaitQueue();
  readonly #process: Process;
  #triggered = false;
  #run: ContainerRun | null = null;
  #verdict: Verdict;
  #last: boolean | null = null;
  #inARow = 0;
  #onHold = false;

  constructor(
    context: KubeletContext,
    pod: ProbedPod,
    container: Container,
    type: ProbeType,
    probe: JsonMap,
  ) {
    this.#context = context;
    this.#pod = pod;
    this.container = container;
    this.type = type;
    this.probe = probe;
    this.#verdict = INITIAL[type];
    this.#process = context.spawn(this.#loop());
  }

  /** What it has found about this run of the container. */
  verdict(run: ContainerRun): Verdict {
    return this.#run === run ? this.#verdict : INITIAL[this.type];
  }

  /** Asks for a probe now. */
  trigger(): void {
    this.#triggered = true;
    this.#trigger.wake();
  }

  stop(): void {
    this.#process.kill(9);
  }

  *#loop(): Program<number> {
    const period = this.#seconds("periodSeconds", 10);
    if (this.#context.upFor < period) {
      // Lest all probes of a kubelet that has just started go out at once.
      yield waitFor([], this.#context.jitter("probe", period));
    }
    let nextTick = this.#context.now + period;
    while (yield* this.#probe()) {
      while (!this.#triggered && this.#context.now < nextTick) {
        yield waitFor([this.#trigger], nextTick - this.#context.now);
      }
      this.#triggered = false;
      while (nextTick <= this.#context.now) nextTick += period;
    }
    return 0;
  }

  /** One turn; false if there will be no other. */
  *#probe(): Program<boolean> {
    const run = this.#pod.runningContainer(this.container.name);
    if (run === null) {
      if (this.#run !== null && this.#run.state === "exited") this.#set("failure");
      return true;
    }
    if (run !== this.#run) {
      this.#run = run;
      this.#onHold = false;
      this.#verdict = INITIAL[this.type];
    }
    if (this.#onHold) return true;
    if (this.#pod.isEnding && this.type !== "readiness") return false;
    const age = Math.floor((this.#context.now - run.startedAt) / NS_PER_S);
    if (age < numberIn(asFields(this.probe), "initialDelaySeconds")) return true;
    if (this.#pod.isStarted(run) === (this.type === "startup")) return true;
    const outcome = yield* act(
      this.#context,
      run,
      this.#pod.address,
      this.probe,
      "kube-probe",
      this.#seconds("timeoutSeconds", 1),
    );
    if (this.#run === run) this.#count(outcome);
    return true;
  }

  #count({ success, output }: Outcome): void {
    if (!success) {
      this.#pod.unhealthy(this.container, `${TITLES[this.type]} probe failed: ${output}`);
    }
    this.#inARow = this.#last === success ? this.#inARow + 1 : 1;
    this.#last = success;
    const fields = asFields(this.probe);
    const threshold = success
      ? numberIn(fields, "successThreshold", 1)
      : numberIn(fields, "failureThreshold", 3);
    if (this.#inARow < threshold) return;
    this.#set(success ? "success" : "failure");
    if (!success && this.type !== "readiness") {
      this.#onHold = true;
      this.#inARow = 0;
    }
  }

  #set(verdict: Verdict): void {
    if (this.#verdict === verdict) return;
    this.#verdict = verdict;
    this.#pod.probed();
  }

  #seconds(name: string, otherwise: number): Ns {
    return numberIn(asFields(this.probe), name, otherwise) * NS_PER_S;
  }
}
