/**
 * An endpoint of a service port as every mode sees it.
 *
 * Spec: Kubernetes pkg/proxy/endpoint.go, pkg/proxy/endpointslicecache.go.
 */
import { canonicalIpv4 } from "../addresses.ts";
import type { SliceEndpoint } from "../objects.ts";
import type { KubeProxyRelease } from "./release.ts";

/** One backend of a service port. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  /** `ip:port`, by which endpoints are told apart and ordered. */
  readonly text: string;
  /** The name of its node; "" if nobody says. */
  readonly node: string;
  /** Ready endpoints do not terminate. */
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
}

/** Whether the endpoint is on the node of that name; on no node if that is "". */
export function isOnNode(endpoint: Endpoint, nodeName: string): boolean {
  return nodeName !== "" && endpoint.node === nodeName;
}

/** Whether the endpoint may take over when no endpoint is ready. */
export function isDraining(endpoint: Endpoint): boolean {
  return endpoint.serving && endpoint.terminating;
}

/**
 * The endpoint that a slice's entry is at `port`, or null if the release does not know it: an
 * address of the other family, or in 1.20 an endpoint that is not ready. Only the first address
 * counts.
 */
export function endpointOf(
  entry: SliceEndpoint,
  port: number,
  release: KubeProxyRelease,
): Endpoint | null {
  const ip = canonicalIpv4(entry.addresses[0] ?? "");
  const { ready = true, serving = true, terminating = false } = entry.conditions ?? {};
  if (ip === null || (release.endpoints === "ready" && !ready)) return null;
  const knowsConditions = release.endpoints === "all";
  return {
    ip,
    port,
    text: `${ip}:${port}`,
    node: entry.nodeName ?? "",
    ready,
    serving: knowsConditions ? serving : true,
    terminating: knowsConditions && terminating,
    zoneHints: names(entry.hints?.forZones),
    nodeHints: names(entry.hints?.forNodes),
  };
}

const NO_NAMES: readonly string[] = [];

function names(hints: readonly { readonly name: string }[] | undefined): readonly string[] {
  return hints === undefined || hints.length === 0 ? NO_NAMES : hints.map((hint) => hint.name);
}
