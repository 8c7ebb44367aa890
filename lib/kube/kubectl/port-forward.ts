/**
 * `kubectl port-forward`: ports of the host where kubectl runs that lead into a Pod, to its own
 * 127.0.0.1.
 *
 * Spec: kubectl v1.36, cmd/portforward; client-go tools/portforward; containerd, sandbox_portforward.
 * Differs: what goes on between kubectl, the API server and the kubelet takes no time and no
 * packets. A connection that the Pod refuses ends kubectl with the last of the real one's lines.
 * Not modelled: UDP, IPv6, addresses other than --address's first.
 */
import { errnoMessage } from "../../base/errno.ts";
import { isIpv4, parseIpv4 } from "../../base/inet.ts";
import { NS_PER_MS } from "../../base/units.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { ShellHost } from "../../shell/host.ts";
import { type Program, WaitQueue, waitFor } from "../../sim/process.ts";
import type { TcpListener } from "../../socket/tcp-listener.ts";
import { TcpSocket } from "../../socket/tcp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";
import type { ApiServer } from "../api/server.ts";
import type { Pod, Service } from "../api/types.ts";
import { RelayCounters } from "../node/relay-counters.ts";
import { listenTcp, RelayedPair } from "../node/tcp-relay.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { podsOf } from "./pod-of.ts";
import { objectsOf, selections } from "./select.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";

const READ_SIZE = 32_768;
const LOCALHOST = parseIpv4("127.0.0.1");

/** One forwarded port. */
interface Forward {
  /** 0: any that is free. */
  readonly local: number;
  readonly remote: number;
}

/** Goes on until it is ended, or the Pod refuses a connection. */
export function* portForward(
  around: KubectlSurroundings,
  args: Arguments,
  context: CommandContext,
): Program<number> {
  const { host, io } = context;
  let forwards: readonly Forward[] = [];
  let inside: ShellHost | null = null;
  const refused = printed(io, () => {
    const [target, ...ports] = args.words;
    if (target === undefined || ports.length === 0) {
      throw new UsageError("TYPE/NAME and list of ports are required for port-forward");
    }
    const pod = runningPod(around.server, args, target);
    forwards = ports.map((text) => readPorts(around.server, args, target, pod, text));
    inside = around.pods.hostOf(pod);
    if (inside === null) throw unreachable(pod);
  });
  if (refused !== 0 || inside === null) return refused;
  const address = args.option("address") ?? "127.0.0.1";
  const shown = isIpv4(address) ? address : "127.0.0.1";
  const lost = new WaitQueue();
  const state = { isLost: false };
  const listeners: TcpListener[] = [];
  try {
    for (const { local, remote } of forwards) {
      const listener = listenTcp(transportsOf(host.namespace), parseIpv4(shown), local);
      if (listener === null) {
        io.stderr(
          `Unable to listen on port ${local}: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 ${shown}:${local}: bind: address already in use]\n`,
        );
        io.stderr(
          `error: unable to listen on any of the requested ports: [{${local} ${remote}}]\n`,
        );
        return 1;
      }
      listeners.push(listener);
      io.stdout(`Forwarding from ${shown}:${listener.local.port} -> ${remote}\n`);
      const serve = accept(context, inside, listener, remote, () => {
        state.isLost = true;
        lost.wake();
      });
      host.processes.spawn("kubectl", serve);
    }
    while (!state.isLost) yield waitFor([lost]);
    io.stderr("error: lost connection to pod\n");
    return 1;
  } finally {
    for (const listener of listeners) listener.close();
  }
}

function runningPod(server: ApiServer, args: Arguments, target: string): Pod {
  const [pod] = podsOf(server, args, target);
  if (pod === undefined) throw new UsageError("timed out waiting for the condition");
  if (pod.status.phase !== "Running") throw unreachable(pod);
  return pod;
}

function unreachable({ status }: Pod): UsageError {
  return new UsageError(
    `unable to forward port because pod is not running. Current status=${status.phase}`,
  );
}

/** `8080:80`, `80`, `:80`, `8080:http`; a Service's port stands for its Pods'. */
function readPorts(
  server: ApiServer,
  args: Arguments,
  target: string,
  pod: Pod,
  text: string,
): Forward {
  const [local = "", remote = local] = text.split(":");
  const wanted = portOf(server, args, target, pod, remote);
  const own = text.includes(":") ? local : remote;
  if (own !== "" && !/^[0-9]+$/.test(own)) return { local: wanted, remote: wanted };
  return { local: own === "" ? 0 : Number(own), remote: wanted };
}

function portOf(
  server: ApiServer,
  args: Arguments,
  target: string,
  pod: Pod,
  text: string,
): number {
  const service = serviceOf(server, args, target);
  const port = service?.spec.ports?.find(
    (each) => each.name === text || String(each.port) === text,
  );
  if (service !== null && port === undefined) {
    throw new UsageError(`Service ${service.metadata.name} does not have a service port ${text}`);
  }
  const wanted = String(port?.targetPort ?? text);
  if (/^[0-9]+$/.test(wanted)) return Number(wanted);
  const named = pod.spec.containers
    .flatMap(({ ports = [] }) => ports)
    .find(({ name }) => name === wanted);
  if (named !== undefined) return named.containerPort;
  throw new UsageError(`Pod '${pod.metadata.name}' does not have a named port '${wanted}'`);
}

function serviceOf(server: ApiServer, args: Arguments, target: string): Service | null {
  const [selection] = target.includes("/") ? selections(server, [target]) : [];
  if (selection?.resource.kind !== "Service") return null;
  return (objectsOf(server, selection, args)[0] ?? null) as Service | null;
}

function* accept(
  { host, io }: CommandContext,
  inside: ShellHost,
  listener: TcpListener,
  remote: number,
  onLost: () => void,
): Program<number> {
  const counters = new RelayCounters();
  for (;;) {
    const client = yield* listener.accept();
    if (typeof client === "number") return 0;
    io.stdout(`Handling connection for ${listener.local.port}\n`);
    const socket = new TcpSocket(transportsOf(inside.namespace));
    const result = yield* socket.connect(LOCALHOST, remote);
    if (result < 0) {
      io.stderr(
        `an error occurred forwarding ${listener.local.port} -> ${remote}: dial tcp4 127.0.0.1:${remote}: connect: ${errnoMessage(result).toLowerCase()}\n`,
      );
      socket.closeNow();
      // What the client has said by now has been read, so it sees an end and no reset.
      client.receiveTimeoutNs = NS_PER_MS;
      yield* client.read(READ_SIZE);
      client.closeNow();
      onLost();
      return 0;
    }
    const pair = new RelayedPair(counters);
    host.processes.spawn("kubectl", pair.move(socket, client));
    host.processes.spawn("kubectl", pair.move(client, socket));
  }
}
