/**
 * The `ingress-nginx/controller` image: its flags, health, status and end.
 *
 * Spec: ingress-nginx 1.13, cmd/nginx, docs/user-guide/cli-arguments.md.
 * Not modelled: TLS (ingress-tls-port.ts says what port 443 does), the ConfigMap.
 */
import { textReply } from "../../apps/http-service.ts";
import type { CommandContext } from "../../shell/command.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { NGINX_CONTROLLER } from "../ingress-objects.ts";
import type { Container } from "./container.ts";
import { GoFlags, serveGo } from "./go-server.ts";
import { ingressProxy, WatchedIngresses } from "./ingress-controllers.ts";
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
  const known = args.flatMap((word) => /^--?([a-z0-9-]+)/.exec(word)?.[1] ?? []);
  const flags = new GoFlags("nginx-ingress-controller", args, known);
  const ingresses = new WatchedIngresses(container, {
    controller: flags.text("controller-class", NGINX_CONTROLLER),
    takesClassless: flags.boolean("watch-ingress-without-class", false),
    className: "",
  });
  const spawn = (name: string, program: Program<number>) =>
    context.host.processes.spawn(name, program);
  const port = flags.number("http-port", HTTP_PORT);
  const healthy = () => textReply("ok");
  if (!serveGo(context, flags.number("healthz-port", HEALTH_PORT), healthy)) return 1;
  spawn("nginx", ingressProxy(container, context, ingresses, port));
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
    ? context.host.processes.spawn(
        "status",
        ingressStatus(container, source, () => ingresses.all()),
      )
    : null;
  yield* untilSignal(context.signal);
  // The addresses are taken back before the program ends.
  while (writer !== null && writer.status === null) yield waitFor([writer.exited]);
  return 0;
}
