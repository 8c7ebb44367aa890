/**
 * The columns of `kubectl get pods`.
 *
 * Spec: kubernetes pkg/printers/internalversion (printPod), v1.36.
 */
import type { ContainerStatus, Pod } from "../api/types.ts";
import { conditionOf } from "../controllers/pods.ts";
import { type AgeOf, born, NONE, text } from "./column.ts";

/** A Pod's cells. */
export function podCells(pod: Pod, age: AgeOf): string[] {
  const { ready, total, status, restarts, restartedAt } = summaryOf(pod);
  const gates = pod.spec.readinessGates ?? [];
  const passed = gates.filter(
    ({ conditionType }) => conditionOf(pod.status.conditions, conditionType)?.status === "True",
  );
  return [
    pod.metadata.name,
    `${ready}/${total}`,
    status,
    restarts === 0 || restartedAt === ""
      ? String(restarts)
      : `${restarts} (${age(restartedAt)} ago)`,
    born(pod, age),
    text(pod.status.podIP),
    text(pod.spec.nodeName),
    text(pod.status.nominatedNodeName),
    gates.length === 0 ? NONE : `${passed.length}/${gates.length}`,
  ];
}

/** The Pod's phase, or what keeps a container from it, or that it ends. */
export function podStatus(pod: Pod): string {
  return summaryOf(pod).status;
}

interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly status: string;
  readonly restarts: number;
  /** When a container last ended that was started again; "" if none did. */
  readonly restartedAt: string;
}

function summaryOf(pod: Pod): PodSummary {
  const { status, spec } = pod;
  const starts = startSummary(pod);
  const isInitialised = conditionOf(status.conditions, "Initialized")?.status === "True";
  const sidecars = (spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  const running = status.containerStatuses ?? [];
  const total = spec.containers.length + sidecars.length;
  const isGated = conditionOf(status.conditions, "PodScheduled")?.reason === "SchedulingGated";
  let reason = isGated ? "SchedulingGated" : (status.reason ?? status.phase ?? "Unknown");
  let counted = status.initContainerStatuses ?? [];
  let ready = starts.ready;
  if (starts.reason !== null) reason = starts.reason;
  if (starts.reason === null || isInitialised) {
    counted = [...counted.filter(({ name }) => sidecars.includes(name)), ...running];
    const isRunning = (each: ContainerStatus) => each.ready && each.state.running !== undefined;
    const live = running.filter(isRunning);
    ready += live.length;
    for (const each of [...running].reverse()) reason = waitingReason(each) ?? reason;
    if (reason === "Completed" && live.length > 0) {
      const isReady = conditionOf(status.conditions, "Ready")?.status === "True";
      reason = isReady ? "Running" : "NotReady";
    }
  }
  return {
    ready,
    total,
    status: endingReason(pod, reason),
    restarts: counted.reduce((sum, { restartCount }) => sum + restartCount, 0),
    restartedAt: counted
      .map(({ lastState }) => lastState.terminated?.finishedAt ?? "")
      .reduce((latest, each) => (each > latest ? each : latest), ""),
  };
}

/** How far the init containers are; a null reason: they are done. */
function startSummary({ spec, status }: Pod): { ready: number; reason: string | null } {
  const { initContainers = [] } = spec;
  let ready = 0;
  for (const [index, each] of (status.initContainerStatuses ?? []).entries()) {
    const { state } = each;
    const container = initContainers.find(({ name }) => name === each.name);
    if (state.terminated?.exitCode === 0) continue;
    if (container !== undefined && isSidecar(container) && each.started === true) {
      if (each.ready) ready += 1;
      continue;
    }
    if (state.terminated !== undefined)
      return { ready, reason: `Init:${endReason(state.terminated)}` };
    const waiting = state.waiting?.reason ?? "";
    if (waiting !== "" && waiting !== "PodInitializing") {
      return { ready, reason: `Init:${waiting}` };
    }
    return { ready, reason: `Init:${index}/${initContainers.length}` };
  }
  return { ready, reason: null };
}

function isSidecar(container: { readonly restartPolicy?: string | undefined }): boolean {
  return container.restartPolicy === "Always";
}

function waitingReason({ state }: ContainerStatus): string | null {
  if (state.waiting !== undefined && state.waiting.reason !== "") return state.waiting.reason;
  return state.terminated === undefined ? null : endReason(state.terminated);
}

function endReason(end: NonNullable<ContainerStatus["state"]["terminated"]>): string {
  if (end.reason !== "") return end.reason;
  const { signal = 0, exitCode } = end;
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
}

function endingReason({ metadata, status }: Pod, reason: string): string {
  if (metadata.deletionTimestamp === undefined) return reason;
  if (status.reason === "NodeLost") return "Unknown";
  return status.phase === "Succeeded" || status.phase === "Failed" ? reason : "Terminating";
}
