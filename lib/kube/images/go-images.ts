/**
 * Small servers written in Go: `hashicorp/http-echo`, `hello-app`, `traefik/whoami`.
 *
 * Spec: http-echo 1.0 (main.go, handlers.go); kubernetes-engine-samples, hello-app (main.go);
 * whoami 1.10 (app.go).
 * Not modelled: whoami's /bench, /echo (WebSocket), TLS.
 */
import { field, formatHead } from "../../apps/http-message.ts";
import { type HttpReply, type HttpRequest, textReply } from "../../apps/http-service.ts";
import { fromUtf8 } from "../../base/bytes.ts";
import { formatIpv4 } from "../../base/inet.ts";
import { parseDuration } from "../../base/units.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { ShellHost } from "../../shell/host.ts";
import { type Program, sleep } from "../../sim/process.ts";
import type { Container } from "./container.ts";
import { formValues, GoFlags, logLine, pathOf, serveGo } from "./go-server.ts";
import { parseImageName } from "./image-name.ts";
import { endAtSignal, GO_TERMINATED } from "./signals.ts";

/** `http-echo -text TEXT [-listen :5678] [-status-code 200]`. */
export function* httpEcho(
  { image }: Container,
  context: CommandContext,
  args: readonly string[],
): Program<number> {
  const flags = new GoFlags("http-echo", args, ["text", "listen", "status-code"]);
  const text = flags.text("text", context.environment.get("ECHO_TEXT") ?? "");
  if (text === "") {
    context.io.stderr("Missing -text option or env var ECHO_TEXT!\n");
    return 127;
  }
  const listen = flags.text("listen", ":5678");
  const { tag } = parseImageName(image);
  const version = /^v?([0-9.]+)$/.exec(tag)?.[1] ?? "1.0.0";
  const headers: [string, string][] = [
    ["X-App-Name", "http-echo"],
    ["X-App-Version", version],
  ];
  const port = Number(listen.slice(listen.lastIndexOf(":") + 1));
  const status = flags.number("status-code", 200);
  const handler = ({ target }: HttpRequest) => {
    if (pathOf(target) === "/health") return textReply('{"status":"ok"}\n', headers);
    return textReply(`${text}\n`, headers, status);
  };
  if (!serveGo(context, port, handler)) return 1;
  logLine(context, `[INFO] server is listening on ${listen}`);
  return yield* endAtSignal(context.signal, GO_TERMINATED);
}

/** `hello-app`: its greeting, version and host name, for any path. */
export function* helloApp({ pod, image }: Container, context: CommandContext): Program<number> {
  const version = /^([0-9]+)/.exec(parseImageName(image).tag)?.[1] ?? "1";
  const port = context.environment.get("PORT") ?? "8080";
  const handler = ({ target }: HttpRequest) => {
    logLine(context, `Serving request: ${pathOf(target)}`);
    return textReply(`Hello, world!\nVersion: ${version}.0.0\nHostname: ${pod.hostname}\n`);
  };
  logLine(context, `Server listening on port ${port}`);
  if (!serveGo(context, Number(port), handler)) return 1;
  return yield* endAtSignal(context.signal, GO_TERMINATED);
}

/** `whoami`: the request as it came, and who it came to. */
export function* whoami(
  { pod }: Container,
  context: CommandContext,
  args: readonly string[],
): Program<number> {
  const { environment, host } = context;
  const flags = new GoFlags("whoami", args, ["port", "name"], ["verbose"]);
  const port = flags.number("port", Number(environment.get("WHOAMI_PORT_NUMBER") ?? 80));
  const name = flags.text("name", environment.get("WHOAMI_NAME") ?? "");
  let health = 200;
  const handler = function* (request: HttpRequest) {
    const { method, target, body } = request;
    const values = formValues(target);
    switch (pathOf(target)) {
      case "/health":
        if (method === "POST") health = Number(fromUtf8(body));
        return textReply("", [], method === "POST" ? 200 : health);
      case "/data":
        return whoamiData(values);
      case "/api":
        return whoamiApi(request, { hostname: pod.hostname, ip: addressesOf(host) }, name);
      default:
    }
    const wait = values.get("wait") ?? "";
    if (/^[0-9.]+(ns|us|ms|s|m)$/.test(wait)) yield sleep(parseDuration(wait));
    const lines = [
      ...(name === "" ? [] : [`Name: ${name}`]),
      `Hostname: ${pod.hostname}`,
      ...addressesOf(host).map((address) => `IP: ${address}`),
      `RemoteAddr: ${remoteOf(request)}`,
    ];
    return textReply(`${lines.join("\n")}\n${requestText(request)}`);
  };
  logLine(context, `Starting up on port ${port}`);
  if (!serveGo(context, port, handler)) return 1;
  return yield* endAtSignal(context.signal, GO_TERMINATED);
}

/** `/data`: as many letters as `size` and `unit` say. */
function whoamiData(values: ReadonlyMap<string, string>): HttpReply {
  const units: Readonly<Record<string, number>> = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };
  const unit = units[(values.get("unit") ?? "").toLowerCase()] ?? 1;
  const size = Number(values.get("size") ?? 1) * unit;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-".repeat(Math.ceil(size / 27));
  return textReply(`|${letters}`.slice(0, size));
}

/** `/api`: request and host as JSON. */
function whoamiApi(
  request: HttpRequest,
  self: { readonly hostname: string; readonly ip: readonly string[] },
  name: string,
): HttpReply {
  const { method, target, head } = request;
  const headers = Object.fromEntries(head.fields.map(([key, value]) => [key, [value]]));
  delete headers["Host"];
  const json = {
    ...self,
    headers,
    url: target,
    host: field(head.fields, "Host") ?? "",
    method,
    ...(name === "" ? {} : { name }),
    remoteAddr: remoteOf(request),
  };
  return textReply(`${JSON.stringify(json)}\n`, [
    ["Access-Control-Allow-Methods", "*"],
    ["Access-Control-Allow-Origin", "*"],
    ["Content-Type", "application/json"],
  ]);
}

function remoteOf({ client }: HttpRequest): string {
  return `${formatIpv4(client.remote.address)}:${client.remote.port}`;
}

/** The addresses of all devices, in their order. */
function addressesOf(host: ShellHost): string[] {
  return [...host.namespace.devices.values()].flatMap((device) =>
    host.namespace.inet(device).addresses.map(({ local }) => formatIpv4(local)),
  );
}

/** `Request.Write`: Host and User-Agent first, the rest by name. */
function requestText({ method, target, head, body }: HttpRequest): string {
  const first = ["Host", "User-Agent"];
  const lead = first.flatMap((name): [string, string][] => {
    const value = field(head.fields, name);
    return value === null ? [] : [[name, value]];
  });
  const rest = head.fields
    .filter(([name]) => !first.some((known) => known.toLowerCase() === name.toLowerCase()))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return formatHead(`${method} ${target} HTTP/1.1`, [...lead, ...rest]) + fromUtf8(body);
}
