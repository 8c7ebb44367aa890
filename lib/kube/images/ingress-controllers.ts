/**
 * Ingress controllers: reverse proxies by the Ingress objects of the moment, which differ in their
 * flags, their ports and the classes that they take.
 *
 * Spec: ingress-nginx 1.13 (internal/ingress/controller): the table is made anew when an Ingress or
 * an IngressClass changes, endpoints are looked up for each request. Traefik 3, providers/kubernetes/
 * ingress; haproxytech/kubernetes-ingress 3, documentation/controller.md; haproxy-ingress 0.14;
 * nginx/kubernetes-ingress 5.
 * Differs: a change takes effect at once, where the real ones wait up to a second for more. Paths,
 * annotations, header fields and error pages are those of ingress-nginx in all of them.
 */

import { field } from "../../apps/http-message.ts";
import { httpProxy, PROXY_DEFAULTS, type ProxyRequest } from "../../apps/http-proxy.ts";
import type { ProxyRoute } from "../../apps/http-upstreams.ts";
import { contains } from "../../base/inet.ts";
import { appHost } from "../../shell/app.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import type { DnsObjects } from "../dns-objects.ts";
import { IngressRoutes } from "../ingress.ts";
import { takesRequest } from "../ingress-annotations.ts";
import { backendRoute, type IngressTarget } from "../ingress-backend.ts";
import {
  type Ingress,
  type IngressChoice,
  type IngressClass,
  ingressesOf,
} from "../ingress-objects.ts";
import { objectsOf } from "./cluster-objects.ts";
import type { Container } from "./container.ts";

/** The Ingresses of a controller at any time. */
export class WatchedIngresses {
  readonly #container: Container;
  readonly #choice: IngressChoice;
  #own: Ingress[] | null = null;
  #routes: IngressRoutes | null = null;

  constructor(container: Container, choice: IngressChoice) {
    this.#container = container;
    this.#choice = choice;
    for (const kind of ["Ingress", "IngressClass"]) {
      container.api.on(kind, () => {
        this.#own = null;
        this.#routes = null;
      });
    }
  }

  all(): readonly Ingress[] {
    const { api } = this.#container;
    // Objects of these kinds were validated when they were stored; the API has no types for them.
    const all = api.list("Ingress") as readonly unknown[] as readonly Ingress[];
    const classes = api.list("IngressClass") as readonly unknown[] as readonly IngressClass[];
    this.#own ??= ingressesOf(this.#choice, all, classes);
    return this.#own;
  }

  routes(): IngressRoutes {
    this.#routes ??= new IngressRoutes(this.all());
    return this.#routes;
  }
}

/** The proxy on a port; it ends with the container. */
export function ingressProxy(
  container: Container,
  context: CommandContext,
  ingresses: WatchedIngresses,
  port: number,
): Program<number> {
  const objects = objectsOf(container.api);
  const random = context.host.namespace.random.stream(`${container.pod.name}:ingress:canary`);
  return httpProxy(appHost(context), {
    ...PROXY_DEFAULTS,
    port,
    route: (request) => {
      const found = ingresses.routes().find(request.host, request.target.replace(/[?#].*/, ""));
      const draw = (bound: number) => random.below(bound) + 1;
      return found === null ? null : routeOf(objects, found, request, draw);
    },
    spawn: (name, program) => context.host.processes.spawn(name, program),
  });
}

function routeOf(
  objects: DnsObjects,
  target: IngressTarget,
  { host, target: asked, fields, client }: ProxyRequest,
  draw: (bound: number) => number,
): ProxyRoute {
  const { canaries, redirect, allowed, toTls } = target;
  const header = (name: string) => field(fields, name);
  const canary = canaries.find(({ rule }) => takesRequest(rule, { header, draw }));
  const route = backendRoute(objects, { ...target, ...canary });
  if (allowed !== null && !allowed.some((range) => contains(range, client))) {
    return { ...route, refusal: { status: 403, location: null } };
  }
  const https = toTls
    ? { status: 308, location: `https://${host}${asked.replace(/\/$/, "")}` }
    : null;
  return { ...route, refusal: https ?? redirect };
}
