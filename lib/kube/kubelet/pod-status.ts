/**
 * A Pod's status as the kubelet writes it: phase, conditions, and what has become of the
 * containers.
 *
 * Spec: kubernetes pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, getPhase,
 * convertToAPIContainerStatuses), pkg/kubelet/status (generate.go), v1.36.
 * Not modelled: in-place resize, ephemeral containers, eviction under pressure.
 */
import type { Ns } from "../../base/units.ts";
import type {
  Condition,
  Container,
  ContainerStatus,
  Pod,
  PodStatus,
  VolumeMountStatus,
} from "../api/types.ts";
import { compareNames } from "../objects.ts";
import type { RunState } from "./container-run.ts";
import { imageId, imageName } from "./image-names.ts";

/** A wait that the kubelet knows the reason of: CrashLoopBackOff, ErrImagePull. */
export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

/** A run of a container as the kubelet last saw it. */
export interface RunView {
  readonly id: string;
  readonly attempt: number;
  readonly state: RunState;
  readonly startedAt: Ns;
  readonly finishedAt: Ns;
  readonly exitCode: number;
  /** What it left to say why it ended; "" for nothing. */
  readonly lastWords: string;
  /** What its probes say of it. */
  readonly started: boolean;
  readonly ready: boolean;
}

/** What the kubelet knows of a Pod when it writes the status. */
export interface PodObservation {
  readonly hostIp: string;
  /** The Pod's address, or "" before the sandbox has one. */
  readonly podIp: string;
  /** Whether there is a sandbox with a network. */
  readonly sandboxReady: boolean;
  readonly startTime: string;
  /** The latest run of each container and the one before. */
  readonly runs: ReadonlyMap<string, readonly RunView[]>;
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  /** Whether containers that have ended stay so. */
  readonly isTerminal: boolean;
  readonly timeOf: (at: Ns) => string;
  readonly now: string;
}

/** The status of `pod`, whose present status the API has. */
export function podStatus(pod: Pod, seen: PodObservation): PodStatus {
  const { spec, status: old } = pod;
  const init = (spec.initContainers ?? []).map((one) => containerStatus(pod, one, seen, true));
  const regular = spec.containers
    .map((one) => containerStatus(pod, one, seen, false))
    .sort((a, b) => compareNames(a.name, b.name));
  const phase = phaseOf(pod, init, regular, seen);
  // Assigned to the copy: what a literal names behind a spread is defined anew, which is slow.
  const status = { ...old };
  status.observedGeneration = pod.metadata.generation;
  status.phase = phase;
  status.conditions = conditions(pod, phase, [...init, ...regular], seen);
  status.hostIP = seen.hostIp;
  status.hostIPs = [{ ip: seen.hostIp }];
  if (seen.podIp !== "") {
    status.podIP = seen.podIp;
    status.podIPs = [{ ip: seen.podIp }];
  }
  status.startTime = old.startTime ?? seen.startTime;
  status.containerStatuses = regular;
  if (init.length > 0) status.initContainerStatuses = init;
  return status;
}

/** Whether an init container goes on beside the others: a sidecar. */
export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === "Always";
}

