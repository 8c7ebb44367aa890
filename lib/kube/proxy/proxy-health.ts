/**
 * The node-level health check: whether kube-proxy keeps up, and whether load balancers should send
 * to this node at all.
 *
 * Spec: Kubernetes pkg/proxy/healthcheck/proxy_health.go; v1.20 proxier_health.go.
 * Not modelled: a queued update that stays pending for longer than twice syncPeriod, as a sync here
 * is never late.
 */
import type { Node } from "../objects.ts";
import type { HealthAnswer } from "./node.ts";
import type { KubeProxyRelease } from "./release.ts";

/** Where the check answers: healthzBindAddress's default, on all addresses. */
export const HEALTHZ_PORT = 10256;

/** The taint of a node that the cluster autoscaler is about to delete. */
const TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler";

/** Whether a node is not about to go. */
function isEligible(node: Node | null): boolean {
  if (node === null) return true;
  const { metadata, spec } = node;
  const isTainted = (spec?.taints ?? []).some(({ key }) => key === TO_BE_DELETED);
  return metadata.deletionTimestamp === undefined && !isTainted;
}

/**
 * The answer for a path, or null where there is none. `now` and `lastSync` are times in Go's text.
 */
export function proxyHealthAnswer(
  path: string,
  release: KubeProxyRelease,
  state: { readonly node: Node | null; readonly now: string; readonly lastSync: string },
): HealthAnswer | null {
  const old = release.version === "1.20";
  if (path !== "/healthz" && (old || path !== "/livez")) return null;
  const eligible = isEligible(state.node);
  const asksForNode = path === "/healthz" && !old;
  const isHealthy = !asksForNode || eligible;
  const lastUpdated = isHealthy ? state.now : state.lastSync;
  const times = `"lastUpdated": "${lastUpdated}","currentTime": "${state.now}"`;
  return {
    status: isHealthy ? 200 : 503,
    headers: [
      ["Content-Type", "application/json"],
      ["X-Content-Type-Options", "nosniff"],
    ],
    body: asksForNode ? `{${times}, "nodeEligible": ${eligible}}` : `{${times}}`,
  };
}
