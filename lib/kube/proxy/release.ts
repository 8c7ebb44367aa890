/**
 * The releases of kube-proxy whose behaviour is reproduced, and what of the shared model differs
 * between them. What differs in the text of the rules lives with each mode.
 *
 * Spec: Kubernetes v1.20.2, v1.30.5, v1.36.2, pkg/proxy.
 */
import { VethworkError } from "../../base/errors.ts";

/** In what releases differ. */
export interface KubeProxyRelease {
  readonly version: "1.20" | "1.30" | "1.36";
  /**
   * Which endpoints exist at all: 1.20 knows only ready ones; later ones keep all, and fall back to
   * serving ones that terminate.
   */
  readonly endpoints: "ready" | "all";
  /** What makes endpoint hints count: never, a Service annotation, or the hints alone. */
  readonly topology: "none" | "annotation" | "hints";
  /** Whether internalTrafficPolicy is acted on. */
  readonly internalTrafficPolicy: boolean;
  /** Whether Local counts for a ClusterIP Service with externalIPs. */
  readonly localExternalIps: boolean;
  /** Whether ingress addresses with ipMode Proxy are left out. */
  readonly ipMode: boolean;
  /** Whether source ranges with 0.0.0.0/0 among them are no restriction at all. */
  readonly zeroRangeIsNoRange: boolean;
  /** Source ranges and clusterCIDR are printed in canonical form, or as they were written. */
  readonly canonicalCidrs: boolean;
  /** Which updates of an EndpointSlice count: of what the proxy keeps of it, or of any field. */
  readonly sliceChange: "kept fields" | "any field";
  /** Which labels of the Node matter for a sync. */
  readonly nodeLabels: "none" | "all" | "zone";
  /** The pace of syncs: token bucket with a burst of two, or a pause after each run. */
  readonly pace: "burst" | "pause";
  /** How stale UDP flows are found: from the changes, or by comparing the whole table. */
  readonly conntrack: "changes-1.20" | "changes" | "reconcile";
  /** Whether there is a most that the size of the connection table is scaled to. */
  readonly capsConntrackMax: boolean;
  /** What a service health check answers. */
  readonly healthAnswer: "counts" | "counts and proxy";
  /** Modes that detect local traffic by interface. */
  readonly detectByInterface: boolean;
}

const RELEASE_1_20: KubeProxyRelease = {
  version: "1.20",
  endpoints: "ready",
  topology: "none",
  internalTrafficPolicy: false,
  localExternalIps: false,
  ipMode: false,
  zeroRangeIsNoRange: false,
  canonicalCidrs: false,
  sliceChange: "kept fields",
  nodeLabels: "none",
  pace: "burst",
  conntrack: "changes-1.20",
  capsConntrackMax: false,
  healthAnswer: "counts",
  detectByInterface: false,
};

const RELEASE_1_30: KubeProxyRelease = {
  ...RELEASE_1_20,
  version: "1.30",
  endpoints: "all",
  topology: "annotation",
  internalTrafficPolicy: true,
  localExternalIps: true,
  ipMode: true,
  canonicalCidrs: true,
  nodeLabels: "all",
  conntrack: "changes",
  healthAnswer: "counts and proxy",
  detectByInterface: true,
};

const RELEASE_1_36: KubeProxyRelease = {
  ...RELEASE_1_30,
  version: "1.36",
  topology: "hints",
  zeroRangeIsNoRange: true,
  sliceChange: "any field",
  nodeLabels: "zone",
  pace: "pause",
  conntrack: "reconcile",
  capsConntrackMax: true,
};

/** All releases, oldest first. */
export const RELEASES: readonly KubeProxyRelease[] = [RELEASE_1_20, RELEASE_1_30, RELEASE_1_36];

/** The release of a version such as `1.36`, `v1.36` or `1.36.2`. Throws `VW_USAGE`. */
export function releaseOf(version: string): KubeProxyRelease {
  const minor = /^v?(\d+\.\d+)(\.\d+)?$/.exec(version)?.[1];
  const release = RELEASES.find((candidate) => candidate.version === minor);
  if (release !== undefined) return release;
  throw new VethworkError(
    "VW_USAGE",
    `kube-proxy ${version} is not modelled`,
    `one of ${RELEASES.map((known) => known.version).join(", ")}`,
  );
}
