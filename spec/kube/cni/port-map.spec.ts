/**
 * The rules are held against those that the portmap plugin itself wrote (CNI plugins 1.1.1 with
 * iptables 1.8.9 on Linux 6.18) for the same two Pods, and after the first had gone.
 */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { parseCidr, parseIpv4 } from "../../../lib/base/inet.ts";
import { type MappedPod, PortMap } from "../../../lib/kube/cni/port-map.ts";
import { Network } from "../../../lib/lab/network.ts";

const SUBNET = parseCidr("10.244.0.0/24");

function nodeWorld() {
  const network = new Network();
  const host = network.addHost("node1");
  network.run("node1", "ip link add cni0 type bridge; ip link set cni0 up");
  return { network, ports: new PortMap(host, "cbr0") };
}

function pod(
  sandboxId: string,
  address: string,
  mappings: readonly (readonly [number, number, string, string])[],
): MappedPod {
  return {
    sandboxId,
    address: parseIpv4(address),
    subnet: SUBNET,
    mappings: mappings.map(([hostPort, containerPort, protocol, hostIp]) => ({
      hostPort,
      containerPort,
      protocol,
      hostIp,
    })),
  };
}

const ONE = pod("oneoneoneone", "10.244.0.2", [
  [8080, 80, "tcp", ""],
  [53, 5353, "udp", "172.18.0.2"],
  [8443, 443, "tcp", "0.0.0.0"],
]);
const TWO = pod("twotwotwotwo", "10.244.0.3", [[9090, 90, "tcp", ""]]);

function rules(network: Network): string {
  const { stdout } = network.run("node1", "iptables-save -t nat");
  return stdout
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n");
}

function recorded(name: string): string {
  return readFileSync(`spec/kube/cni/${name}.txt`, "utf8");
}

describe("kube/cni/port-map", () => {
  it("writes the rules that the plugin writes, and takes a Pod's back", () => {
    const { network, ports } = nodeWorld();

    ports.add(ONE, "cni0");
    ports.add(TWO, "cni0");
    const both = rules(network);
    ports.remove(ONE.sandboxId);
    ports.remove(ONE.sandboxId);

    expect(both).to.equal(recorded("portmap-two-pods"));
    expect(rules(network)).to.equal(recorded("portmap-one-gone"));
    expect(network.run("node1", "sysctl -n net.ipv4.conf.cni0.route_localnet").stdout).to.equal(
      "1\n",
    );
  });

  it("touches nothing for a Pod without host ports", () => {
    const { network, ports } = nodeWorld();

    ports.add(pod("three", "10.244.0.4", []), "cni0");

    expect(rules(network)).to.not.include("CNI");
  });

  it("names at most 15 ports in a rule, and leaves out addresses of the other family", () => {
    const { network, ports } = nodeWorld();
    const many = Array.from({ length: 16 }, (_, index) => [8000 + index, 80, "tcp", ""] as const);

    ports.add(pod("many", "10.244.0.4", [...many, [53, 53, "udp", "::1"]]), "cni0");

    const lists = [...rules(network).matchAll(/--dports (\S+)/g)].map(([, list]) => list);
    expect(lists.map((list) => list?.split(",").length)).to.deep.equal([15, 1, 1]);
    expect(rules(network)).to.not.include("--dport 53 ");
  });
});
