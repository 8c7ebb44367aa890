import { expect } from "chai";
import { NS_PER_S } from "../../../../lib/base/units.ts";
import type { Service } from "../../../../lib/kube/objects.ts";
import { ProxyPorts } from "../../../../lib/kube/proxy/userspace/proxy-ports.ts";
import {
  DNS,
  HTTP,
  loadBalancer,
  type ProxyWorld,
  service,
  syncedWorld,
} from "../../../support/cluster.ts";

const MODE = { mode: "userspace" };

function world(services: readonly Service[], configuration: object = {}): ProxyWorld {
  return syncedWorld(services, [], {
    version: "1.20",
    configuration: { ...MODE, portRange: { first: 10400, last: 10400 }, ...configuration },
  });
}

function change(target: ProxyWorld, before: Service | null, after: Service | null): void {
  target.proxy.serviceChanged(before, after);
  target.scheduler.runUntil(target.scheduler.now + 5 * NS_PER_S);
}

function rules({ node }: ProxyWorld): string[] {
  return node.rules
    .save()
    .split("\n")
    .filter((line) => line.startsWith("-A KUBE-"));
}

describe("kube/proxy/userspace/proxy", () => {
  it("leads a cluster IP to the port where it listens", () => {
    expect(rules(world([service("web")]))).to.deep.equal([
      '-A KUBE-PORTALS-CONTAINER -d 10.96.0.10/32 -p tcp -m comment --comment "default/web:http" -m tcp --dport 80 -j REDIRECT --to-ports 10400',
      '-A KUBE-PORTALS-HOST -d 10.96.0.10/32 -p tcp -m comment --comment "default/web:http" -m tcp --dport 80 -j DNAT --to-destination 172.18.0.2:10400',
    ]);
  });

  it("uses DNAT for both if it listens on one address", () => {
    const targets = rules(world([service("web")], { bindAddress: "172.18.0.2" })).map(
      (rule) => rule.split(" -j ")[1],
    );

    expect(targets).to.deep.equal([
      "DNAT --to-destination 172.18.0.2:10400",
      "DNAT --to-destination 172.18.0.2:10400",
    ]);
  });

  it("takes an external IP only when it is meant for the node, or did not come over a bridge", () => {
    const lines = rules(world([service("web", { externalIPs: ["198.51.100.1"] })]));

    expect(lines.filter((line) => line.includes("198.51.100.1/32"))).to.have.length(3);
    expect(lines.filter((line) => line.includes("! --physdev-is-in"))).to.have.length(1);
  });

  it("lets a node port's traffic in on the proxy port", () => {
    const lines = rules(
      world([service("web", { type: "NodePort", ports: [{ ...HTTP, nodePort: 30080 }] })]),
    );

    expect(lines[0]).to.equal(
      '-A KUBE-NODEPORT-NON-LOCAL -p tcp -m comment --comment "default/web:http" -m tcp --dport 10400 -m state --state NEW -j ACCEPT',
    );
    expect(lines).to.have.length(5);
  });

  it("goes on listening through a change that does not matter to it", () => {
    const before = service("web");
    const target = world([before]);
    const rulesBefore = rules(target);

    change(target, before, service("web", { internalTrafficPolicy: "Local" }));

    expect(rules(target)).to.deep.equal(rulesBefore);
  });

  it("closes and opens a port that changed, and removes one that is gone", () => {
    const before = service("web");
    const after = service("web", { ports: [{ ...HTTP, port: 8000 }] });
    const target = world([before]);

    change(target, before, after);
    expect(rules(target).every((line) => line.includes("--dport 8000 "))).to.equal(true);
    expect(rules(target)).to.have.length(2);

    change(target, after, null);
    expect(rules(target)).to.deep.equal([]);
  });

  it("forgets the flows of a UDP port that is gone", () => {
    const dns = service("dns", { ports: [DNS] });
    const target = world([dns]);

    change(target, dns, null);

    expect(target.node.conntrackCommands).to.deep.equal([
      "conntrack -D --orig-dst 10.96.0.10 -p udp",
    ]);
  });

  it("has no port left for a second Service in a range of one", () => {
    const target = world([service("a"), service("b", { clusterIP: "10.96.0.11" })]);

    expect(rules(target).some((line) => line.includes("default/b:http"))).to.equal(false);
  });

  it("skips SCTP and Services that are not proxied", () => {
    const sctp = service("sctp", { ports: [{ name: "x", protocol: "SCTP", port: 9 }] });

    expect(rules(world([sctp, service("none", { clusterIP: "None" })]))).to.deep.equal([]);
  });

  it("leads a load balancer's addresses to the proxy, ipMode or not", () => {
    const lines = rules(world([loadBalancer("web", ["203.0.113.1", "203.0.113.2"])]));

    expect(lines.filter((line) => line.includes("203.0.113."))).to.have.length(4);
  });
});

describe("kube/proxy/userspace/proxy-ports", () => {
  it("looks upwards from a random start, then from the bottom", () => {
    const ports = new ProxyPorts({ first: 10, last: 13 }, () => 2);

    expect([1, 2, 3, 4, 5].map(() => ports.allocate())).to.deep.equal([12, 13, 10, 11, null]);
    ports.release(13);
    expect(ports.allocate()).to.equal(13);
  });

  it("leaves the choice to the kernel without a range", () => {
    expect(new ProxyPorts(null, () => 0).allocate()).to.equal(0);
  });
});
