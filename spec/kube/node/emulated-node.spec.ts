import { expect } from "chai";
import { fromUtf8, utf8 } from "../../../lib/base/bytes.ts";
import { parseIpv4 } from "../../../lib/base/inet.ts";
import { EmulatedNode } from "../../../lib/kube/node/emulated-node.ts";
import type { Invocation } from "../../../lib/kube/node/invocation.ts";
import type { Program } from "../../../lib/sim/process.ts";
import { TcpSocket } from "../../../lib/socket/tcp-socket.ts";
import { UdpSocket } from "../../../lib/socket/udp-socket.ts";
import { transportsOf } from "../../../lib/transport/stack.ts";
import type { World } from "../../shell/world.ts";
import { go, pass, row, tcpAsk, tcpEcho, udpEcho } from "./world.ts";

/** Backends that give the endpoints in turn and note what they were asked. */
function inTurn(...endpoints: string[]) {
  const asked: [client: string, afresh: boolean][] = [];
  return {
    asked,
    next: (client: string, afresh: boolean): string | null => {
      asked.push([client, afresh]);
      return endpoints.shift() ?? null;
    },
  };
}

function* udpAsk(
  world: World,
  port: number,
  texts: readonly string[],
  answers: string[],
): Program<number> {
  const socket = new UdpSocket(transportsOf(world.host("client").namespace));
  socket.connect(parseIpv4("10.0.1.1"), port);
  for (const text of texts) {
    socket.send(utf8(text));
    const answer = yield* socket.receive();
    answers.push(typeof answer === "number" ? String(answer) : fromUtf8(answer.bytes));
  }
  return 0;
}

