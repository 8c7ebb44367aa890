/**
 * `agnhost netexec`: the endpoints of the e2e tests over HTTP, and the same words over UDP.
 *
 * Spec: Kubernetes, test/images/agnhost/netexec/netexec.go (agnhost 2.45).
 * Not modelled: SCTP, TLS, /upload, --udp-listen-addresses.
 */
import { goError } from "../../../apps/go-http.ts";
import type { Field } from "../../../apps/http-message.ts";
import {
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
  textReply,
} from "../../../apps/http-service.ts";
import { fromUtf8, utf8 } from "../../../base/bytes.ts";
import { ANY_ADDRESS, formatIpv4 } from "../../../base/inet.ts";
import { NS_PER_S, type Ns, parseDuration } from "../../../base/units.ts";
import { appHost } from "../../../shell/app.ts";
import type { CommandContext } from "../../../shell/command.ts";
import { runCommand } from "../../../shell/shell.ts";
import { type Program, sleep, WaitQueue, waitFor } from "../../../sim/process.ts";
import { UdpSocket } from "../../../socket/udp-socket.ts";
import { transportsOf } from "../../../transport/stack.ts";
import type { Container } from "../container.ts";
import { formatTimestamp, formValues, GoFlags, logLine, pathOf, serveGo } from "../go-server.ts";
import { GO_TERMINATED } from "../signals.ts";
import { dial } from "./dial.ts";

const FLAGS = ["http-port", "udp-port", "sctp-port", "http-override", "delay-shutdown"];
const NO_PORT = -1;

/** `agnhost netexec [--http-port 8080] [--udp-port 8081] [--delay-shutdown SECONDS]`. */
export function* netexec(
  container: Container,
  context: CommandContext,
  args: readonly string[],
): Program<number> {
  const flags = new GoFlags("agnhost netexec", args, FLAGS);
  const httpPort = flags.number("http-port", 8080);
  const udpPort = flags.number("udp-port", 8081);
  const override = flags.text("http-override", "");
  const server = new Netexec(container, context);
  if (udpPort !== NO_PORT) {
    context.host.processes.spawn("netexec", server.serveUdp(udpPort));
  }
  const handler: HttpHandler = (request) =>
    server.answer(override === "" ? request : { ...request, method: "GET", target: override });
  logLine(context, `Started HTTP server on port ${httpPort}`);
  if (!serveGo(context, httpPort, handler)) return 1;
  return yield* server.run(flags.number("delay-shutdown", 0));
}

class Netexec {
  readonly #container: Container;
  readonly #context: CommandContext;
  readonly #exits = new WaitQueue();
  /** Set by /exit. */
  #exitCode: number | null = null;
  #udpReady = false;

  constructor(container: Container, context: CommandContext) {
    this.#container = container;
    this.#context = context;
  }

