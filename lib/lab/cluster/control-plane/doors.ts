/**
 * `doors`: knocks at every door of the cluster from the host where it is started and says who
 * answered. Its status is 0 if all of them did. Hosts outside of the cluster leave ClusterIPs out;
 * doors of the cluster's own namespaces are among them with `-A`.
 *
 * TCP doors are sent an HTTP request; one that is open and says nothing is taken for a server of
 * another protocol. A UDP door is shut if an ICMP error comes back.
 */
import { encodeQuery } from "../../../apps/dns-message.ts";
import { formatHead } from "../../../apps/http-message.ts";
import { fromUtf8, utf8 } from "../../../base/bytes.ts";
import { EAGAIN, errnoMessage } from "../../../base/errno.ts";
import { formatIpv4 } from "../../../base/inet.ts";
import { NS_PER_S } from "../../../base/units.ts";
import { type Door, doorsOf } from "../../../kube/doors.ts";
import type { Store } from "../../../kube/store.ts";
import { type Command, type CommandBody, immediate, ToolError } from "../../../shell/command.ts";
import type { ShellHost } from "../../../shell/host.ts";
import { type Program, waitFor } from "../../../sim/process.ts";
import { TcpSocket } from "../../../socket/tcp-socket.ts";
import { UdpSocket } from "../../../socket/udp-socket.ts";
import { transportsOf } from "../../../transport/stack.ts";
import { DNS_PORT } from "../../../wire/protocol-numbers.ts";

const SYSTEM = ["kube-system/", "ingress-nginx/"];
const SIGKILL = 9;
const READ_SIZE = 4096;
/** How long a connection may take, and then its answer. */
const CONNECT_NS = 5 * NS_PER_S;
const ANSWER_NS = 2 * NS_PER_S;

/** What came of it. */
interface Answer {
  readonly isGood: boolean;
  /** `HTTP/1.1 200 OK`, `open`, `Connection refused`. */
  readonly text: string;
}

/** The command in a cluster; `outside` are the names of hosts beside it. */
export function doorsCommand(store: Store, outside: ReadonlySet<string>): Command {
  return doorsWith(
    (isAll) =>
      function* ({ host, io }) {
        const isOutside = outside.has(host.name);
        let shut = 0;
        for (const door of doorsOf(store)) {
          if (isOutside && !door.isOutside) continue;
          if (!isAll && SYSTEM.some((namespace) => door.name.startsWith(namespace))) continue;
          const { isGood, text } = expected(door, yield* knock(host, door));
          if (!isGood) shut += 1;
          io.stdout(`${isGood ? "ok  " : "shut"} ${describe(door)}: ${text}\n`);
        }
        return shut === 0 ? 0 : 1;
      },
  );
}

/** The command without a cluster: only its words can be checked. */
export const doorsWords: Command = doorsWith(() => immediate(() => 1));

function doorsWith(body: (isAll: boolean) => CommandBody): Command {
  return {
    name: "doors",
    parse(args) {
      const [other] = args.filter((word) => word !== "-A");
      if (other !== undefined) throw new ToolError(`doors: extra operand '${other}'`, 2);
      return body(args.length > 0);
    },
  };
}

/** A door that is shut because its Service wants it so is as it should be. */
function expected({ isElsewhere }: Door, answer: Answer): Answer {
  if (answer.isGood || !isElsewhere) return answer;
  return { isGood: true, text: `${answer.text}, as externalTrafficPolicy Local wants it` };
}

function describe({ name, address, port, protocol, host, path }: Door): string {
  const url = host === null && path === "/" ? "" : ` ${host ?? "*"}${path}`;
  const suffix = protocol === "TCP" ? "" : `/${protocol}`;
  return `${name} ${formatIpv4(address)}:${port}${suffix}${url}`;
}

function knock(host: ShellHost, door: Door): Program<Answer> {
  if (door.protocol === "TCP") return knockTcp(host, door);
  return door.protocol === "UDP" ? knockUdp(host, door) : notKnown(door.protocol);
}

// biome-ignore lint/correctness/useYield: it takes no time
function* notKnown(protocol: string): Program<Answer> {
  return { isGood: true, text: `${protocol} is not modelled` };
}

function* knockTcp(host: ShellHost, door: Door): Program<Answer> {
  const socket = new TcpSocket(transportsOf(host.namespace));
  try {
    const connected = yield* within(host, CONNECT_NS, socket.connect(door.address, door.port));
    if (connected === null) return { isGood: false, text: "no answer" };
    if (connected < 0) return { isGood: false, text: errnoMessage(connected) };
    const authority = door.host ?? `${formatIpv4(door.address)}:${door.port}`;
    const head = formatHead(`GET ${door.path} HTTP/1.1`, [
      ["Host", authority],
      ["Connection", "close"],
    ]);
    yield* socket.write(utf8(head));
    const bytes = yield* within(host, ANSWER_NS, socket.read(READ_SIZE));
    if (bytes === null || typeof bytes === "number" || bytes.length === 0) {
      return { isGood: true, text: "open" };
    }
    const [line = ""] = fromUtf8(bytes).split(/\r?\n/);
    const status = Number(/^HTTP\/[0-9.]+ ([0-9]+)/.exec(line)?.[1] ?? 200);
    // A proxy says so if nobody is behind it.
    return { isGood: status < 502 || status > 504, text: line };
  } finally {
    socket.closeNow();
  }
}

function* knockUdp(host: ShellHost, { address, port }: Door): Program<Answer> {
  const socket = new UdpSocket(transportsOf(host.namespace));
  try {
    const failed = socket.connect(address, port);
    if (failed < 0) return { isGood: false, text: errnoMessage(failed) };
    socket.send(port === DNS_PORT ? DNS_QUESTION : utf8("hello\n"));
    socket.receiveTimeoutNs = ANSWER_NS;
    const datagram = yield* socket.receive();
    if (typeof datagram !== "number") {
      return { isGood: true, text: `${datagram.bytes.length} bytes` };
    }
    if (datagram === -EAGAIN) return { isGood: true, text: "silent" };
    return { isGood: false, text: errnoMessage(datagram) };
  } finally {
    socket.close();
  }
}

const DNS_QUESTION = encodeQuery({
  id: 1,
  recursionDesired: true,
  question: { name: "kubernetes.default.svc.cluster.local", type: "A" },
  ednsSize: null,
});

/** The result of a program, or null if it has none in time; then it is ended. */
function* within<T>(host: ShellHost, duration: number, program: Program<T>): Program<T | null> {
  const { cpu } = host.namespace;
  const result: { value: T | null } = { value: null };
  const process = host.processes.spawn(
    "doors",
    (function* (): Program<number> {
      result.value = yield* program;
      return 0;
    })(),
  );
  const deadline = cpu.now + duration;
  while (process.status === null && cpu.now < deadline) {
    yield waitFor([process.exited], deadline - cpu.now);
  }
  process.kill(SIGKILL);
  return result.value;
}