/** Whether a container that has ended with `exitCode` is started again. */
export function restarts(pod: Pod, container: Container, exitCode: number): boolean {
  const isInit = pod.spec.initContainers?.includes(container) === true;
  if (isSidecar(container) && isInit) return true;
  const policy = pod.spec.restartPolicy ?? "Always";
  if (isInit) return exitCode !== 0 && policy !== "Never";
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

type Draft = { -readonly [Field in keyof ContainerStatus]: ContainerStatus[Field] };

const NO_RUNS: readonly RunView[] = [];

function containerStatus(
  pod: Pod,
  container: Container,
  seen: PodObservation,
  isInit: boolean,
): ContainerStatus {
  const [latest, before] = seen.runs.get(container.name) ?? NO_RUNS;
  const waiting = seen.waiting.get(container.name) ?? null;
  const known = (isInit ? pod.status.initContainerStatuses : pod.status.containerStatuses)?.find(
    ({ name }) => name === container.name,
  );
  const status =
    latest === undefined
      ? statusBeforeRun(pod, container, known, waiting)
      : statusOfRun(container, latest, seen);
  if (latest !== undefined) {
    status.lastState = before === undefined ? (known?.lastState ?? {}) : runState(before, seen);
    const mayRestart =
      latest.state === "exited" && restarts(pod, container, latest.exitCode) && !seen.isTerminal;
    if (mayRestart && waiting !== null) {
      status.lastState = status.state;
      status.state = { waiting };
    } else {
      const isDone = latest.state === "exited" && latest.exitCode === 0;
      status.started = latest.started;
      status.ready = isInit && !isSidecar(container) ? isDone : latest.started && latest.ready;
    }
  }
  const mounts = volumeMounts(container);
  if (mounts.length > 0) status.volumeMounts = mounts;
  return status;
}

function statusBeforeRun(
  pod: Pod,
  container: Container,
  known: ContainerStatus | undefined,
  waiting: WaitingReason | null,
): Draft {
  const hasInit = (pod.spec.initContainers ?? []).length > 0;
  return {
    name: container.name,
    ready: false,
    started: false,
    restartCount: known?.restartCount ?? 0,
    image: container.image,
    imageID: "",
    lastState: known?.lastState ?? {},
    state: { waiting: waiting ?? { reason: hasInit ? "PodInitializing" : "ContainerCreating" } },
  };
}

/** What the latest run says; whether it is ready, and what was before, is still to be filled in. */
function statusOfRun(container: Container, run: RunView, seen: PodObservation): Draft {
  const { resources = {} } = container;
  const status: Draft = {
    name: container.name,
    ready: false,
    started: false,
    restartCount: run.attempt,
    image: imageName(container.image),
    imageID: imageId(container.image),
    containerID: `containerd://${run.id}`,
    resources,
    lastState: {},
    state: runState(run, seen),
  };
  if (resources.requests !== undefined) status.allocatedResources = resources.requests;
  return status;
}

function runState(run: RunView, { timeOf }: PodObservation): ContainerStatus["state"] {
  switch (run.state) {
    case "created":
      return { waiting: { reason: "ContainerCreating" } };
    case "running":
      return { running: { startedAt: timeOf(run.startedAt) } };
    case "exited":
      return {
        terminated: {
          containerID: `containerd://${run.id}`,
          exitCode: run.exitCode,
          reason: run.exitCode === 0 ? "Completed" : "Error",
          ...(run.lastWords !== "" && { message: run.lastWords }),
          startedAt: timeOf(run.startedAt),
          finishedAt: timeOf(run.finishedAt),
        },
      };
  }
}

function volumeMounts({ volumeMounts = [] }: Container): VolumeMountStatus[] {
  return volumeMounts.map((mount) => {
    const mountPath = String(mount["mountPath"]);
    const name = String(mount["name"]);
    if (mount["readOnly"] !== true) return { mountPath, name };
    return { mountPath, name, readOnly: true, recursiveReadOnly: "Disabled" };
  });
}

/** getPhase. */
function phaseOf(
  pod: Pod,
  init: readonly ContainerStatus[],
  regular: readonly ContainerStatus[],
  { isTerminal }: PodObservation,
): string {
  const { phase: old } = pod.status;
  if (old === "Succeeded" || old === "Failed") return old;
  const wasInitialized = regular.some(({ containerID }) => containerID !== undefined);
  let running = 0;
  for (const [index, status] of init.entries()) {
    const container = pod.spec.initContainers?.[index];
    if (container === undefined) continue;
    if (isSidecar(container)) {
      if (status.state.running !== undefined) running += 1;
      if (status.started !== true && !wasInitialized) return "Pending";
      continue;
    }
    const ended = status.state.terminated ?? status.lastState.terminated;
    if (ended === undefined || status.state.running !== undefined) return "Pending";
    if (ended.exitCode !== 0) {
      if (!restarts(pod, container, ended.exitCode)) return "Failed";
    }
  }
  return regularPhase(pod, regular, running, isTerminal);
}

function regularPhase(
  pod: Pod,
  regular: readonly ContainerStatus[],
  sidecars: number,
  isTerminal: boolean,
): string {
  let running = sidecars;
  let stopped = 0;
  let succeeded = 0;
  let restarting = 0;
  for (const { name, state, lastState } of regular) {
    if (state.running !== undefined) {
      running += 1;
      continue;
    }
    const ended = state.terminated ?? lastState.terminated;
    if (ended === undefined) return "Pending";
    stopped += 1;
    if (state.terminated !== undefined && ended.exitCode === 0) succeeded += 1;
    const container = pod.spec.containers.find((each) => each.name === name);
    if (container !== undefined && restarts(pod, container, ended.exitCode)) restarting += 1;
  }
  if (running > 0) return "Running";
  if (stopped === 0) return "Pending";
  if (!isTerminal && restarting > 0) return "Running";
  return stopped === succeeded ? "Succeeded" : "Failed";
}

type Verdict = Pick<Condition, "status" | "reason" | "message">;
const TRUE: Verdict = { status: "True" };
const FALSE: Verdict = { status: "False" };

function conditions(
  pod: Pod,
  phase: string,
  statuses: readonly ContainerStatus[],
  seen: PodObservation,
): Condition[] {
  const old = pod.status.conditions ?? [];
  const others = old.filter(({ type }) => !OWN_CONDITIONS.includes(type));
  const containersReady = containersReadyVerdict(pod, phase, statuses);
  const { generation } = pod.metadata;
  const own = (type: string, verdict: Verdict): Condition => {
    const before = old.find((condition) => condition.type === type);
    const since = before?.status === verdict.status ? before.lastTransitionTime : seen.now;
    return conditionOf(type, verdict, generation, since);
  };
  const gates = containersReady.status === "True" ? gatesVerdict(pod, others) : containersReady;
  return [
    ...others,
    own("PodReadyToStartContainers", seen.sandboxReady ? TRUE : FALSE),
    own("Initialized", initializedVerdict(pod, phase, statuses)),
    own("Ready", gates),
    own("ContainersReady", containersReady),
    own("PodScheduled", TRUE),
  ];
}

function conditionOf(
  type: string,
  { status, reason, message }: Verdict,
  observedGeneration: number | undefined,
  lastTransitionTime: string | undefined,
): Condition {
  const condition = { type, observedGeneration, status, lastProbeTime: null, lastTransitionTime };
  if (reason === undefined) return condition;
  return message === undefined ? { ...condition, reason } : { ...condition, reason, message };
}

const OWN_CONDITIONS: readonly string[] = [
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
];

function containersReadyVerdict(
  { spec }: Pod,
  phase: string,
  statuses: readonly ContainerStatus[],
): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const counted = [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers];
  const unready = counted
    .map(({ name }) => name)
    .filter((name) => statuses.find((status) => status.name === name)?.ready !== true);
  if (unready.length === 0) return TRUE;
  const message = `containers with unready status: [${unready.join(" ")}]`;
  return { status: "False", reason: "ContainersNotReady", message };
}

function initializedVerdict(
  { spec }: Pod,
  phase: string,
  statuses: readonly ContainerStatus[],
): Verdict {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  const statusOf = (name: string): ContainerStatus | undefined =>
    statuses.find((status) => status.name === name);
  const anyStarted = spec.containers.some(({ name }) => {
    const status = statusOf(name);
    return status?.started === true || status?.state.terminated !== undefined;
  });
  if (anyStarted) return TRUE;
  const incomplete = (spec.initContainers ?? []).filter((container) => {
    const status = statusOf(container.name);
    return isSidecar(container) ? status?.started !== true : status?.ready !== true;
  });
  if (incomplete.length === 0) return TRUE;
  const names = incomplete.map(({ name }) => name).join(" ");
  return {
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${names}]`,
  };
}

function gatesVerdict({ spec }: Pod, others: readonly Condition[]): Verdict {
  const problems = (spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = others.find(({ type }) => type === conditionType);
    if (condition === undefined)
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (condition.status === "True") return [];
    return [
      `the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`,
    ];
  });
  if (problems.length === 0) return TRUE;
  return { status: "False", reason: "ReadinessGatesNotReady", message: problems.join(", ") };
}
