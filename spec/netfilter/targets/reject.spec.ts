import { expect } from "chai";
import { Dumper } from "../../../lib/capture/dump.ts";
import { Network } from "../../../lib/index.ts";

/** A client and a server with a router between them that runs `rules`. */
function routed(...rules: string[]): Network {
  const network = new Network();
  for (const name of ["client", "server", "node"]) network.addHost(name);
  network.addLink("client:eth0", "node:eth0");
  network.addLink("server:eth0", "node:eth1");
  const setup: Record<string, string[]> = {
    node: [
      "ip addr add 10.0.1.1/24 dev eth0",
      "ip addr add 10.0.2.1/24 dev eth1",
      "ip link set eth0 up",
      "ip link set eth1 up",
      "sysctl -w net.ipv4.ip_forward=1",
      ...rules,
    ],
    client: [
      "ip addr add 10.0.1.2/24 dev eth0",
      "ip link set eth0 up",
      "ip route add default via 10.0.1.1",
    ],
    server: [
      "ip addr add 10.0.2.2/24 dev eth0",
      "ip link set eth0 up",
      "ip route add default via 10.0.2.1",
    ],
  };
  for (const [host, lines] of Object.entries(setup)) {
    for (const line of lines) expect(network.run(host, line).stderr).to.equal("");
  }
  return network;
}

describe("netfilter/targets/reject", () => {
  it("gives a reset the TTL that the host's own packets have", () => {
    const network = routed(
      "sysctl -w net.ipv4.ip_default_ttl=77",
      "iptables -A FORWARD -p tcp -j REJECT --reject-with tcp-reset",
    );

    network.run("client", "nc -N 10.0.2.2 80 < /dev/null");

    const dumper = new Dumper({ verbose: 1 });
    const lines = network.capture("client/eth0").frames.map(({ bytes }) => dumper.describe(bytes));
    expect(lines.filter((line) => line.includes("[R.]"))).to.have.length(1);
    expect(lines.find((line) => line.includes("[R.]"))).to.contain("ttl 77,");
  });

  it("ends a connection for conntrack that it answers with a reset (nf_conntrack_tcp_set_closing)", () => {
    const network = routed("iptables -A FORWARD -m conntrack --ctstate NEW");
    network.run("server", "timeout 9 nc -l 8080 &");
    network.run("client", "(sleep 1; printf late) | timeout 3 nc -p 4000 10.0.2.2 8080 &");
    network.run("node", "sleep 0.5");
    const before = network.run("node", "conntrack -L -p tcp").stdout;

    network.run("node", "iptables -A FORWARD -p tcp -j REJECT --reject-with tcp-reset");
    network.run("node", "sleep 1");

    expect(before).to.match(/ESTABLISHED.*ASSURED/);
    expect(network.run("node", "conntrack -L -p tcp").stdout).to.match(/tcp {6}6 \d CLOSE /);
  });
});
