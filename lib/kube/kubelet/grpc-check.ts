/**
 * The gRPC probe: one health check on a connection of its own.
 *
 * Spec: kubernetes pkg/probe/grpc, v1.36; grpc.health.v1.
 */
import { checkGrpcHealth, SERVING } from "../../apps/grpc-health.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import type { Program } from "../../sim/process.ts";
import { TcpSocket } from "../../socket/tcp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";
import type { KubeletContext } from "./context.ts";
import { dialError, type Target } from "./dial-target.ts";

/** As the other probes' sockets: at most so long for the last acknowledgement. */
const LINGER_SECONDS = 1;

/** What a check is made with. */
export interface GrpcCheck {
  readonly target: Target;
  readonly service: string;
  readonly userAgent: string;
  readonly timeout: Ns;
  /** Told the text that holds if time is up. */
  readonly late: { text: string };
}

/** Names of grpc.health.v1's statuses. */
const STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/** Asks from the node; why it failed, or "". */
export function* grpcCheck(
  { options }: KubeletContext,
  { target, service, userAgent, timeout, late }: GrpcCheck,
): Program<string> {
  const authority = `${target.host}:${target.port}`;
  late.text = `timeout: failed to connect service "${authority}" within ${timeout / NS_PER_S}s: context deadline exceeded`;
  const socket = new TcpSocket(transportsOf(options.host.namespace));
  socket.setLinger(LINGER_SECONDS);
  try {
    const connected = yield* socket.connect(target.address, target.port);
    if (connected < 0) {
      return `error: connection error: desc = "transport: Error while dialing: dial tcp ${authority}: ${dialError(connected)}"`;
    }
    const status = yield* checkGrpcHealth(socket, { authority, userAgent, service, timeout });
    if (status === SERVING) return "";
    if (status === null || status < 0) {
      return "error: health rpc probe failed: rpc error: code = Unavailable desc = error reading from server: EOF";
    }
    return `service unhealthy (responded with "${STATUSES[status] ?? status}")`;
  } finally {
    socket.closeNow();
  }
}
