/**
 * What probes and hooks do to find out about a container: HTTP requests and TCP connections from
 * the node, and commands in the container.
 *
 * Spec: kubernetes pkg/probe (http, tcp, exec, dialer_others.go), pkg/kubelet/lifecycle, v1.36;
 * Go net/http (Request.Write), net (error texts).
 * Differs: with HTTPS a connection is opened and closed again. A stand-in for an unknown image is
 * taken to have answered as that image would; what is known here has no TLS and fails, as a server
 * without it does.
 * Not modelled: redirects, which count as success.
 */
import { formatHead, MessageReader } from "../../apps/http-message.ts";
import { utf8 } from "../../base/bytes.ts";
import { formatIpv4, type Ipv4 } from "../../base/inet.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { TcpSocket } from "../../socket/tcp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";
import { asFields, type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "../api/fields.ts";
import type { Container, JsonMap } from "../api/types.ts";
import type { ContainerRun } from "./container-run.ts";
import type { KubeletContext } from "./context.ts";
import { dialError, errorText, targetOf } from "./dial-target.ts";
import { grpcCheck } from "./grpc-check.ts";

const KILLED = 9;
const READ_SIZE = 4096;
/** The probes' sockets wait at most so long for the last acknowledgement (SO_LINGER). */
const LINGER_SECONDS = 1;

/** What came of an action. */
export interface Outcome {
  readonly success: boolean;
  /** What the event says of a failure. */
  readonly output: string;
}

/** Who acts: the User-Agent's first word. */
export type Actor = "kube-probe" | "kube-lifecycle";

const KUBELET_RELEASE = "1.36";
/** What Go says of a server that has no TLS. */
const PLAIN_ANSWER = "http: server gave HTTP response to HTTPS client";
const SUCCESS: Outcome = { success: true, output: "" };

/** Carries out `httpGet`, `tcpSocket`, `grpc`, `exec` or `sleep`, and gives up after `timeout` ns. */
export function* act(
  context: KubeletContext,
  run: ContainerRun,
  podAddress: Ipv4,
  action: JsonMap,
  actor: Actor,
  timeout: Ns,
): Program<Outcome> {
  let outcome: Outcome | null = null;
  const fields = asFields(action);
  const late: { text: string } = { text: "" };
  const program = programOf(context, run, podAddress, fields, actor, late, timeout);
  const process = context.spawn(
    (function* (): Program<number> {
      outcome = yield* program;
      return 0;
    })(),
  );
  const deadline = context.now + timeout;
  try {
    while (process.status === null && context.now < deadline) {
      yield waitFor([process.exited], deadline - context.now);
    }
  } finally {
    process.kill(KILLED);
  }
  return outcome ?? { success: false, output: late.text };
}

function programOf(
  context: KubeletContext,
  run: ContainerRun,
  podAddress: Ipv4,
  action: Fields,
  actor: Actor,
  late: { text: string },
  timeout: Ns,
): Program<Outcome> {
  const http = mapIn(action, "httpGet");
  if (http !== null) return httpGet(context, run.spec, podAddress, http, actor, late);
  const tcp = mapIn(action, "tcpSocket");
  if (tcp !== null) return tcpConnect(context, run.spec, podAddress, tcp, late);
  const grpc = mapIn(action, "grpc");
  if (grpc !== null) return askHealth(context, run.spec, podAddress, grpc, late, timeout);
  const command = mapIn(action, "exec");
  if (command !== null) {
    const words = textsIn(command, "command");
    late.text = `command timed out: "${words.join(" ")}" timed out after ${timeout / NS_PER_S}s`;
    return execute(context, run, words);
  }
  const pause = mapIn(action, "sleep");
  if (pause !== null) return sleepFor(numberIn(pause, "seconds") * NS_PER_S);
  return failing("this kind of action is not modelled");
}

function* httpGet(
  context: KubeletContext,
  container: Container,
  podAddress: Ipv4,
  action: Fields,
  actor: Actor,
  late: { text: string },
): Program<Outcome> {
  const target = targetOf(container, podAddress, action);
  if (typeof target === "string") return { success: false, output: target };
  const { address, port, host } = target;
  const path = textIn(action, "path").replace(/^(?!\/)/, "/");
  const scheme = textIn(action, "scheme").toLowerCase();
  const url = `Get "${scheme}://${host}:${port}${path}"`;
  late.text = `${url}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
  const socket = new TcpSocket(transportsOf(context.options.host.namespace));
  socket.setLinger(LINGER_SECONDS);
  try {
    const connected = yield* socket.connect(address, port);
    if (connected < 0) {
      return {
        success: false,
        output: `${url}: dial tcp ${host}:${port}: ${dialError(connected)}`,
      };
    }
    if (scheme === "https") {
      const isAnswered = context.cluster.isStandIn?.(container.image) === true;
      return isAnswered ? SUCCESS : { success: false, output: `${url}: ${PLAIN_ANSWER}` };
    }
    yield* socket.write(utf8(requestText(path, `${host}:${port}`, action, actor)));
    return yield* readStatus(socket, url);
  } finally {
    socket.closeNow();
  }
}

/** As Go writes a request: Host, User-Agent, the other fields by name, then Connection. */
function requestText(path: string, host: string, action: Fields, actor: Actor): string {
  const own = mapsIn(action, "httpHeaders").map((each): [string, string] => [
    textIn(each, "name"),
    textIn(each, "value"),
  ]);
  const given = (name: string): string | undefined =>
    own.find(([known]) => known.toLowerCase() === name)?.[1];
  const others = own.filter(([name]) => !FIXED_FIELDS.includes(name.toLowerCase()));
  const accept: [string, string][] = [["Accept", given("accept") ?? "*/*"]];
  return formatHead(`GET ${path} HTTP/1.1`, [
    ["Host", given("host") ?? host],
    ["User-Agent", given("user-agent") ?? `${actor}/${KUBELET_RELEASE}`],
    ...[...others, ...accept].sort(([a], [b]) => (a < b ? -1 : 1)),
    ["Connection", "close"],
  ]);
}

const FIXED_FIELDS: readonly string[] = ["host", "user-agent", "accept", "connection"];

function* readStatus(socket: TcpSocket, url: string): Program<Outcome> {
  const reader = new MessageReader();
  let status = 0;
  for (;;) {
    const bytes = yield* socket.read(READ_SIZE);
    if (typeof bytes === "number") {
      if (status !== 0) break;
      const { local, remote } = socket;
      const ends = `${formatIpv4(local.address)}:${local.port}->${formatIpv4(remote.address)}:${remote.port}`;
      return { success: false, output: `${url}: read tcp ${ends}: read: ${errorText(bytes)}` };
    }
    if (bytes.length === 0) break;
    reader.push(bytes);
    const head = status === 0 ? reader.takeHead() : null;
    if (head !== null) status = Number(head.startLine[1]);
  }
  if (status === 0) return { success: false, output: `${url}: EOF` };
  if (status >= 200 && status < 400) return SUCCESS;
  return { success: false, output: `HTTP probe failed with statuscode: ${status}` };
}

function* tcpConnect(
  context: KubeletContext,
  container: Container,
  podAddress: Ipv4,
  action: Fields,
  late: { text: string },
): Program<Outcome> {
  const target = targetOf(container, podAddress, action);
  if (typeof target === "string") return { success: false, output: target };
  const { address, port, host } = target;
  late.text = `dial tcp ${host}:${port}: i/o timeout`;
  const socket = new TcpSocket(transportsOf(context.options.host.namespace));
  socket.setLinger(LINGER_SECONDS);
  try {
    const connected = yield* socket.connect(address, port);
    if (connected >= 0) return SUCCESS;
    return { success: false, output: `dial tcp ${host}:${port}: ${dialError(connected)}` };
  } finally {
    socket.closeNow();
  }
}

function* askHealth(
  context: KubeletContext,
  container: Container,
  podAddress: Ipv4,
  action: Fields,
  late: { text: string },
  timeout: Ns,
): Program<Outcome> {
  const target = targetOf(container, podAddress, action);
  if (typeof target === "string") return { success: false, output: target };
  const service = textIn(action, "service");
  const userAgent = `kube-probe/${KUBELET_RELEASE} grpc-go/1.72.2`;
  const output = yield* grpcCheck(context, { target, service, userAgent, timeout, late });
  return { success: output === "", output };
}

function* execute(
  { cluster }: KubeletContext,
  run: ContainerRun,
  words: readonly string[],
): Program<Outcome> {
  let output = "";
  const print = (text: string): void => {
    output += text;
  };
  const io = { stdin: null, stdout: print, stderr: print };
  const process = run.host.processes.spawn(words.join(" "), cluster.execIn(run, words, io));
  try {
    while (process.status === null) yield waitFor([process.exited]);
  } finally {
    process.kill(KILLED);
  }
  return { success: process.status === 0, output };
}

function* sleepFor(duration: Ns): Program<Outcome> {
  yield waitFor([], duration);
  return SUCCESS;
}

// biome-ignore lint/correctness/useYield: an action that takes no time
function* failing(output: string): Program<Outcome> {
  return { success: false, output };
}
