/**
 * Where the requests of an Ingress path end: a Service's port, and the endpoints behind it.
 *
 * Spec: networking.k8s.io/v1 (IngressBackend); ingress-nginx 1.11, internal/ingress/controller
 * (getBackendServers, getServiceClusterEndpoint).
 */
import type { ProxyRoute } from "../apps/http-upstreams.ts";
import { type Cidr, isIpv4, parseIpv4 } from "../base/inet.ts";
import type { DnsObjects, DnsService } from "./dns-objects.ts";
import type { CanaryRule, Redirect } from "./ingress-annotations.ts";
import type { IngressBackend } from "./ingress-objects.ts";

/** A backend that takes some of the requests of another one's path. */
export interface Canary {
  readonly rule: CanaryRule;
  readonly namespace: string;
  readonly backend: IngressBackend;
}

/** Where a request goes, and what is asked for there. */
export interface IngressTarget {
  readonly namespace: string;
  readonly backend: IngressBackend;
  readonly canaries: readonly Canary[];
  /** Where the client is sent instead. */
  readonly redirect: Redirect | null;
  /** Who may ask; null: everybody. */
  readonly allowed: readonly Cidr[] | null;
  /** Null: the path of the request. */
  readonly path: string | null;
  /** Whether the client has to come again with TLS. */
  readonly toTls: boolean;
}

/** The ready endpoints of a target, with the name that the proxy counts its turns by. */
export function backendRoute(
  objects: DnsObjects,
  { namespace, backend, path }: Pick<IngressTarget, "namespace" | "backend" | "path">,
): ProxyRoute {
  const { service: wanted } = backend;
  const name = `${namespace}-${wanted?.name ?? ""}-${wanted?.port?.name ?? wanted?.port?.number ?? ""}`;
  const service = wanted === undefined ? null : objects.service(namespace, wanted.name);
  const nobody = { backend: name, endpoints: [], path, refusal: null };
  if (service === null || wanted === undefined) return nobody;
  const port = servicePort(service, wanted.port ?? {});
  if (port === null) return nobody;
  const endpoints = objects
    .endpointSlices(namespace, wanted.name)
    .filter(({ addressType }) => addressType === "IPv4")
    .flatMap((slice) =>
      (slice.ports ?? [])
        .filter((candidate) => (candidate.name ?? "") === (port.name ?? ""))
        .flatMap((to) =>
          (slice.endpoints ?? [])
            .filter(({ conditions }) => conditions?.ready !== false)
            .flatMap(({ addresses }) => addresses.filter((address) => isIpv4(address)))
            .map((address) => ({ address: parseIpv4(address), port: to.port ?? 0 })),
        ),
    );
  return { backend: name, endpoints, path, refusal: null };
}

function servicePort(
  { spec }: DnsService,
  wanted: { readonly number?: number | undefined; readonly name?: string | undefined },
) {
  const ports = spec.ports ?? [];
  const found = ports.find(({ name, port }) =>
    wanted.name !== undefined && wanted.name !== "" ? name === wanted.name : port === wanted.number,
  );
  return found ?? null;
}
