/**
 * Ingress controllers other than ingress-nginx: Traefik, the two of HAProxy and that of NGINX Inc.
 *
 * Spec: Traefik 3 (entryPoints, providers.kubernetesIngress, ping, api.insecure);
 * haproxytech/kubernetes-ingress 3 (--http-bind-port, --ingress.class), haproxy-ingress 0.14;
 * nginx/kubernetes-ingress 5 (-ingress-class).
 * Differs: ports other than those for HTTP and health answer with the Pod's name. In what they make
 * of paths and annotations see ingress-controllers.ts.
 * Not modelled: IngressRoutes, VirtualServers and other kinds of their own; TLS.
 */
import { textReply } from "../../apps/http-service.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import type { IngressChoice } from "../ingress-objects.ts";
import type { Container } from "./container.ts";
import { serveGo } from "./go-server.ts";
import { ingressProxy, WatchedIngresses } from "./ingress-controllers.ts";
import { tlsPort } from "./ingress-tls-port.ts";
import { endAtSignal } from "./signals.ts";

type ControllerProgram = (
  container: Container,
  context: CommandContext,
  args: readonly string[],
) => Program<number>;

/** What a controller's flags say. */
interface Ports {
  readonly http: readonly number[];
  readonly https: readonly number[];
  /** Health, metrics, dashboards. */
  readonly others: readonly number[];
}

/** The image `traefik`. */
export const traefik: ControllerProgram = (container, context, args) => {
  const flags = flagsOf(args);
  const points = [...flags].flatMap(([name, value]) => {
    const point = /^entrypoints\.([^.]+)\.address$/.exec(name)?.[1];
    return point === undefined ? [] : [[point, portOf(value)] as const];
  });
  const isOther = (point: string) => ["traefik", "metrics", "ping"].includes(point);
  const isTls = (point: string) => /secure|https|tls/.test(point);
  const plain = points.filter(([point]) => !isOther(point));
  const ports = {
    http: plain.length === 0 ? [80] : plain.flatMap(([point, port]) => (isTls(point) ? [] : port)),
    https: plain.flatMap(([point, port]) => (isTls(point) ? port : [])),
    others: [8080, ...points.flatMap(([point, port]) => (isOther(point) ? port : []))],
  };
  const className = flags.get("providers.kubernetesingress.ingressclass") ?? "traefik";
  const choice = { controller: "traefik.io/ingress-controller", takesClassless: true, className };
  return serve(container, context, ports, choice);
};

/** The image `haproxytech/kubernetes-ingress`. */
export const haproxytech: ControllerProgram = (container, context, args) => {
  const flags = flagsOf(args);
  const className = flags.get("ingress.class") ?? "haproxy";
  const declared = (name: string) => container.ports.find((port) => port.name === name);
  const choice = {
    controller: `haproxy.org/ingress-controller/${className}`,
    takesClassless: flags.get("ingress.class") === undefined,
    className,
  };
  const ports = {
    http: [Number(flags.get("http-bind-port") ?? declared("http")?.containerPort ?? 8080)],
    https: [Number(flags.get("https-bind-port") ?? declared("https")?.containerPort ?? 8443)],
    others: [1024, 1042],
  };
  return serve(container, context, ports, choice);
};

/** The image `jcmoraisjr/haproxy-ingress`. */
export const haproxyIngress: ControllerProgram = (container, context, args) => {
  const flags = flagsOf(args);
  const choice = {
    controller: flags.get("controller-class") ?? "haproxy-ingress.github.io/controller",
    takesClassless: flags.get("watch-ingress-without-class") === "true",
    className: flags.get("ingress-class") ?? "haproxy",
  };
  return serve(container, context, { http: [80], https: [443], others: [1936, 10253] }, choice);
};

/** The image `nginx/nginx-ingress`. */
export const nginxInc: ControllerProgram = (container, context, args) => {
  const flags = flagsOf(args);
  const className = flags.get("ingress-class") ?? "nginx";
  const choice = { controller: "nginx.org/ingress-controller", takesClassless: false, className };
  return serve(container, context, { http: [80], https: [443], others: [8081, 9113] }, choice);
};

function* serve(
  container: Container,
  context: CommandContext,
  { http, https, others }: Ports,
  choice: IngressChoice,
): Program<number> {
  const { processes } = context.host;
  const ingresses = new WatchedIngresses(container, choice);
  for (const port of new Set(http)) {
    processes.spawn("proxy", ingressProxy(container, context, ingresses, port));
  }
  for (const port of new Set(https)) processes.spawn("tls", tlsPort(context, port));
  const taken = new Set([...http, ...https]);
  const answer = () => textReply(`Hostname: ${container.pod.hostname}\n`);
  for (const port of new Set(others)) {
    if (!taken.has(port) && !serveGo(context, port, answer)) return 1;
  }
  return yield* endAtSignal(context.signal, 0);
}

/** Flags by their names in small letters; a bare one is true. */
function flagsOf(args: readonly string[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const word of args) {
    const [, name = "", value = "true"] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name !== "") flags.set(name.toLowerCase(), value);
  }
  return flags;
}

function portOf(address: string): number {
  return Number(/:([0-9]+)(?:\/(?:tcp|udp))?$/.exec(address)?.[1] ?? 80);
}
