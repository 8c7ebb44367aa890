/**
 * What a kubelet says of its node: registration, conditions, and the Lease that shows that it is
 * alive.
 *
 * Spec: kubernetes pkg/kubelet (kubelet_node_status.go, nodestatus/setters.go), component-helpers
 * apimachinery/lease, v1.36; kubeadm's labels as kind has them.
 */
import { formatIpv4 } from "../../base/inet.ts";
import { NS_PER_S } from "../../base/units.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { formatTime } from "../api/time.ts";
import type { Condition, Node } from "../api/types.ts";
import { objectKey } from "../store.ts";
import type { KubeletContext } from "./context.ts";

const LEASES = "kube-node-lease";
const USER = "kubelet";
const KUBELET_VERSION = "v1.36.2";

/** Registers the Node and keeps its conditions and Lease fresh. */
export class NodeStatus {
  readonly #context: KubeletContext;

  /** Registers the node and goes on reporting. */
  constructor(context: KubeletContext) {
    this.#context = context;
    context.spawn(this.#run());
    context.spawn(this.#renew());
  }

  *#run(): Program<number> {
    const { latencies } = this.#context.cluster;
    yield waitFor([], latencies.registerNs);
    this.#register();
    let reportedAt = this.#context.now;
    let problem = this.#context.options.network.problem;
    for (;;) {
      // While the node is not ready the kubelet looks more often, so that Pods come sooner.
      yield waitFor([], problem === null ? latencies.nodeStatusNs : latencies.notReadyNs);
      const now = this.#context.options.network.problem;
      if (now === problem && this.#context.now - reportedAt < latencies.nodeReportNs) continue;
      problem = now;
      reportedAt = this.#context.now;
      this.#report();
    }
  }

  #register(): void {
    const { options, cluster } = this.#context;
    const { nodeName, taints } = options;
    const { server } = cluster;
    if (server.store.get("Node", nodeName) !== null) {
      this.#report();
      return;
    }
    this.#context.request(() =>
      server.create(
        {
          apiVersion: "v1",
          kind: "Node",
          metadata: {
            name: nodeName,
            labels: {
              "beta.kubernetes.io/arch": "amd64",
              "beta.kubernetes.io/os": "linux",
              "kubernetes.io/arch": "amd64",
              "kubernetes.io/hostname": nodeName,
              "kubernetes.io/os": "linux",
              ...options.labels,
            },
            annotations: {
              "node.alpha.kubernetes.io/ttl": "0",
              "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
          },
          spec: { ...(taints !== undefined && taints.length > 0 && { taints }) },
          status: this.#status(null),
        },
        USER,
      ),
    );
  }

  #report(): void {
    const { options, cluster } = this.#context;
    this.#context.request(() =>
      cluster.server.patchStatus("Node", options.nodeName, (node) => this.#status(node), USER),
    );
  }

  #status(node: Node | null): Node["status"] {
    const { nodeName, address } = this.#context.options;
    const amounts = this.#context.facts.allocatable;
    return {
      ...node?.status,
      addresses: [
        { type: "InternalIP", address: formatIpv4(address) },
        { type: "Hostname", address: nodeName },
      ],
      capacity: amounts,
      allocatable: amounts,
      conditions: this.#conditions(node),
      nodeInfo: {
        architecture: "amd64",
        containerRuntimeVersion: "containerd://2.2.0",
        kernelVersion: "6.18.0",
        kubeletVersion: KUBELET_VERSION,
        operatingSystem: "linux",
        osImage: "Debian GNU/Linux 12 (bookworm)",
      },
    };
  }

  #conditions(node: Node | null): Condition[] {
    const { problem } = this.#context.options.network;
    const { time } = this.#context;
    const ready =
      problem === null
        ? { status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
        : { status: "False", reason: "KubeletNotReady", message: problem };
    return [...HEALTHY, { type: "Ready", ...ready }].map((condition) => {
      const before = node?.status.conditions?.find(({ type }) => type === condition.type);
      const same = before?.status === condition.status;
      return {
        ...condition,
        lastHeartbeatTime: time,
        lastTransitionTime: same ? before.lastTransitionTime : time,
      };
    });
  }

  *#renew(): Program<number> {
    const { latencies, server } = this.#context.cluster;
    const { nodeName } = this.#context.options;
    yield waitFor([], latencies.registerNs + 2 * latencies.requestNs);
    for (;;) {
      this.#context.request(() => {
        const key = objectKey(LEASES, nodeName);
        const renewTime = microTime(server.epochSeconds, this.#context.now);
        if (server.store.get("Lease", key) === null) this.#createLease(renewTime);
        else {
          server.patch(
            "Lease",
            key,
            (lease) => ({ ...lease, spec: { ...(lease.spec as object), renewTime } }),
            USER,
          );
        }
      });
      // As client-go's controller: a quarter of the lease's time, four hundredths more at most.
      const jitter = this.#context.jitter("lease", latencies.leaseNs / 25);
      yield waitFor([], latencies.leaseNs + jitter);
    }
  }

  #createLease(renewTime: string): void {
    const { nodeName } = this.#context.options;
    const { server } = this.#context.cluster;
    const node = server.store.get("Node", nodeName);
    server.create(
      {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: {
          name: nodeName,
          namespace: LEASES,
          ...(node !== null && {
            ownerReferences: [
              { apiVersion: "v1", kind: "Node", name: nodeName, uid: node.metadata.uid },
            ],
          }),
        },
        spec: { holderIdentity: nodeName, leaseDurationSeconds: 40, renewTime },
      },
      USER,
    );
  }
}

const HEALTHY: readonly Condition[] = [
  {
    type: "MemoryPressure",
    status: "False",
    reason: "KubeletHasSufficientMemory",
    message: "kubelet has sufficient memory available",
  },
  {
    type: "DiskPressure",
    status: "False",
    reason: "KubeletHasNoDiskPressure",
    message: "kubelet has no disk pressure",
  },
  {
    type: "PIDPressure",
    status: "False",
    reason: "KubeletHasSufficientPID",
    message: "kubelet has sufficient PID available",
  },
];

/** RFC 3339 with microseconds. */
function microTime(epochSeconds: number, now: number): string {
  const seconds = Math.floor(now / NS_PER_S);
  const micros = Math.floor((now - seconds * NS_PER_S) / 1000);
  const whole = formatTime(epochSeconds + seconds).replace("Z", "");
  return `${whole}.${String(micros).padStart(6, "0")}Z`;
}
