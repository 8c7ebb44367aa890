import { expect } from "chai";
import { Dumper } from "../../lib/capture/dump.ts";
import { Network } from "../../lib/index.ts";

/** Two hosts on a bridge of `node`, which rewrites 10.96.0.10 to one of them. */
function bridgedHosts(): Network {
  const network = new Network();
  for (const name of ["client", "server", "node"]) network.addHost(name);
  network.addLink("client:eth0", "node:veth1");
  network.addLink("server:eth0", "node:veth2");
  const setup: Record<string, string[]> = {
    node: [
      "ip link add cbr0 type bridge",
      "ip addr add 10.0.1.1/24 dev cbr0",
      "ip link set cbr0 up",
      "ip link set veth1 master cbr0 up",
      "ip link set veth2 master cbr0 up",
      "sysctl -w net.ipv4.ip_forward=1",
      "sysctl -w net.bridge.bridge-nf-call-iptables=1",
      "iptables -t nat -A PREROUTING -d 10.96.0.10/32 -j DNAT --to-destination 10.0.1.3",
    ],
    client: [
      "ip addr add 10.0.1.2/24 dev eth0",
      "ip link set eth0 up",
      "ip route add default via 10.0.1.1",
    ],
    server: ["ip addr add 10.0.1.3/24 dev eth0", "ip link set eth0 up"],
  };
  for (const [host, lines] of Object.entries(setup)) {
    for (const line of lines) expect(network.run(host, line).stderr).to.equal("");
  }
  return network;
}

function dump(network: Network, name: string): string[] {
  const dumper = new Dumper();
  return network.capture(name).frames.map(({ bytes }) => dumper.describe(bytes));
}

describe("net/bridge-netfilter", () => {
  it("turns a bridged answer back, so that the client sees only the address it asked", () => {
    const network = bridgedHosts();

    expect(network.run("client", "ping -c 2 10.96.0.10").stdout).to.contain("2 received");

    const answers = dump(network, "node/veth1").filter((line) => line.includes("echo reply"));
    expect(answers).to.have.length(2);
    for (const line of answers) expect(line).to.match(/^IP 10\.96\.0\.10 > 10\.0\.1\.2: /);
  });

  it("sends the first packet in the client's name when the new neighbour had to be asked for", () => {
    const network = bridgedHosts();

    network.run("client", "ping -c 2 10.96.0.10");

    const isRequest = (line: string): boolean => line.includes("echo request");
    expect(dump(network, "node/cbr0").filter(isRequest)).to.have.length(1);
    const requests = network.capture("server/eth0").frames.filter(({ bytes }) => {
      return isRequest(new Dumper().describe(bytes));
    });
    const client = network.capture("client/eth0").frames[0]!;
    for (const { bytes } of requests) {
      expect(bytes.toString("hex", 6, 12)).to.equal(client.bytes.toString("hex", 6, 12));
    }
    expect(requests).to.have.length(2);
  });

  it("passes FORWARD with the ports in physdev", () => {
    const network = bridgedHosts();
    network.run(
      "node",
      "iptables -A FORWARD -m physdev --physdev-in veth1 --physdev-out veth2 -j DROP",
    );

    const ping = network.run("client", "ping -c 1 -W 1 10.0.1.3");

    expect(ping.stdout).to.contain("0 received");
    expect(network.host("node").namespace.drops.get("NETFILTER_DROP")).to.equal(1);
  });

  it("leaves bridged frames alone when the sysctl is 0", () => {
    const network = bridgedHosts();
    network.run("node", "sysctl -w net.bridge.bridge-nf-call-iptables=0");
    network.run("node", "iptables -P FORWARD DROP");

    expect(network.run("client", "ping -c 1 10.0.1.3").status).to.equal(0);
  });
});
