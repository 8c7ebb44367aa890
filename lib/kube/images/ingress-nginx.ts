/**
 * The `ingress-nginx/controller` image: a reverse proxy by the Ingress objects of the moment.
 *
 * Spec: ingress-nginx 1.11 (internal/ingress/controller): the table is made anew when an Ingress or
 * an IngressClass changes, endpoints are looked up for each request.
 * Not modelled: HTTPS (nothing listens on 443, so a client is refused), the addresses in the status
 * of Ingresses, which the real one writes every minute, the ConfigMap.
 * Differs: a change takes effect at once, where the real one waits up to a second for more.
 */
import { httpProxy, PROXY_DEFAULTS } from "../../apps/http-proxy.ts";
import { textReply } from "../../apps/http-service.ts";
import { appHost } from "../../shell/app.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import {
  backendRoute,
  type Ingress,
  type IngressClass,
  IngressRoutes,
  ingressesOf,
  NGINX_CONTROLLER,
} from "../ingress.ts";
import { objectsOf } from "./cluster-objects.ts";
import type { Container } from "./container.ts";
import { GoFlags, serveGo } from "./go-server.ts";
import { endAtSignal } from "./signals.ts";

const HTTP_PORT = 80;
const HEALTH_PORT = 10254;

/** The program `/nginx-ingress-controller`. */
export function* ingressNginx(
  { api }: Container,
  context: CommandContext,
  args: readonly string[],
): Program<number> {
  const known = args.flatMap((word) => /^--?([a-z0-9-]+)/.exec(word)?.[1] ?? []);
  const flags = new GoFlags("nginx-ingress-controller", args, known);
  const controller = flags.text("controller-class", NGINX_CONTROLLER);
  const takesClassless = flags.boolean("watch-ingress-without-class", false);
  const objects = objectsOf(api);
  let routes: IngressRoutes | null = null;
  for (const kind of ["Ingress", "IngressClass"]) {
    api.on(kind, () => {
      routes = null;
    });
  }
  const table = (): IngressRoutes => {
    // Objects of these kinds were validated when they were stored; the API has no types for them.
    const ingresses = api.list("Ingress") as readonly unknown[] as readonly Ingress[];
    const classes = api.list("IngressClass") as readonly unknown[] as readonly IngressClass[];
    routes ??= new IngressRoutes(ingressesOf(controller, ingresses, classes, takesClassless));
    return routes;
  };
  const spawn = (name: string, program: Program<number>) =>
    context.host.processes.spawn(name, program);
  const proxy = httpProxy(appHost(context), {
    ...PROXY_DEFAULTS,
    port: flags.number("http-port", HTTP_PORT),
    route(host, path) {
      const found = table().find(host, path);
      return found === null ? null : backendRoute(objects, found);
    },
    spawn,
  });
  const healthy = () => textReply("ok");
  if (!serveGo(context, flags.number("healthz-port", HEALTH_PORT), healthy)) return 1;
  spawn("nginx", proxy);
  return yield* endAtSignal(context.signal, 0);
}
