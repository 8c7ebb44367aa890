/** Two hosts in a row behind a node, and programs on them, for specs of kube-proxy's sockets. */

import { fromUtf8, utf8 } from "../../../lib/base/bytes.ts";
import { formatIpv4, parseIpv4 } from "../../../lib/base/inet.ts";
import { NS_PER_S } from "../../../lib/base/units.ts";
import type { Program } from "../../../lib/sim/process.ts";
import { TcpListener } from "../../../lib/socket/tcp-listener.ts";
import { TcpSocket } from "../../../lib/socket/tcp-socket.ts";
import { UdpSocket } from "../../../lib/socket/udp-socket.ts";
import { transportsOf } from "../../../lib/transport/stack.ts";
import { World } from "../../shell/world.ts";

/** `client` 10.0.1.2 – 10.0.1.1 `node` 10.0.2.1 – 10.0.2.2, 10.0.2.3 `server`. */
export function row(): World {
  const world = new World("client", "node", "server");
  for (const name of ["client", "node", "server"]) world.run(name, "ip link set lo up");
  world.run("node", "ip link add eth0 type veth peer name eth0 netns client");
  world.run("node", "ip link add eth1 type veth peer name eth0 netns server");
  world.run("client", "ip addr add 10.0.1.2/24 dev eth0; ip link set eth0 up");
  world.run("node", "ip addr add 10.0.1.1/24 dev eth0; ip link set eth0 up");
  world.run("node", "ip addr add 10.0.2.1/24 dev eth1; ip link set eth1 up");
  world.run("server", "ip addr add 10.0.2.2/24 dev eth0; ip addr add 10.0.2.3/24 dev eth0");
  world.run("server", "ip link set eth0 up");
  world.run("client", "ip route add default via 10.0.1.1");
  world.run("node", "ip route add default via 10.0.1.2");
  return world;
}

/** Starts a program on a host and lets `seconds` pass. */
export function go(world: World, program: Program<number>, seconds = 1): void {
  world.processes.spawn("spec", program);
  pass(world, seconds);
}

export function pass(world: World, seconds: number): void {
  world.scheduler.runUntil(world.cpu.now + Math.round(seconds * NS_PER_S));
}

/** Answers each TCP connection's first bytes with its peer's address and those bytes; then waits. */
export function* tcpEcho(world: World, host: string, port: number): Program<number> {
  const listener = new TcpListener(transportsOf(world.host(host).namespace));
  listener.bind(parseIpv4("0.0.0.0"), port);
  listener.listen();
  for (;;) {
    const client = yield* listener.accept();
    if (typeof client === "number") return 1;
    world.processes.spawn("echo", echoOne(client));
  }
}

function* echoOne(client: TcpSocket): Program<number> {
  for (;;) {
    const bytes = yield* client.read(65536);
    if (typeof bytes === "number" || bytes.length === 0) break;
    yield* client.write(utf8(`${formatIpv4(client.remote.address)}:${fromUtf8(bytes)}`));
  }
  client.closeNow();
  return 0;
}

/** Sends `text` to a TCP port; what comes back goes to `answers`, errors and the end as words. */
export function* tcpAsk(
  world: World,
  host: string,
  at: string,
  text: string,
  answers: string[],
): Program<number> {
  const [address = "", port = ""] = at.split(":");
  const socket = new TcpSocket(transportsOf(world.host(host).namespace));
  const connected = yield* socket.connect(parseIpv4(address), Number(port));
  if (connected < 0) {
    answers.push(`connect ${connected}`);
    return 1;
  }
  yield* socket.write(utf8(text));
  const bytes = yield* socket.read(65536);
  answers.push(typeof bytes === "number" ? `read ${bytes}` : fromUtf8(bytes));
  socket.closeNow();
  return 0;
}

/** Answers each datagram with its sender and its bytes. */
export function* udpEcho(world: World, host: string, port: number): Program<number> {
  const socket = new UdpSocket(transportsOf(world.host(host).namespace));
  socket.bind(parseIpv4("0.0.0.0"), port);
  for (;;) {
    const datagram = yield* socket.receive();
    if (typeof datagram === "number") continue;
    const { address, port: from } = datagram.source;
    const text = `${formatIpv4(address)}:${fromUtf8(datagram.bytes)}`;
    socket.sendTo(utf8(text), address, from);
  }
}
