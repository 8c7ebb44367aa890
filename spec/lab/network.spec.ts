import { expect } from "chai";
import { VethworkError } from "../../lib/base/errors.ts";
import { Network } from "../../lib/index.ts";
import { WAKE_NS } from "../../lib/link/impairment.ts";

function twoHosts(options: ConstructorParameters<typeof Network>[0] = {}): Network {
  const network = new Network(options);
  network.addHost("h1");
  network.addHost("h2");
  network.addLink("h1:eth0", { node: "h2", device: "eth0", mac: "02:00:00:00:00:02" });
  network.run("h1", "ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up");
  network.run("h2", "ip addr add 10.0.0.2/24 dev eth0 && ip link set eth0 up");
  return network;
}

describe("lab/network", () => {
  it("builds a network in code and runs commands on it", () => {
    const network = twoHosts();

    const ping = network.run("h1", "ping -c 1 10.0.0.2");

    expect(ping.status).to.equal(0);
    expect(ping.stdout).to.contain("1 packets transmitted, 1 received, 0% packet loss");
    expect(network.capture("h2/eth0").frames).to.have.length(4);
    expect(network.capture().frames).to.have.length(8);
  });

  it("lets time pass only when it is asked to", () => {
    const network = twoHosts();
    const before = network.now;

    const ping = network.start("h1", "ping -c 1 10.0.0.2");
    expect(network.now).to.equal(before);
    expect(ping.status).to.equal(null);
    while (ping.status === null && network.step());

    expect(ping.result()?.status).to.equal(0);
    network.wait("2s");
    expect(network.now).to.be.at.least(before + 2_000_000_000);
  });

  it("runs commands at once and ends those that take too long", () => {
    const network = twoHosts();

    const commands = [network.start("h1", "sleep 1"), network.start("h2", "sleep 60")];
    network.finish(commands, "5s");

    expect(commands.map(({ status }) => status)).to.deep.equal([0, 124]);
  });

  it("takes the words of a lab for what a line does", () => {
    const network = new Network();
    network.addHost("a");
    network.addHost("b");
    network.addLink("a:eth0", "b:eth0", { type: "cable", from: { "a:eth0": { delay: "30ms" } } });
    for (const [host, address] of [
      ["a", "10.0.0.1"],
      ["b", "10.0.0.2"],
    ] as const) {
      network.run(host, `ip addr add ${address}/24 dev eth0 && ip link set eth0 up`);
    }

    network.run("a", "ping -c 1 10.0.0.2");

    const [out, , echo] = network.capture("b/eth0").frames;
    expect(network.capture("a/eth0").frames[0]!.nanoseconds + 30_000_000 + WAKE_NS).to.be.closeTo(
      out!.nanoseconds,
      10_000,
    );
    expect(echo).to.not.equal(undefined);
  });

  it("refuses what a lab would refuse, without a place", () => {
    const network = twoHosts();
    const refused: [() => void, RegExp][] = [
      [() => network.addHost("h1"), /^a second host "h1"$/],
      [() => network.addHost("a b"), /^"a b" where a node's name belongs$/],
      [() => network.addLink("h1:x", "h9:x"), /^there is no host "h9" \(hosts: h1, h2\)$/],
      [() => network.addLink("h1:eth0", "h2:x"), /^"h1" has a device "eth0" already$/],
      [() => network.addLink("h1:x", "h2:x", { delay: "fast" }), /^"fast" is not a duration/],
      [() => network.run("h1", "echo |"), /./],
      [() => network.run("h3", "true"), /^there is no host "h3"/],
      [() => network.capture("h1/eth9"), /^"h1\/eth9" was not captured/],
    ];
    for (const [action, message] of refused) {
      expect(action).to.throw(VethworkError, message);
    }
  });
});
