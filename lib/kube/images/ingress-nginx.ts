/**
 * The `ingress-nginx/controller` image: a reverse proxy by the Ingress objects of the moment.
 *
 * Spec: ingress-nginx 1.13 (internal/ingress/controller): the table is made anew when an Ingress or
 * an IngressClass changes, endpoints are looked up for each request.
 * Not modelled: TLS (ingress-tls-port.ts says what port 443 does), the ConfigMap.
 * Differs: a change takes effect at once, where the real one waits up to a second for more.
 */
import { httpProxy, PROXY_DEFAULTS } from "../../apps/http-proxy.ts";
import { textReply } from "../../apps/http-service.ts";
import { appHost } from "../../shell/app.ts";
import type { CommandContext } from "../../shell/command.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { IngressRoutes } from "../ingress.ts";
import { backendRoute } from "../ingress-backend.ts";
import {
  type Ingress,
  type IngressClass,
  ingressesOf,
  NGINX_CONTROLLER,
} from "../ingress-objects.ts";
import { objectsOf } from "./cluster-objects.ts";
import type { Container } from "./container.ts";
import { GoFlags, serveGo } from "./go-server.ts";
import { ingressStatus } from "./ingress-status.ts";
import { tlsPort } from "./ingress-tls-port.ts";
import { untilSignal } from "./signals.ts";

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
const HEALTH_PORT = 10254;

/** The program `/nginx-ingress-controller`. */
export function* ingressNginx(
  container: Container,
  context: CommandContext,
  args: readonly string[],
): Program<number> {
  const { api } = container;
  const known = args.flatMap((word) => /^--?([a-z0-9-]+)/.exec(word)?.[1] ?? []);
  const flags = new GoFlags("nginx-ingress-controller", args, known);
  const controller = flags.text("controller-class", NGINX_CONTROLLER);
  const takesClassless = flags.boolean("watch-ingress-without-class", false);
  const objects = objectsOf(api);
  let own: Ingress[] | null = null;
  let routes: IngressRoutes | null = null;
  for (const kind of ["Ingress", "IngressClass"]) {
    api.on(kind, () => {
      own = null;
      routes = null;
    });
  }
  const ingresses = (): Ingress[] => {
    // Objects of these kinds were validated when they were stored; the API has no types for them.
    const all = api.list("Ingress") as readonly unknown[] as readonly Ingress[];
    const classes = api.list("IngressClass") as readonly unknown[] as readonly IngressClass[];
    own ??= ingressesOf(controller, all, classes, takesClassless);
    return own;
  };
  const spawn = (name: string, program: Program<number>) =>
    context.host.processes.spawn(name, program);
  const proxy = httpProxy(appHost(context), {
    ...PROXY_DEFAULTS,
    port: flags.number("http-port", HTTP_PORT),
    route(host, target) {
      routes ??= new IngressRoutes(ingresses());
      const found = routes.find(host, target.replace(/[?#].*/, ""));
      if (found === null) return null;
      const redirect = found.toTls ? `https://${host}${target.replace(/\/$/, "")}` : null;
      return { ...backendRoute(objects, found), redirect };
    },
    spawn,
  });
  const healthy = () => textReply("ok");
  if (!serveGo(context, flags.number("healthz-port", HEALTH_PORT), healthy)) return 1;
  spawn("nginx", proxy);
  spawn("nginx", tlsPort(context, flags.number("https-port", HTTPS_PORT)));
  const [, webhookPort] = /:([0-9]+)$/.exec(flags.text("validating-webhook", "")) ?? [];
  if (webhookPort !== undefined) spawn("webhook", tlsPort(context, Number(webhookPort)));
  const source = {
    addresses: flags.text("publish-status-address", ""),
    service: flags.text("publish-service", ""),
    usesInternalAddress: flags.boolean("report-node-internal-ip-address", false),
  };
  const writes = flags.boolean("update-status", true);
  const writer = writes
    ? context.host.processes.spawn("status", ingressStatus(container, source, ingresses))
    : null;
  yield* untilSignal(context.signal);
  // The addresses are taken back before the program ends.
  while (writer !== null && writer.status === null) yield waitFor([writer.exited]);
  return 0;
}
