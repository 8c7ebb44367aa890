/** The statuses that a fake kubelet writes. Times are those of the API server. */
import type {
  Condition,
  Container,
  ContainerStatus,
  Pod,
  PodStatus,
} from "../../lib/kube/api/types.ts";

/** In which conditions stand in a status. */
const ORDER = [
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
];

/** The status of a Pod that has just been bound. */
export function creating(pod: Pod, time: string, hostIP: string): PodStatus {
  const containerStatuses = pod.spec.containers.map((container) =>
    containerStatus(container, {
      state: { waiting: { reason: "ContainerCreating" } },
      ready: false,
      started: false,
    }),
  );
  return {
    ...pod.status,
    ...readiness(pod, false, time, false),
    containerStatuses,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    startTime: time,
  };
}

/** The status of a Pod whose containers have been started, as far as their images exist. */
export function running(pod: Pod, ready: boolean, time: string, podIP: string): PodStatus {
  const before = pod.status.containerStatuses ?? [];
  const containerStatuses = pod.spec.containers.map((container, index) =>
    container.image.startsWith("does-not-exist")
      ? containerStatus(container, {
          state: { waiting: { reason: "ErrImagePull" } },
          ready: false,
          started: false,
        })
      : {
          ...containerStatus(container, {
            state: { running: { startedAt: time } },
            ready,
            started: true,
          }),
          lastState: before[index]?.lastState ?? {},
          restartCount: before[index]?.restartCount ?? 0,
          containerID: `containerd://${pod.metadata.uid}-${container.name}-0`,
          imageID: `${container.image}@fake`,
        },
  );
  const pulls = containerStatuses.every(({ state }) => state.waiting === undefined);
  const base: Pod = { ...pod, status: { ...pod.status, containerStatuses } };
  return {
    ...base.status,
    ...readiness(base, ready && pulls, time),
    containerStatuses: containerStatuses.map((each) => ({
      ...each,
      ready: each.started === true && ready,
    })),
    phase: pulls ? "Running" : "Pending",
    podIP,
    podIPs: [{ ip: podIP }],
  };
}

/** The status of a Pod whose containers have stopped. */
export function ended(pod: Pod, time: string): PodStatus {
  const { generation } = pod.metadata;
  const conditions = (pod.status.conditions ?? []).map((condition): Condition => {
    if (condition.type === "PodScheduled" || condition.type === "DisruptionTarget")
      return condition;
    if (condition.type === "Initialized") return { ...condition, observedGeneration: generation };
    const { message: _message, ...rest } = condition;
    const reason = condition.type === "PodReadyToStartContainers" ? undefined : "PodCompleted";
    return {
      ...rest,
      observedGeneration: generation,
      status: "False",
      reason,
      lastTransitionTime: time,
    };
  });
  const containerStatuses = (pod.status.containerStatuses ?? []).map(
    (each): ContainerStatus => ({
      ...each,
      ready: false,
      started: false,
      state: {
        terminated: {
          exitCode: 0,
          reason: "Completed",
          startedAt: each.state.running?.startedAt ?? time,
          finishedAt: time,
          containerID: each.containerID ?? "",
        },
      },
    }),
  );
  return {
    ...pod.status,
    conditions,
    containerStatuses,
    observedGeneration: generation,
    phase: "Succeeded",
  };
}

/** The status of a Pod whose containers are about to start again. */
export function exited(pod: Pod, finishedAt: string): PodStatus {
  const containerStatuses = (pod.status.containerStatuses ?? []).map((each): ContainerStatus => {
    const startedAt = each.state.running?.startedAt ?? finishedAt;
    const { containerID = "" } = each;
    const terminated = { exitCode: 0, reason: "Completed", startedAt, finishedAt, containerID };
    return {
      ...each,
      state: { waiting: { reason: "ContainerCreating" } },
      lastState: { terminated },
      restartCount: each.restartCount + 1,
      ready: false,
      started: false,
    };
  });
  const status = { ...pod.status, containerStatuses };
  return { ...status, ...readiness({ ...pod, status }, false, finishedAt) };
}

/** The conditions and container statuses of a Pod that is ready or not; `sandbox`: it has its network. */
export function readiness(pod: Pod, ready: boolean, time: string, sandbox = true): PodStatus {
  const observedGeneration = pod.metadata.generation;
  const before = new Map(
    (pod.status.conditions ?? []).map((condition) => [condition.type, condition]),
  );
  const names = pod.spec.containers.map(({ name }) => name).join(" ");
  const set = (type: string, is: boolean, withReason: boolean): void => {
    const old = before.get(type);
    const status = is ? "True" : "False";
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : time;
    const why =
      withReason && !is
        ? { reason: "ContainersNotReady", message: `containers with unready status: [${names}]` }
        : {};
    before.set(type, {
      type,
      observedGeneration,
      status,
      ...why,
      lastProbeTime: null,
      lastTransitionTime,
    });
  };
  set("PodReadyToStartContainers", sandbox, false);
  set("Initialized", true, false);
  set("Ready", ready, true);
  set("ContainersReady", ready, true);
  const conditions = [...before.values()].sort(
    (a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type),
  );
  const containerStatuses = (pod.status.containerStatuses ?? []).map((each) => ({
    ...each,
    ready,
  }));
  return { conditions, containerStatuses, observedGeneration };
}

function containerStatus(
  { name, image }: Container,
  rest: Pick<ContainerStatus, "state" | "ready" | "started">,
): ContainerStatus {
  return { name, image, imageID: "", lastState: {}, restartCount: 0, ...rest };
}
