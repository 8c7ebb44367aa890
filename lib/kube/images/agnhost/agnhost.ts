/**
 * The `agnhost` image: one program with a subcommand for each role.
 *
 * Spec: Kubernetes, test/images/agnhost (connect, liveness, pause, porter, serve-hostname,
 * test-webserver).
 * Not modelled: the other subcommands, which say so and end with status 1; SCTP and TLS.
 */
import { goNotFound } from "../../../apps/go-http.ts";
import { textReply } from "../../../apps/http-service.ts";
import { utf8 } from "../../../base/bytes.ts";
import { ECONNREFUSED, ETIMEDOUT, errnoMessage } from "../../../base/errno.ts";
import { ANY_ADDRESS, formatIpv4 } from "../../../base/inet.ts";
import { NS_PER_S, parseDuration } from "../../../base/units.ts";
import { appHost } from "../../../shell/app.ts";
import type { CommandContext } from "../../../shell/command.ts";
import { type Program, sleep } from "../../../sim/process.ts";
import { POLLIN, POLLOUT, poll } from "../../../socket/poll.ts";
import { TcpListener } from "../../../socket/tcp-listener.ts";
import { TcpSocket } from "../../../socket/tcp-socket.ts";
import { UdpSocket } from "../../../socket/udp-socket.ts";
import { transportsOf } from "../../../transport/stack.ts";
import type { Container } from "../container.ts";
import { GoFlags, logLine, pathOf, serveGo } from "../go-server.ts";
import { endAtSignal, GO_TERMINATED, untilSignal } from "../signals.ts";
import { netexec } from "./netexec.ts";

/** How long serve-hostname goes on after SIGTERM. */
const HOSTNAME_GRACE = 60 * NS_PER_S;

const LIVENESS_PORT = 8080;
/** How long `liveness` stays well. */
const HEALTHY_NS = 10 * NS_PER_S;

/** `agnhost SUBCOMMAND …`. */
export function* agnhost(
  container: Container,
  context: CommandContext,
  [subcommand = "", ...args]: readonly string[],
): Program<number> {
  switch (subcommand) {
    case "netexec":
      return yield* netexec(container, context, args);
    case "serve-hostname":
      return yield* serveHostname(container, context, args);
    case "porter":
      return yield* porter(context, args);
    case "connect":
      return yield* connect(context, args);
    case "test-webserver":
      return yield* testWebserver(context, args);
    case "liveness":
      return yield* liveness(context);
    case "pause":
      context.io.stdout("Paused\n");
      return yield* endAtSignal(context.signal, GO_TERMINATED);
    default:
      context.io.stderr(
        `agnhost: "${subcommand}" is not modelled; subcommands are connect liveness netexec pause porter serve-hostname test-webserver\n`,
      );
      return 1;
  }
}

function* serveHostname(
  { pod }: Container,
  context: CommandContext,
  args: readonly string[],
): Program<number> {
  const flags = new GoFlags(
    "agnhost serve-hostname",
    args,
    ["port"],
    ["tcp", "udp", "http", "close"],
  );
  const port = flags.number("port", 9376);
  const [tcp, udp] = [flags.boolean("tcp", false), flags.boolean("udp", false)];
  const http = flags.boolean("http", true);
  if (http && (tcp || udp)) {
    logLine(context, "Can't server TCP/UDP mode and HTTP mode at the same time");
    return 1;
  }
  const text = pod.hostname;
  if (tcp) context.host.processes.spawn("serve-hostname", sayOverTcp(context, port, text));
  if (udp) context.host.processes.spawn("serve-hostname", sayOverUdp(context, port, text));
  const close = flags.boolean("close", false);
  const handler = () => ({ ...textReply(text), close });
  if (http && !serveGo(context, port, handler)) return 1;
  logLine(context, `Serving on port ${port}.\n`.trimEnd());
  yield* untilSignal(context.signal);
  logLine(context, "Shutting down after receiving signal: terminated.");
  logLine(context, "Awaiting pod deletion.");
  yield sleep(HOSTNAME_GRACE);
  return 0;
}

/** Sends a text to whoever connects, and closes. */
function* sayOverTcp({ host }: CommandContext, port: number, text: string): Program<number> {
  const listener = new TcpListener(transportsOf(host.namespace));
  try {
    listener.setOption("SO_REUSEADDR", 1);
    if (listener.bind(ANY_ADDRESS, port) < 0 || listener.listen() < 0) return 1;
    for (;;) {
      const client = yield* listener.accept();
      if (typeof client === "number") return 1;
      client.setOption("TCP_NODELAY", 1);
      yield* client.write(utf8(text));
      client.closeNow();
    }
  } finally {
    listener.close();
  }
}

