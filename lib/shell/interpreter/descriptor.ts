/**
 * What descriptors of a shell lead to: files, and bash's `/dev/tcp/HOST/PORT`.
 *
 * Spec: bash(1) 5.2, Redirection.
 * Not modelled: `/dev/udp`; what descriptors above 2 read from a file.
 */
import { Pipe } from "../../apps/pipe.ts";
import { resolveErrorText } from "../../apps/resolver.ts";
import { errnoMessage } from "../../base/errno.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { TcpSocket } from "../../socket/tcp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";
import { appHost } from "../app.ts";
import { type CommandContext, ToolError } from "../command.ts";
import { SIGTERM } from "../process-table.ts";

const READ_SIZE = 4096;

/** Where a descriptor reads and writes. */
export interface Descriptor {
  readonly stdin: Pipe;
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Host and port of `/dev/tcp/HOST/PORT`; null for other paths. */
export function tcpTarget(path: string): readonly [host: string, port: number] | null {
  const match = /^\/dev\/tcp\/([^/]+)\/([0-9]+)$/.exec(path);
  return match === null ? null : [match[1] ?? "", Number(match[2])];
}

/** Connects. Throws `ToolError` if nobody answers. */
export function* openTcp(
  context: CommandContext,
  shell: string,
  path: string,
  [host, port]: readonly [string, number],
): Program<Descriptor> {
  const address = yield* appHost(context).resolve(host);
  if (typeof address === "string") {
    const why = `${shell}: ${host}: ${resolveErrorText(address)}`;
    throw new ToolError(`${why}\n${shell}: line 1: ${path}: Invalid argument`, 1);
  }
  const socket = new TcpSocket(transportsOf(context.host.namespace));
  const connected = yield* socket.connect(address, port);
  if (connected < 0) {
    socket.closeNow();
    const why = errnoMessage(connected);
    throw new ToolError(`${shell}: connect: ${why}\n${shell}: line 1: ${path}: ${why}`, 1);
  }
  return connection(context, socket);
}

/** Carries bytes between a socket and pipes until both sides have ended, or it is closed. */
function connection({ host }: CommandContext, socket: TcpSocket): Descriptor {
  const stdin = new Pipe();
  const output = new Pipe();
  const reading = function* (): Program<number> {
    for (;;) {
      const bytes = yield* socket.read(READ_SIZE);
      if (typeof bytes === "number" || bytes.length === 0) break;
      stdin.write(bytes);
    }
    stdin.end();
    return 0;
  };
  const reader = host.processes.spawn("tcp", reading());
  const writing = function* (): Program<number> {
    while (!output.atEnd) {
      const bytes = output.take(READ_SIZE);
      if (bytes.length > 0) yield* socket.write(bytes);
      else yield waitFor([output.waitQueue]);
    }
    reader.kill(SIGTERM);
    socket.closeNow();
    return 0;
  };
  host.processes.spawn("tcp", writing());
  return { stdin, write: (bytes) => output.write(bytes), close: () => output.end() };
}
