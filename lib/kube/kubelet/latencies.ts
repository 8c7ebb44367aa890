/**
 * How long the steps of a Pod's life take. Parameters of a run; the defaults are of an idle kind
 * cluster (containerd, images of some ten MB from a near registry) and of the kubelet's own periods.
 */
import { NS_PER_MS, NS_PER_S, type Ns } from "../../base/units.ts";

/** How long each step takes. */
export interface KubeletLatencies {
  /** From a request to the API server's answer. */
  readonly requestNs: Ns;
  /** From a Pod's arrival until its volumes are mounted: the volume manager looks every 100 ms, the Pod's worker every 300 ms. */
  readonly volumesNs: Ns;
  /** RunPodSandbox: the namespace and the CNI plugins. */
  readonly sandboxNs: Ns;
  /** Pull of an image that the node does not have. */
  readonly pullNs: Ns;
  /** CreateContainer. */
  readonly createNs: Ns;
  /** StartContainer, until the first instruction of the program. */
  readonly startNs: Ns;
  /** How often the kubelet looks what has become of its containers (generic PLEG). */
  readonly relistNs: Ns;
  /** StopPodSandbox with the CNI plugins. */
  readonly teardownNs: Ns;
  /** A container that restarts waits this long at first, twice as long each time after. */
  readonly backoffNs: Ns;
  readonly maxBackoffNs: Ns;
  /** From the kubelet's start to its first node status. */
  readonly registerNs: Ns;
  /** How often the kubelet looks at its node (nodeStatusUpdateFrequency). */
  readonly nodeStatusNs: Ns;
  /** The same while the node is not ready. */
  readonly notReadyNs: Ns;
  /** How often it writes though nothing has changed (nodeStatusReportFrequency). */
  readonly nodeReportNs: Ns;
  /** A quarter of nodeLeaseDurationSeconds. */
  readonly leaseNs: Ns;
}

export const DEFAULT_LATENCIES: KubeletLatencies = {
  requestNs: 3 * NS_PER_MS,
  volumesNs: 300 * NS_PER_MS,
  sandboxNs: 150 * NS_PER_MS,
  pullNs: 1_500 * NS_PER_MS,
  createNs: 50 * NS_PER_MS,
  startNs: 80 * NS_PER_MS,
  relistNs: NS_PER_S,
  teardownNs: 100 * NS_PER_MS,
  backoffNs: 10 * NS_PER_S,
  maxBackoffNs: 300 * NS_PER_S,
  registerNs: 200 * NS_PER_MS,
  nodeStatusNs: 10 * NS_PER_S,
  notReadyNs: 500 * NS_PER_MS,
  nodeReportNs: 300 * NS_PER_S,
  leaseNs: 10 * NS_PER_S,
};
