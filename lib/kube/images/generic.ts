/**
 * What stands for an image that the catalogue does not know: a listener on each of the container's
 * ports. TCP ports speak HTTP and say the Pod's name, UDP ports send back what comes.
 *
 * Differs: the real program may speak anything else; a container without ports only waits.
 */
import { textReply } from "../../apps/http-service.ts";
import { ANY_ADDRESS } from "../../base/inet.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import { UdpSocket } from "../../socket/udp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";
import type { Container } from "./container.ts";
import { serveGo } from "./go-server.ts";
import { endAtSignal, TERMINATED } from "./signals.ts";

/** The program of an unknown image. */
export function* generic({ pod, ports }: Container, context: CommandContext): Program<number> {
  for (const { containerPort, protocol = "TCP" } of ports) {
    if (protocol === "UDP") {
      context.host.processes.spawn("udp-echo", echoUdp(context, containerPort));
    } else if (protocol === "TCP") {
      const isUp = serveGo(context, containerPort, () => textReply(`Hostname: ${pod.hostname}\n`));
      if (!isUp) return 1;
    }
  }
  return yield* endAtSignal(context.signal, TERMINATED);
}

/** Sends datagrams back to where they came from. */
export function* echoUdp({ host }: CommandContext, port: number): Program<number> {
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