/** Answers every datagram with a text. */
function* sayOverUdp({ host }: CommandContext, port: number, text: string): Program<number> {
  const socket = new UdpSocket(transportsOf(host.namespace));
  try {
    if (socket.bind(ANY_ADDRESS, port) < 0) return 1;
    for (;;) {
      const datagram = yield* socket.receive();
      if (typeof datagram === "number") continue;
      socket.sendTo(utf8(text), datagram.source.address, datagram.source.port);
    }
  } finally {
    socket.close();
  }
}

/** A server for each variable `SERVE_PORT_9001`, which says its value. */
function* porter(context: CommandContext, args: readonly string[]): Program<number> {
  new GoFlags("agnhost porter", args, [], ["json-response"]);
  const asJson = args.includes("--json-response");
  for (const [name, value] of context.environment) {
    const match = /^SERVE_(?:(TCP|UDP)_)?PORT_([0-9]+)$/.exec(name);
    if (match === null) continue;
    const port = Number(match[2]);
    if (match[1] === "UDP") {
      context.host.processes.spawn("porter", sayOverUdp(context, port, value));
      continue;
    }
    serveGo(context, port, ({ method }) => {
      if (!asJson) return textReply(value);
      const json = JSON.stringify({ Method: method, Body: value });
      return textReply(json, [["Content-Type", "application/json"]]);
    });
  }
  return yield* endAtSignal(context.signal, GO_TERMINATED);
}

/** Is well for ten seconds, and then no more: what liveness probes are tried on. */
function* liveness(context: CommandContext): Program<number> {
  const { cpu } = context.host.namespace;
  const startedAt = cpu.now;
  const isUp = serveGo(context, LIVENESS_PORT, ({ target }) => {
    const age = cpu.now - startedAt;
    switch (pathOf(target)) {
      case "/healthz":
        if (age <= HEALTHY_NS) return textReply("ok");
        return { ...textReply(`error: ${age / NS_PER_S}`), status: 500 };
      case "/started":
        return textReply(`${age / NS_PER_S}s`);
      default:
        return goNotFound();
    }
  });
  return isUp ? yield* endAtSignal(context.signal, GO_TERMINATED) : 1;
}

/** Serves the files of the container. */
function* testWebserver(context: CommandContext, args: readonly string[]): Program<number> {
  const port = new GoFlags("agnhost test-webserver", args, ["port"]).number("port", 80);
  const isUp = serveGo(context, port, ({ target }) => {
    const bytes = context.host.files.read(pathOf(target));
    return bytes === null ? goNotFound() : { status: 200, fields: [], body: bytes };
  });
  return isUp ? yield* endAtSignal(context.signal, GO_TERMINATED) : 1;
}

/** `connect HOST:PORT [--timeout 5s] [--protocol tcp|udp] [--udp-data hostname]`. */
function* connect(context: CommandContext, args: readonly string[]): Program<number> {
  const flags = new GoFlags("agnhost connect", args, ["timeout", "protocol", "udp-data"]);
  const [destination = ""] = flags.words;
  const { io, host } = context;
  const fail = (text: string): number => {
    io.stderr(`${text}\n`);
    return 1;
  };
  const [, name = "", port = ""] = /^(.*):([0-9]+)$/.exec(destination) ?? [];
  if (port === "") return fail(`UNKNOWN: address ${destination}: missing port in address`);
  const address = yield* appHost(context).resolve(name);
  if (typeof address === "string") return fail(`DNS: lookup ${name}: no such host`);
  const text = flags.text("timeout", "0");
  const timeout = /[a-z]$/.test(text) ? parseDuration(text) : Number.POSITIVE_INFINITY;
  const target = `${formatIpv4(address)}:${port}`;
  if (flags.text("protocol", "tcp") === "udp") {
    const socket = new UdpSocket(transportsOf(host.namespace));
    socket.connect(address, Number(port));
    socket.send(utf8(`${flags.text("udp-data", "hostname")}\n`));
    const [ready = 0] = yield* poll([{ on: socket, events: POLLIN }], timeout);
    const datagram = ready === 0 ? -ETIMEDOUT : yield* socket.receive();
    socket.close();
    if (typeof datagram !== "number") return 0;
    if (datagram === -ETIMEDOUT) return fail(`TIMEOUT: read udp ${target}: i/o timeout`);
    return fail(`REFUSED: read udp ${target}: read: ${errnoMessage(datagram).toLowerCase()}`);
  }
  const socket = new TcpSocket(transportsOf(host.namespace));
  try {
    socket.nonBlocking = true;
    yield* socket.connect(address, Number(port));
    const [ready = 0] = yield* poll([{ on: socket, events: POLLOUT }], timeout);
    const error = ready === 0 ? ETIMEDOUT : socket.takeError();
    if (error === 0) return 0;
    if (error === ETIMEDOUT) return fail("TIMEOUT");
    if (error === ECONNREFUSED) return fail("REFUSED");
    return fail(`OTHER: dial tcp ${target}: connect: ${errnoMessage(-error).toLowerCase()}`);
  } finally {
    socket.closeNow();
  }
}
