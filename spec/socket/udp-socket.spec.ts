import { expect } from "chai";
import { EACCES, EAGAIN, ECONNREFUSED, EMSGSIZE, EPERM } from "../../lib/base/errno.ts";
import { type Ipv4, parseIpv4 } from "../../lib/base/inet.ts";
import { NamespaceNetfilterHost } from "../../lib/net/netfilter-host.ts";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { Process } from "../../lib/sim/process.ts";
import { UdpSocket } from "../../lib/socket/udp-socket.ts";
import { transportsOf } from "../../lib/transport/stack.ts";
import { World } from "../support/world.ts";

const ANY = 0 as Ipv4;
const B = parseIpv4("10.0.0.2");

function twoHosts() {
  const world = new World();
  const [a, b] = [world.host("a"), world.host("b")];
  world.connect(a, b, ["10.0.0.1/24", "10.0.0.2/24"]);
  return { world, namespace: a, a: transportsOf(a), b: transportsOf(b) };
}

describe("socket/udp-socket", () => {
  it("carries datagrams both ways, large ones in fragments", () => {
    const { world, a, b } = twoHosts();
    const sizes: number[] = [];
    new Process(
      world.cpu,
      1,
      "echo",
      (function* () {
        const socket = new UdpSocket(b);
        socket.bind(ANY, 53);
        for (;;) {
          const got = yield* socket.receive();
          if (typeof got === "number") return 1;
          socket.sendTo(got.bytes, got.source.address, got.source.port);
        }
      })(),
    );
    new Process(
      world.cpu,
      2,
      "client",
      (function* () {
        const socket = new UdpSocket(a);
        socket.connect(B, 53);
        for (const size of [1, 1472, 1473, 20_000]) {
          socket.send(Buffer.alloc(size, 7));
          const got = yield* socket.receive();
          if (typeof got !== "number") sizes.push(got.bytes.length);
        }
        return 0;
      })(),
    );

    world.run(2000);

    expect(sizes).to.deep.equal([1, 1472, 1473, 20_000]);
  });

  it("tells a connected socket that the port is closed", () => {
    const { world, a } = twoHosts();
    let result: unknown = 0;
    new Process(
      world.cpu,
      1,
      "client",
      (function* () {
        const socket = new UdpSocket(a);
        socket.connect(B, 9);
        socket.send(Buffer.from("x"));
        result = yield* socket.receive();
        return 0;
      })(),
    );

    world.run(1000);

    expect(result).to.equal(-ECONNREFUSED);
  });

  it("refuses what cannot be sent", () => {
    const { a } = twoHosts();
    const socket = new UdpSocket(a);
    socket.nonBlocking = true;

    expect(socket.sendTo(Buffer.alloc(65_508), B, 9)).to.equal(-EMSGSIZE);
    expect(socket.sendTo(Buffer.alloc(1), parseIpv4("10.0.0.255"), 9)).to.equal(-EACCES);
    expect(socket.receive().next().value).to.equal(-EAGAIN);
  });

  it("tells the sender that its own host's rules dropped a datagram (ip_send_skb)", () => {
    const sent = (rule: string): number => {
      const { a, namespace } = twoHosts();
      const netfilter = new Netfilter(new NamespaceNetfilterHost(namespace));
      netfilter.restore(`${rule}\nCOMMIT\n`);
      namespace.netfilter = netfilter;
      const socket = new UdpSocket(a);
      socket.connect(B, 53);
      return socket.send(Buffer.alloc(3));
    };

    expect(sent("*filter\n-A OUTPUT -p udp -j DROP")).to.equal(-EPERM);
    expect(sent("*filter\n-A OUTPUT -p udp -j REJECT")).to.equal(-EPERM);
    expect(sent("*mangle\n-A POSTROUTING -p udp -j DROP")).to.equal(-EPERM);
    expect(sent("*filter\n-A OUTPUT -p tcp -j DROP")).to.equal(3);
  });

  it("gives a broadcast to all sockets of the port, to the newest last, and loses none", () => {
    const { world, a, b } = twoHosts();
    const order: string[] = [];
    for (const name of ["oldest", "middle", "newest"]) {
      new Process(
        world.cpu,
        order.length + 1,
        name,
        (function* () {
          const socket = new UdpSocket(b);
          socket.setOption("SO_REUSEADDR", 1);
          socket.bind(ANY, 67);
          const got = yield* socket.receive();
          if (typeof got !== "number") order.push(name);
          return 0;
        })(),
      );
    }
    world.run(10);
    const socket = new UdpSocket(a);
    socket.setOption("SO_BROADCAST", 1);

    socket.sendTo(Buffer.alloc(10), parseIpv4("10.0.0.255"), 67);
    world.run(100);

    expect(order).to.deep.equal(["middle", "oldest", "newest"]);
    expect(b.env.drops.total).to.equal(0);
  });
});