  /** Until SIGTERM, which `delay` seconds go on after, or `/exit`. */
  *run(delay: number): Program<number> {
    const { signal } = this.#context;
    for (;;) {
      if (this.#exitCode !== null) return this.#exitCode;
      if (signal?.raised === true) {
        if (delay <= 0) return GO_TERMINATED;
        logLine(this.#context, `Sleeping ${delay} seconds before terminating...`);
        yield sleep(delay * NS_PER_S);
        return 0;
      }
      yield waitFor(signal === null ? [this.#exits] : [this.#exits, signal.waitQueue]);
    }
  }

  *serveUdp(port: number): Program<number> {
    const socket = new UdpSocket(transportsOf(this.#context.host.namespace));
    if (socket.bind(ANY_ADDRESS, port) < 0) return 1;
    logLine(this.#context, `Started UDP server on port ${port}`);
    this.#udpReady = true;
    try {
      for (;;) {
        const datagram = yield* socket.receive();
        if (typeof datagram === "number") continue;
        const { source } = datagram;
        const text = fromUtf8(datagram.bytes).trim();
        const [word = "", ...rest] = text.split(" ");
        logLine(this.#context, `Received a message: ${text}`);
        const reply = this.#udpReply(word, rest, `${formatIpv4(source.address)}:${source.port}`);
        if (reply !== null) socket.sendTo(utf8(reply), source.address, source.port);
      }
    } finally {
      this.#udpReady = false;
      socket.close();
    }
  }

  #udpReply(word: string, rest: readonly string[], client: string): string | null {
    if (word.toLowerCase() === "hostname") return this.#container.pod.hostname;
    if (word === "echo") return rest.join(" ");
    if (word === "clientip") return client;
    return word === "" ? null : "";
  }

  *answer(request: HttpRequest): Program<HttpReply> {
    const { target, client, body } = request;
    const path = pathOf(target);
    const values = formValues(target, fromUtf8(body));
    const value = (name: string): string => values.get(name) ?? "";
    switch (path) {
      case "/clientip":
        return textReply(`${formatIpv4(client.remote.address)}:${client.remote.port}`);
      case "/dial":
        return yield* dial(appHost(this.#context), values);
      case "/echo":
        if (value("code") !== "" && !/^[0-9]+$/.test(value("code"))) {
          return textReply(`argument 'code' must be an integer or empty, got "${value("code")}"\n`);
        }
        return textReply(value("msg"), [], Number(value("code")) || 200);
      case "/exit":
        yield sleep(durationOf(value("wait")));
        return this.#exit(Number(value("code")));
      case "/shutdown":
        return this.#exit(0);
      case "/healthz":
      case "/readyz":
        return textReply("", [], this.#udpReady ? 200 : 412);
      case "/header":
        return this.#header(request, value("key"));
      case "/hostname":
      case "/hostName":
        return textReply(this.#container.pod.hostname);
      case "/redirect": {
        const location: Field = ["Location", value("location")];
        return textReply("", [location], Number(value("code")) || 302);
      }
      case "/shell":
        return yield* this.#shell(value("shellCommand") || value("cmd"));
      default:
        if (path === "/upload") return goError("upload is not modelled", 501);
        return textReply(`NOW: ${this.#now()}`);
    }
  }

  /** The process is gone before an answer is. */
  #exit(code: number): HttpReply {
    this.#exitCode = code;
    this.#exits.wake();
    return { ...textReply(""), close: true };
  }

  #header({ head }: HttpRequest, key: string): HttpReply {
    const found = head.fields.find(([name]) => name.toLowerCase() === key.toLowerCase());
    return textReply(found?.[1] ?? "");
  }

  *#shell(command: string): Program<HttpReply> {
    let output = "";
    const print = (text: string): void => {
      output += text;
    };
    const io = { stdin: null, stdout: print, stderr: print };
    const { commands, environment, host } = this.#context;
    const status = yield* runCommand(host, command, io, { commands, environment });
    const result = {
      ...(status === 0 ? {} : { error: `exit status ${status}` }),
      ...(output === "" ? {} : { output }),
    };
    return textReply(JSON.stringify(result));
  }

  /** `time.Time.String()` with the reading of the monotonic clock. */
  #now(): string {
    const { epochSeconds, namespace } = this.#context.host;
    const { now } = namespace.cpu;
    const seconds = epochSeconds + Math.floor(now / NS_PER_S);
    const fraction = String(now % NS_PER_S)
      .padStart(9, "0")
      .replace(/0+$/, "");
    const monotonic = (now / NS_PER_S).toFixed(9);
    return `${formatTimestamp(seconds, "-")}${fraction === "" ? "" : `.${fraction}`} +0000 UTC m=+${monotonic}`;
  }
}

/** A Go duration: `5s`, `100ms`; empty is none. */
function durationOf(text: string): Ns {
  return /^[0-9.]+(ns|us|ms|s|m|h)$/.test(text) ? parseDuration(text) : 0;
}
