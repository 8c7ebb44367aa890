/**
 * Service health checks: for a load balancer with the Local policy, a port on every node that
 * tells the balancer whether endpoints of the Service are on that node.
 *
 * Spec: Kubernetes pkg/proxy/healthcheck/service_health.go.
 * Not modelled: restriction of the ports to nodePortAddresses; proxy health turning false.
 */
import { utf8 } from "../../base/bytes.ts";
import { isOnNode } from "./endpoint.ts";
import type { EndpointsByPort } from "./endpoint-tracker.ts";
import type { HealthAnswer, Held, SocketTool } from "./node.ts";
import type { KubeProxyRelease } from "./release.ts";
import type { ServicePort } from "./service-port.ts";

interface Check {
  readonly port: number;
  readonly held: Held | null;
  localEndpoints: number;
}

/** Answers at the health check node ports of Services. */
export class ServiceHealth {
  readonly #sockets: SocketTool;
  readonly #nodeName: string;
  readonly #release: KubeProxyRelease;
  readonly #checks = new Map<string, Check>();

  constructor(sockets: SocketTool, nodeName: string, release: KubeProxyRelease) {
    this.#sockets = sockets;
    this.#nodeName = nodeName;
    this.#release = release;
  }

  /** Opens and closes ports, and counts endpoints, so that answers fit the given state. */
  update(ports: Iterable<ServicePort>, endpoints: EndpointsByPort): void {
    const wanted = new Map<string, { port: number; local: Set<string> }>();
    for (const port of ports) {
      if (port.healthCheckNodePort === 0) continue;
      const want = wanted.get(port.service) ?? {
        port: port.healthCheckNodePort,
        local: new Set<string>(),
      };
      wanted.set(port.service, want);
      for (const endpoint of endpoints.get(port.key) ?? []) {
        if (endpoint.ready && isOnNode(endpoint, this.#nodeName)) want.local.add(endpoint.ip);
      }
    }
    this.#closeOthers(wanted);
    for (const [service, { port, local }] of wanted) {
      const check = this.#checks.get(service) ?? this.#open(service, port);
      check.localEndpoints = local.size;
    }
  }

  #closeOthers(wanted: ReadonlyMap<string, { readonly port: number }>): void {
    for (const [service, check] of this.#checks) {
      if (wanted.get(service)?.port === check.port) continue;
      check.held?.close();
      this.#checks.delete(service);
    }
  }

  #open(service: string, port: number): Check {
    const check: Check = {
      port,
      held: this.#sockets.serveHttp(port, () =>
        healthAnswer(service, check.localEndpoints, this.#release),
      ),
      localEndpoints: 0,
    };
    this.#checks.set(service, check);
    return check;
  }
}

/** What the health check of a Service with `localEndpoints` endpoints on this node answers. */
export function healthAnswer(
  service: string,
  localEndpoints: number,
  release: KubeProxyRelease,
): HealthAnswer {
  const [namespace, name] = service.split("/");
  const full = release.healthAnswer === "counts and proxy";
  const answer = {
    service: { namespace, name },
    localEndpoints,
    ...(full && { serviceProxyHealthy: true }),
  };
  const body = JSON.stringify(answer, null, "\t");
  return {
    status: localEndpoints > 0 ? 200 : 503,
    headers: [
      ["Content-Type", "application/json"],
      ["X-Content-Type-Options", "nosniff"],
      ...(full ? [["X-Load-Balancing-Endpoint-Weight", String(localEndpoints)] as const] : []),
      ["Content-Length", String(utf8(body).length)],
    ],
    body,
  };
}
