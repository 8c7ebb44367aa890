import { expect } from "chai";
import { parseCidr } from "../../../lib/base/inet.ts";
import type { Node } from "../../../lib/kube/api/types.ts";
import { BridgeNetwork } from "../../../lib/kube/cni/bridge-network.ts";
import { CniError, type PodAttachment } from "../../../lib/kube/cni/pod-network.ts";
import { Network } from "../../../lib/lab/network.ts";

/** A node at 172.18.0.2 with its network, and room for Pods. */
function nodeWorld(masquerade = false) {
  const network = new Network();
  const host = network.addHost("node1");
  network.addHost("lan");
  network.addLink("node1:eth0", "lan:p0");
  network.run("node1", "ip addr add 172.18.0.2/16 dev eth0; ip link set eth0 up");
  network.run("lan", "ip link set p0 up");
  const pods = new BridgeNetwork({
    host,
    nodeName: "node1",
    masqueradeOutside: masquerade ? parseCidr("10.244.0.0/16") : null,
  });
  const attach = (
    name: string,
    portMappings: PodAttachment["portMappings"] = [],
  ): PodAttachment => ({
    sandboxId: name.repeat(4),
    namespace: "default",
    name,
    portMappings,
    host: network.addHost(name),
  });
  return { network, pods, attach };
}

function node(name: string, address: string, podCIDR: string): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "" },
    spec: { podCIDR },
    status: { addresses: [{ type: "InternalIP", address }] },
  };
}

const NODE1 = node("node1", "172.18.0.2", "10.244.0.0/24");

describe("kube/cni/bridge-network", () => {
  it("makes the bridge with the first Pod and gives it the gateway's address", () => {
    const { network, pods, attach } = nodeWorld();
    pods.nodeChanged(null, NODE1);
    const before = network.run("node1", "ip -br link").stdout;

    pods.add(attach("one"));

    expect(before).to.not.include("cni0");
    expect(network.run("node1", "ip -br addr show cni0").stdout).to.match(
      /^cni0 +UP +10\.244\.0\.1\/24 \n$/,
    );
    expect(network.run("node1", "ip -br link show cni0").stdout).to.include("0a:58:0a:f4:00:01");
    expect(network.run("node1", "sysctl -n net.ipv4.ip_forward").stdout).to.equal("1\n");
  });

  it("gives a Pod eth0 with a default route, whose address it announces", () => {
    const { network, pods, attach } = nodeWorld();
    pods.nodeChanged(null, NODE1);

    pods.add(attach("one"));

    expect(network.run("one", "ip -br addr show eth0").stdout).to.match(
      /^eth0@if[0-9]+ +UP +10\.244\.0\.2\/24 \n$/,
    );
    expect(network.run("one", "ip route").stdout).to.equal(
      "default via 10.244.0.1 dev eth0 \n10.244.0.0/24 dev eth0 proto kernel scope link src 10.244.0.2 \n",
    );
    const [first] = network.capture("one/eth0").frames;
    const bytes = Buffer.from(first?.bytes ?? []);
    // An ARP request of 10.244.0.2 for itself, to everybody.
    expect(bytes.toString("hex")).to.equal(
      "ffffffffffff0a580af400020806" +
        "0001080006040001" +
        "0a580af400020af40002" +
        "0000000000000af40002",
    );
  });

  it("lets a Pod reach itself by the bridge and takes all away with it", () => {
    const { network, pods, attach } = nodeWorld();
    pods.nodeChanged(null, NODE1);
    const one = attach("one");
    pods.add(one);
    const port = network.run("node1", "bridge -d link").stdout;

    pods.remove(one);

    expect(port).to.match(/veth[0-9a-f]{8}@.*master cni0/);
    expect(port).to.include("hairpin on");
    expect(network.run("node1", "ip -br link").stdout).to.not.include("veth");
    expect(network.run("one", "ip -br link").stdout).to.not.include("eth0");
  });

  it("routes to other nodes' Pods while these nodes are there", () => {
    const { network, pods } = nodeWorld();
    const other = node("node2", "172.18.0.3", "10.244.1.0/24");
    const moved = node("node2", "172.18.0.4", "10.244.1.0/24");

    const seen = [
      [null, other],
      [other, moved],
      [moved, null],
    ].map(([previous, current]) => {
      pods.nodeChanged(previous ?? null, current ?? null);
      return network.run("node1", "ip route show 10.244.1.0/24").stdout;
    });

    expect(seen).to.deep.equal([
      "10.244.1.0/24 via 172.18.0.3 dev eth0 \n",
      "10.244.1.0/24 via 172.18.0.4 dev eth0 \n",
      "",
    ]);
  });

  it("has a problem until the node has a network for Pods", () => {
    const { pods, attach } = nodeWorld();

    expect(pods.problem).to.include("cni plugin not initialized");
    expect(() => pods.add(attach("one"))).to.throw(CniError);
    pods.nodeChanged(null, NODE1);
    expect(pods.problem).to.equal(null);
  });

  it("gives what Pods send outside the node's address", () => {
    const { network, pods, attach } = nodeWorld(true);
    pods.nodeChanged(null, NODE1);
    network.run("lan", "ip addr add 172.18.0.1/16 dev p0");
    pods.add(attach("one"));

    network.run("one", "ping -c 1 172.18.0.1");

    const echo = network
      .capture("lan/p0")
      .frames.map((frame) => Buffer.from(frame.bytes))
      .find((bytes) => bytes.readUInt16BE(12) === 0x0800);
    expect(echo?.subarray(26, 30).join(".")).to.equal("172.18.0.2");
  });
});