describe("kube/node/emulated-node", () => {
  it("tells addresses in the order of devices, and the one by which the default route leaves", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"));

    expect(node.addresses()).to.deep.equal(["127.0.0.1", "10.0.1.1", "10.0.2.1"]);
    expect(node.defaultAddress()).to.equal("10.0.1.1");
    world.run("node", "ip route del default");
    expect(node.defaultAddress()).to.equal(null);
  });

  it("reads and sets the host's own sysctls", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"));

    expect(node.sysctl("net/ipv4/conf/all/route_localnet")).to.equal(0);
    node.setSysctl("net/ipv4/conf/all/route_localnet", 1);

    expect(world.run("node", "sysctl -n net.ipv4.conf.all.route_localnet")).to.equal("1\n");
    expect(node.sysctl("net/ipv4/no_such")).to.equal(null);
  });

  it("tells of ports that open and close, and whom they dial", () => {
    const world = row();
    const told: Invocation[] = [];
    const onInvocation = (one: Invocation) => told.push(one);
    const node = new EmulatedNode(world.host("node"), { onInvocation });
    world.processes.spawn("echo", tcpEcho(world, "server", 8080));

    const port = node.listen("tcp", "", 10400, inTurn("10.0.2.2:8079", "10.0.2.2:8080"));
    const taken = node.listen("tcp", "", 10400, inTurn("10.0.2.2:8080"));
    go(world, tcpAsk(world, "client", "10.0.1.1:10400", "hello", []));
    port?.close();

    expect(taken).to.equal(null);
    expect(told).to.deep.equal([
      {
        run: "userspace-proxy listen tcp 0.0.0.0:10400 250",
        stdin: null,
        dialled: ["10.0.2.2:8079", "10.0.2.2:8080"],
      },
      { run: "userspace-proxy close tcp 0.0.0.0:10400", stdin: null },
    ]);
  });

  it("connects a TCP client to its endpoint by a second connection of the node's own", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"));
    const backends = inTurn("10.0.2.2:8080");
    const answers: string[] = [];
    world.processes.spawn("echo", tcpEcho(world, "server", 8080));

    node.listen("tcp", "0.0.0.0", 10400, backends);
    go(world, tcpAsk(world, "client", "10.0.1.1:10400", "hello", answers));

    // The server sees the node, not the client.
    expect(answers).to.deep.equal(["10.0.2.1:hello"]);
    expect(backends.asked).to.deep.equal([["10.0.1.2", false]]);
    expect(node.counters).to.include({ clients: 1, dials: 1, failedDials: 0, copiedBytes: 0 });
    expect(node.counters.relayedBytes).to.equal("hello".length + "10.0.2.1:hello".length);
  });

  it("tries other endpoints with growing patience and gives up after four", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"));
    // Nobody answers ARP for these: each dial waits as long as it may.
    const silent = ["10.0.2.91:1", "10.0.2.92:1", "10.0.2.93:1", "10.0.2.94:1", "10.0.2.95:1"];
    const backends = inTurn(...silent);
    const answers: string[] = [];
    world.run("node", "iptables -A OUTPUT -p tcp --dport 1 -j DROP");
    node.listen("tcp", "0.0.0.0", 10400, backends);
    const begin = world.cpu.now;

    world.processes.spawn("ask", tcpAsk(world, "client", "10.0.1.1:10400", "hello", answers));
    pass(world, 3.7);
    expect(answers).to.deep.equal([]);
    pass(world, 0.1);

    expect(answers).to.deep.equal([`read ${-104}`]);
    expect(world.cpu.now - begin).to.be.closeTo(3.8e9, 1e7);
    expect(backends.asked.map(([, afresh]) => afresh)).to.deep.equal([false, true, true, true]);
    expect(node.counters).to.include({ dials: 4, failedDials: 4 });
  });

  it("passes over an endpoint that refuses at once", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"));
    const answers: string[] = [];
    world.processes.spawn("echo", tcpEcho(world, "server", 8080));
    node.listen("tcp", "0.0.0.0", 10400, inTurn("10.0.2.2:9", "10.0.2.2:8080"));

    go(world, tcpAsk(world, "client", "10.0.1.1:10400", "x", answers), 0.1);

    expect(answers).to.deep.equal(["10.0.2.1:x"]);
  });

  it("closes both connections when either side ends, and leaves them alone when it stops", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"));
    world.processes.spawn("echo", tcpEcho(world, "server", 8080));
    const relay = node.listen("tcp", "0.0.0.0", 10400, inTurn("10.0.2.2:8080"));
    const socket = new TcpSocket(transportsOf(world.host("client").namespace));
    let ended = "";
    function* client(): Program<number> {
      yield* socket.connect(parseIpv4("10.0.1.1"), 10400);
      yield* socket.write(utf8("open"));
      ended += fromUtf8((yield* socket.read(100)) as Buffer);
      relay?.close();
      yield* socket.write(utf8("|still open|"));
      ended += fromUtf8((yield* socket.read(100)) as Buffer);
      // Half a close: a real half-closed connection would go on in the other direction.
      socket.shutdown("write");
      const rest = yield* socket.read(100);
      ended += typeof rest === "number" ? String(rest) : `${rest.length}`;
      return 0;
    }

    go(world, client());

    expect(ended).to.equal("10.0.2.1:open10.0.2.1:|still open|0");
    const { tcp } = transportsOf(world.host("node").namespace);
    expect(tcp.listening.all()).to.have.length(0);
  });

  it("gives each UDP client a socket of its own until it has been idle", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"), { udpIdleTimeout: 250e6 });
    const backends = inTurn("10.0.2.2:53", "10.0.2.2:53");
    const answers: string[] = [];
    world.processes.spawn("echo", udpEcho(world, "server", 53));
    const { udp } = transportsOf(world.host("node").namespace);
    const relay = node.listen("udp", "0.0.0.0", 10401, backends);

    go(world, udpAsk(world, 10401, ["a", "b"], answers), 0.1);
    go(world, udpAsk(world, 10401, ["c"], answers), 0.1);

    expect(answers).to.deep.equal(["10.0.2.1:a", "10.0.2.1:b", "10.0.2.1:c"]);
    expect(backends.asked).to.have.length(2);
    expect(udp.sockets).to.have.length(3);
    expect(node.counters).to.include({ clients: 2, relayedBytes: 33, copiedBytes: 66 });
    pass(world, 0.3);
    expect(udp.sockets).to.have.length(1);
    relay?.close();
    expect(udp.sockets).to.have.length(0);
  });

  it("drops a UDP client's socket when its endpoint refuses", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"));
    const { udp } = transportsOf(world.host("node").namespace);
    node.listen("udp", "0.0.0.0", 10401, inTurn("10.0.2.2:54"));

    go(world, udpAsk(world, 10401, ["a"], []), 0.05);

    expect(udp.sockets).to.have.length(1);
    expect(node.counters.clients).to.equal(1);
  });

  it("holds ports so that nobody else gets them", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"));

    const held = node.hold("tcp", "", 30080);
    expect(node.hold("tcp", "10.0.1.1", 30080)).to.equal(null);
    expect(node.hold("udp", "", 30080)).to.not.equal(null);
    expect(node.hold("udp", "", 30080)).to.equal(null);
    expect(node.hold("sctp", "", 30080)).to.not.equal(null);
    held?.close();

    expect(node.hold("tcp", "10.0.1.1", 30080)).to.not.equal(null);
  });

  it("lets the kernel choose a port for a listener that asks for 0", () => {
    const node = new EmulatedNode(row().host("node"));

    const relay = node.listen("tcp", "0.0.0.0", 0, inTurn());

    expect(relay?.port).to.be.within(32768, 60999);
  });

  it("deletes flows of the host's connection table, by command or one by one", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"));
    world.run("node", "sysctl -w net.ipv4.ip_forward=1");
    world.run("server", "ip route add 10.0.1.0/24 via 10.0.2.1");
    world.run("node", "iptables -t nat -A PREROUTING -p udp -j DNAT --to-destination 10.0.2.2:53");
    world.processes.spawn("echo", udpEcho(world, "server", 53));
    go(world, udpAsk(world, 5353, ["a"], []), 0.1);
    go(world, udpAsk(world, 5354, ["b"], []), 0.1);

    const flows = node.conntrack.udpFlows();
    expect(flows.map(({ originalDestinationPort }) => originalDestinationPort)).to.have.members([
      5353, 5354,
    ]);
    expect(flows[0]).to.include({ replySource: "10.0.2.2", replySourcePort: 53 });
    node.conntrack.deleteFlow(flows[0]!);
    expect(node.conntrack.udpFlows()).to.have.length(1);
    node.conntrack.command(["-D", "-p", "udp", "--dport", "5354"]);

    expect(world.run("node", "conntrack -C")).to.equal("0\n");
  });

  it("answers HTTP as Go does", () => {
    const world = row();
    const node = new EmulatedNode(world.host("node"));
    const answers: string[] = [];
    const answer = {
      status: 503 as const,
      headers: [
        ["X-Content-Type-Options", "nosniff"],
        ["Content-Type", "application/json"],
      ] as const,
      body: "{}",
    };

    const held = node.serveHttp(32301, () => answer);
    const request = "GET / HTTP/1.1\r\nHost: node\r\n\r\n";
    go(world, tcpAsk(world, "client", "10.0.1.1:32301", request, answers));
    held?.close();
    go(world, tcpAsk(world, "client", "10.0.1.1:32301", request, answers));

    expect(answers).to.deep.equal([
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n" +
        "X-Content-Type-Options: nosniff\r\nDate: Tue, 14 Nov 2023 22:13:21 GMT\r\n" +
        "Content-Length: 2\r\n\r\n{}",
      "connect -111",
    ]);
  });
});
