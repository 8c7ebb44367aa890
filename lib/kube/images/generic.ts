/**
 * What stands for an image that the catalogue does not know: a listener on each of the container's
 * ports. TCP ports speak HTTP and say the Pod's name, and answer gRPC health checks; UDP ports send
 * back what comes. The ports are those that the manifest declares and those that the container's
 * probes ask. If its Pod declares none at all, Services say what it listens on: it takes the
 * numeric targetPorts of those that select the Pod.
 *
 * Differs: the real program may speak anything else; a container without ports only waits.
 */
import { serveGrpcHealth } from "../../apps/grpc-health.ts";
import { type HttpRequest, textReply } from "../../apps/http-service.ts";
import { ANY_ADDRESS } from "../../base/inet.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import { UdpSocket } from "../../socket/udp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";
import type { Container as ContainerSpec, JsonMap, Pod, Service } from "../api/types.ts";
import { selects } from "../controllers/service-pods.ts";
import type { Container } from "./container.ts";
import { serveGo } from "./go-server.ts";
import { endAtSignal, TERMINATED } from "./signals.ts";
import { podOf } from "./stand-in.ts";

/** The program of an unknown image. */
export function* generic(container: Container, context: CommandContext): Program<number> {
  const { api, pod, name } = container;
  const open = new Listeners(container, context);
  for (const { containerPort, protocol = "TCP" } of container.ports) {
    if (!open.add(protocol, containerPort)) return 1;
  }
  const own = podOf(api, pod);
  const spec = own?.spec.containers.find((each) => each.name === name);
  for (const port of spec === undefined ? [] : probePorts(spec)) open.add("TCP", port);
  if (own !== null && takesServicePorts(own, name)) {
    for (const service of api.list("Service")) open.addTargets(own, service);
    api.on("Service", ({ type, object }) => {
      if (type !== "DELETED") open.addTargets(own, object);
    });
  }
  const status = yield* endAtSignal(context.signal, TERMINATED);
  open.closed = true;
  return status;
}

/** The ports of one container that are open. */
class Listeners {
  closed = false;
  readonly #container: Container;
  readonly #context: CommandContext;
  readonly #open = new Set<string>();

  constructor(container: Container, context: CommandContext) {
    this.#container = container;
    this.#context = context;
  }

  /** Opens a port unless it is open; false if somebody else has it. */
  add(protocol: string, port: number): boolean {
    const key = `${protocol}/${port}`;
    if (this.#open.has(key)) return true;
    this.#open.add(key);
    const { hostname } = this.#container.pod;
    if (protocol === "UDP") {
      this.#context.host.processes.spawn("udp-echo", echoUdp(this.#context, port));
    } else if (protocol === "TCP") {
      // biome-ignore lint/correctness/useYield: it answers at once
      const answer = function* (_request: HttpRequest) {
        return textReply(`Hostname: ${hostname}\n`);
      };
      return serveGo(this.#context, port, answer, serveGrpcHealth);
    }
    return true;
  }

  addTargets(pod: Pod, service: Service): void {
    if (this.closed || this.#context.signal?.raised === true || !selects(service, pod)) return;
    for (const { protocol, targetPort } of service.spec.ports ?? []) {
      if (typeof targetPort === "number") this.add(protocol, targetPort);
    }
  }
}

/** Whether no port is declared in the Pod, and the container is its first. */
function takesServicePorts({ spec }: Pod, name: string): boolean {
  const declared = spec.containers.some(({ ports = [] }) => ports.length > 0);
  return !declared && spec.containers[0]?.name === name;
}

/** The numbers of ports that a container's own probes ask. */
function probePorts({ livenessProbe, readinessProbe, startupProbe }: ContainerSpec): number[] {
  return [livenessProbe, readinessProbe, startupProbe].flatMap((probe) =>
    ["httpGet", "tcpSocket", "grpc"].flatMap((handler) => {
      const action = (probe as JsonMap | undefined)?.[handler] as JsonMap | undefined;
      return typeof action?.["port"] === "number" ? [action["port"]] : [];
    }),
  );
}

/** Sends datagrams back to where they came from. */
function* echoUdp({ host }: CommandContext, port: number): Program<number> {
  const socket = new UdpSocket(transportsOf(host.namespace));
  try {
    if (socket.bind(ANY_ADDRESS, port) < 0) return 1;
    for (;;) {
      const datagram = yield* socket.receive();
      if (typeof datagram === "number") continue;
      socket.sendTo(datagram.bytes, datagram.source.address, datagram.source.port);
    }
  } finally {
    socket.close();
  }
}
