import { expect } from "chai";
import { Network } from "../../../lib/index.ts";

const CLIENT = "script 'connect 10.0.2.2 8080; send 100; sleep 800ms; send 200; sleep 8s' &";

/** h1 – r – h2 with routes both ways; `delay` of h1's link. */
function routed(delay: string): Network {
  const network = new Network({ seed: 1 });
  for (const name of ["h1", "r", "h2"]) network.addHost(name);
  network.addLink("h1:eth0", "r:eth0", delay === "" ? {} : { delay });
  network.addLink("r:eth1", "h2:eth0");
  network.run("r", "ip addr add 10.0.1.1/24 dev eth0; ip addr add 10.0.2.1/24 dev eth1");
  network.run("r", "ip link set eth0 up; ip link set eth1 up; sysctl -qw net.ipv4.ip_forward=1");
  for (const [host, net] of [
    ["h1", 1],
    ["h2", 2],
  ]) {
    const address = `ip addr add 10.0.${net}.2/24 dev eth0; ip link set eth0 up`;
    network.run(String(host), `${address}; ip route add default via 10.0.${net}.1`);
  }
  return network;
}

/** How often h1 sent the 200 bytes while the router had a route of this type to the server. */
function copiesOver(type: string): number {
  const network = routed("5ms");
  network.run("r", "sysctl -qw net.ipv4.icmp_ratelimit=0");
  network.run("h2", "script 'listen 8080; accept; recv' &");
  network.run("h1", CLIENT);
  network.run("h1", "sleep 0.3");
  network.run("r", `ip route add ${type} 10.0.2.2`);
  network.run("h1", "sleep 3.5");
  return network.capture("h1/eth0").frames.filter((frame) => frame.bytes.length === 266).length;
}

describe("transport/tcp/icmp-error", () => {
  it("takes the doubling of the RTO back when a router cannot reach the peer [RFC 6069]", () => {
    expect(copiesOver("blackhole"), "a probe, then after 0.2, 0.6, 1.4 s").to.equal(5);
    expect(copiesOver("unreachable"), "every 200 ms or so").to.be.greaterThan(7);
  });

  it("cuts and repeats at the end of a write what was too large, before it takes ACKs", () => {
    const network = routed("");
    network.run("r", "ip route add 10.0.2.2 dev eth1 mtu 1200");
    network.run("h2", "script 'listen 8080; accept; recv 14480; send done' &");

    const run = network.run(
      "h1",
      "script 'connect 10.0.2.2 8080; send 14480; print 4' & sleep 0.1",
    );

    expect(run.stdout, "no retransmission timeout of 200 ms was needed").to.equal("done");
    const sizes = network.capture("h2/eth0").frames.map((frame) => frame.bytes.length);
    const segments = sizes.filter((size) => size > 100);
    expect(segments).to.deep.equal([
      ...[1214, 1214, 1214, 1214, 1214, 1214, 418],
      ...[1214, 1214, 1214, 1214, 1214, 1214, 418],
    ]);
  });
});
