import { expect } from "chai";
import { Network } from "../../../lib/index.ts";

/** Two hosts; h1 sends 100 bytes, pauses for 500 ms, and sends 3000 more. */
function connected() {
  const network = new Network({ seed: 1 });
  for (const name of ["h1", "h2"]) network.addHost(name);
  network.addLink("h1:eth0", "h2:eth0", { delay: "5ms" });
  network.run("h1", "ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up");
  network.run("h2", "ip addr add 10.0.0.2/24 dev eth0 && ip link set eth0 up");
  network.run("h2", "script 'listen 8080; accept; recv; close' &");
  network.run(
    "h1",
    "script 'connect 10.0.0.2 8080; send 100; sleep 500ms; send 3000; sleep 1s; close' &",
  );
  network.run("h1", "sleep 0.2");
  return network;
}

/** Payload of segments with timestamps; ARP and bare headers are shorter. */
function payloads(network: Network): number[] {
  return network
    .capture("h1/eth0")
    .frames.map((frame) => frame.bytes.length - 66)
    .filter((length) => length > 8);
}

describe("transport/tcp/local-refusal", () => {
  it("does not count as sent what the host's own netfilter drops", () => {
    const network = connected();

    network.run("h1", "iptables -A OUTPUT -p tcp --dport 8080 -j DROP");
    network.run("h1", "sleep 0.6");
    const during = network.run("h1", "ss -tinH").stdout;
    network.run("h1", "iptables -F OUTPUT; sleep 2");

    expect(during, "nothing in flight").not.to.match(/unacked:/);
    expect(payloads(network)).to.include.members([100, 1448]);
  });

  it("cuts smaller what a new route does not take [RFC 1191 §6.3]", () => {
    const network = connected();

    network.run("h1", "ip route add 10.0.0.2/32 dev eth0 mtu 1000");
    network.run("h1", "sleep 2");

    expect(payloads(network)).to.deep.equal([100, 948, 948, 948, 156]);
  });
});
