import { expect } from "chai";
import { VethworkError } from "../../../lib/base/errors.ts";
import { formatMac } from "../../../lib/base/mac.ts";
import { parseLab } from "../../../lib/lab/schema.ts";

function lab(cluster: string) {
  return parseLab(`name: x\ncluster:\n${cluster}`, "lab.yaml");
}

function errorOf(cluster: string): string {
  try {
    lab(cluster);
  } catch (error) {
    if (error instanceof VethworkError) return error.message;
    throw error;
  }
  return "no error";
}

function setupOf(cluster: string, host: string): string[] {
  const { topology } = lab(cluster);
  return (topology?.setup ?? []).flatMap(({ node, command }) =>
    node.value === host ? [command.value] : [],
  );
}

const TWO_NODES = `  nodes: [{ name: node1 }, { name: node2 }]
  pods:
    - { name: client, node: node1 }
    - { name: web, node: node2, run: http-server }
    - { name: a-pod-with-a-long-name, node: node1, ip: 10.244.0.77 }
  hosts: [{ name: outside }]
`;

describe("lab/cluster/topology", () => {
  it("makes hosts of nodes, Pods and outside hosts around one switch", () => {
    const { topology, processes } = lab(TWO_NODES);

    expect(topology?.nodes.map(({ name }) => name)).to.deep.equal([
      "lan",
      "node1",
      "node2",
      "client",
      "web",
      "a-pod-with-a-long-name",
      "outside",
    ]);
    expect(processes.map(({ name, on }) => [name.value, on.value])).to.deep.equal([["web", "web"]]);
  });

  it("gives addresses as kind does, and MACs made of them", () => {
    const { topology } = lab(TWO_NODES);

    const ends = topology?.links.map(({ ends: [one, other] }) => [
      `${one.node}:${one.device} ${formatMac(one.mac ?? 0)}`,
      `${other.node}:${other.device}`,
    ]);
    expect(ends).to.deep.equal([
      ["node1:eth0 02:42:ac:12:00:02", "lan:node1"],
      ["node2:eth0 02:42:ac:12:00:03", "lan:node2"],
      ["outside:eth0 02:42:ac:12:00:64", "lan:outside"],
      ["client:eth0 0a:58:0a:f4:00:02", "node1:vethclient"],
      ["web:eth0 0a:58:0a:f4:01:02", "node2:vethweb"],
      ["a-pod-with-a-long-name:eth0 0a:58:0a:f4:00:4d", "node1:veth3"],
    ]);
  });

  it("sets a node up as kubelet, CNI and host-gw routes do", () => {
    expect(setupOf(TWO_NODES, "node1")).to.deep.equal([
      "ip addr add 172.18.0.2/16 dev eth0",
      "ip link set eth0 up",
      "ip route add default via 172.18.0.1",
      "ip link add cni0 address 0a:58:0a:f4:00:01 type bridge",
      "ip addr add 10.244.0.1/24 dev cni0",
      "ethtool -K cni0 tx off",
      "ip link set cni0 up",
      "ip link set vethclient master cni0",
      "ip link set vethclient up",
      "bridge link set dev vethclient hairpin on",
      "ip link set veth3 master cni0",
      "ip link set veth3 up",
      "bridge link set dev veth3 hairpin on",
      "ip route add 10.244.1.0/24 via 172.18.0.3",
    ]);
    const node = lab(TWO_NODES).topology?.nodes[1];
    expect(node?.sysctls.map(({ name, value }) => `${name}=${value}`)).to.deep.equal([
      "net.ipv4.ip_forward=1",
      "net.bridge.bridge-nf-call-iptables=1",
    ]);
  });

  it("follows the networks that the lab names", () => {
    const cluster = `  networking: { podSubnet: 10.0.0.0/20, nodeSubnet: 192.168.7.0/24 }
  nodes: [{ name: node1 }, { name: node2 }]
  pods: [{ name: web, node: node2 }]
`;

    expect(setupOf(cluster, "web")).to.deep.equal([
      "ip addr add 10.0.1.2/24 dev eth0",
      "ip link set eth0 up",
      "ip route add default via 10.0.1.1",
    ]);
    expect(setupOf(cluster, "node2")[0]).to.equal("ip addr add 192.168.7.3/24 dev eth0");
  });

  it("lets the raw part of a lab stand beside the cluster", () => {
    const text = `name: x\ncluster: { nodes: [{ name: node1 }] }
topology: { nodes: { far: }, links: [{ endpoints: ["far:eth0", "node1:eth1"] }] }\n`;

    const { topology } = parseLab(text, "lab.yaml");

    expect(topology?.nodes.map(({ name }) => name)).to.deep.equal(["lan", "node1", "far"]);
    expect(topology?.links).to.have.length(2);
  });

  const refused: [string, string, RegExp][] = [
    [
      "a Pod on a node that is not there",
      "  nodes: [{ name: n }]\n  pods: [{ name: p, node: m }]\n",
      /^lab\.yaml:4:27: there is no node "m" \(nodes: n\)$/,
    ],
    [
      "an address outside the node's network",
      "  nodes: [{ name: n }]\n  pods: [{ name: p, node: n, ip: 10.244.1.2 }]\n",
      /^lab\.yaml:4:34: 10\.244\.1\.2 is not in 10\.244\.0\.0\/24/,
    ],
    [
      "an address that is taken",
      "  nodes: [{ name: n }]\n  hosts: [{ name: h, ip: 172.18.0.2 }]\n",
      /^lab\.yaml:4:26: 172\.18\.0\.2 is the address of "n" already/,
    ],
    [
      "two hosts of one name",
      "  nodes: [{ name: n }]\n  pods: [{ name: n, node: n }]\n",
      /a second node "n"/,
    ],
    [
      "more nodes than the Pods' network holds",
      "  networking: { podSubnet: 10.9.0.0/24 }\n  nodes: [{ name: n }, { name: m }]\n",
      /podSubnet 10\.9\.0\.0\/24 has no \/24 for node 2/,
    ],
    [
      "a mode that is not modelled",
      "  networking: { kubeProxyMode: ipvs }\n  nodes: [{ name: n }]\n",
      /kubeProxyMode ipvs is not modelled \(one of iptables, userspace\)/,
    ],
    [
      "a release that is not modelled",
      '  networking: { kubeProxyVersion: "1.29" }\n  nodes: [{ name: n }]\n',
      /^lab\.yaml:3:15: kube-proxy 1\.29 is not modelled/,
    ],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, () => {
      expect(errorOf(text)).to.match(message);
    });
  }

  it("refuses to apply objects where there is no cluster", () => {
    const text = "name: x\ntopology: { nodes: { h1: } }\nsteps: [{ apply: a.yaml }]\n";

    expect(() => parseLab(text, "lab.yaml")).to.throw("there is no cluster with objects");
  });
});
