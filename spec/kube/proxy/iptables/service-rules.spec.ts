import { expect } from "chai";
import {
  draining,
  endpoint,
  HTTP,
  loadBalancer,
  service,
  serviceLines,
  slice,
  syncedWorld,
} from "../../../support/cluster.ts";

const here = endpoint("10.244.1.5");
const there = endpoint("10.244.2.7", { nodeName: "node2" });

/** Lines that contain a text, chain names cut down to their kind. */
function linesWith(lines: readonly string[], text: string): string[] {
  return lines
    .filter((line) => line.includes(text))
    .map((line) => line.replace(/-[A-Z0-9]{16}/g, ""));
}

describe("kube/proxy/iptables/service-rules", () => {
  it("refuses traffic to a Service without endpoints, and drops it if they are elsewhere", () => {
    const local = service("away", { internalTrafficPolicy: "Local", clusterIP: "10.96.0.2" });
    const world = syncedWorld([service("down"), local], [slice("away", [there])]);

    expect(serviceLines(world)).to.deep.equal([
      '-A KUBE-SERVICES -m comment --comment "default/away:http has no local endpoints" -m tcp -p tcp -d 10.96.0.2 --dport 80 -j DROP',
      '-A KUBE-SERVICES -m comment --comment "default/down:http has no endpoints" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j REJECT',
    ]);
  });

  it("declares no chain and opens nothing for a Local balancer without any address yet", () => {
    const pending = loadBalancer("web", [], { externalTrafficPolicy: "Local" });
    const world = syncedWorld([pending], [slice("web", [here])]);

    const text = world.node.restores.at(-1) ?? "";

    expect(text).to.contain(":KUBE-SVC-").and.not.contain("KUBE-EXT-").and.not.contain("KUBE-SVL-");
  });

  it("leads a balancer with source ranges through its firewall chain", () => {
    const ranges = ["192.0.2.0/24", "172.18.0.0/16"];
    const world = syncedWorld(
      [loadBalancer("web", ["203.0.113.9"], { loadBalancerSourceRanges: ranges })],
      [slice("web", [here])],
    );

    expect(linesWith(serviceLines(world), "-A KUBE-FW")).to.deep.equal([
      '-A KUBE-FW -m comment --comment "default/web:http loadbalancer IP" -s 192.0.2.0/24 -j KUBE-EXT',
      '-A KUBE-FW -m comment --comment "default/web:http loadbalancer IP" -s 172.18.0.0/16 -j KUBE-EXT',
      '-A KUBE-FW -m comment --comment "default/web:http loadbalancer IP" -s 203.0.113.9 -j KUBE-EXT',
      '-A KUBE-FW -m comment --comment "other traffic to default/web:http will be dropped by KUBE-PROXY-FIREWALL"',
    ]);
    expect(linesWith(serviceLines(world), "-A KUBE-PROXY-FIREWALL")).to.have.length(1);
  });

  it("sends traffic from outside to draining local endpoints while others are ready elsewhere", () => {
    const spec = {
      type: "NodePort" as const,
      externalTrafficPolicy: "Local" as const,
      ports: [{ ...HTTP, nodePort: 30080 }],
    };
    const world = syncedWorld(
      [service("web", spec)],
      [slice("web", [draining("10.244.1.5"), there])],
    );

    const lines = serviceLines(world);

    expect(linesWith(lines, "-A KUBE-SVC")).to.deep.equal([
      '-A KUBE-SVC -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ',
      '-A KUBE-SVC -m comment --comment "default/web:http -> 10.244.2.7:8080" -j KUBE-SEP',
    ]);
    expect(linesWith(lines, "-A KUBE-SVL")).to.deep.equal([
      '-A KUBE-SVL -m comment --comment "default/web:http -> 10.244.1.5:8080" -j KUBE-SEP',
    ]);
    expect(linesWith(lines, "DNAT")).to.have.length(2);
  });

  it("leaves comments out where they are most above 1000 endpoints", () => {
    const many = Array.from({ length: 1001 }, (_, index) =>
      endpoint(`10.245.${index >> 8}.${index & 255}`),
    );
    const world = syncedWorld(
      [service("web", { sessionAffinity: "ClientIP" })],
      [slice("web", many)],
    );

    const lines = serviceLines(world);

    expect(linesWith(lines, "--rcheck")[0]).to.equal(
      "-A KUBE-SVC -m recent --name KUBE-SEP --rcheck --seconds 10800 --reap -j KUBE-SEP",
    );
    expect(linesWith(lines, "-A KUBE-SEP").some((line) => line.includes("comment"))).to.equal(
      false,
    );
    expect(linesWith(lines, "-A KUBE-SERVICES")[0]).to.contain("cluster IP");
  });

  it("gives each endpoint the same chance, with ten digits", () => {
    const three = ["10.244.1.1", "10.244.1.2", "10.244.1.3"].map((ip) => endpoint(ip));
    const world = syncedWorld([service("web")], [slice("web", three)]);

    const chances = serviceLines(world).flatMap(
      (line) => /--probability (\S+)/.exec(line)?.[1] ?? [],
    );

    expect(chances).to.deep.equal(["0.3333333333", "0.5000000000"]);
  });

  it("accepts a health check port in the filter table, whatever endpoints there are", () => {
    const balancer = loadBalancer("web", ["203.0.113.9"], {
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 32000,
    });
    const world = syncedWorld([balancer], []);

    expect(linesWith(serviceLines(world), "health check")).to.deep.equal([
      '-A KUBE-NODEPORTS -m comment --comment "default/web:http health check node port" -m tcp -p tcp --dport 32000 -j ACCEPT',
    ]);
  });

  it("matches local traffic by interface, and not at all without a cluster network", () => {
    const masquerade = (configuration: object): string[] =>
      linesWith(
        serviceLines(syncedWorld([service("web")], [slice("web", [here])], { configuration })),
        'cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 ',
      ).filter((line) => line.startsWith("-A KUBE-SVC"));
    const rule =
      '-A KUBE-SVC -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80';

    expect(
      masquerade({ detectLocalMode: "InterfaceNamePrefix", interfaceNamePrefix: "veth" }),
    ).to.deep.equal([`${rule} ! -i veth+ -j KUBE-MARK-MASQ`]);
    expect(masquerade({ detectLocalMode: "NodeCIDR" })).to.deep.equal([
      `${rule} ! -s 10.244.1.0/24 -j KUBE-MARK-MASQ`,
    ]);
    expect(masquerade({ clusterCIDR: "" })).to.deep.equal([]);
    expect(masquerade({ masqueradeAll: true })).to.deep.equal([`${rule} -j KUBE-MARK-MASQ`]);
  });

  it("fills the firewall chain of 1.20 once for each ingress address", () => {
    const world = syncedWorld(
      [loadBalancer("web", ["203.0.113.9", "203.0.113.10"])],
      [slice("web", [here])],
      { version: "1.20" },
    );

    const text = world.node.restores.at(-1) ?? "";

    expect(text.match(/^:KUBE-FW-/gm)).to.have.length(2);
    expect(
      linesWith(serviceLines(world), "-A KUBE-FW").map((line) => line.split(" ").at(-1)),
    ).to.deep.equal([
      "KUBE-MARK-MASQ",
      "KUBE-SVC",
      "KUBE-MARK-DROP",
      "KUBE-MARK-MASQ",
      "KUBE-SVC",
      "KUBE-MARK-DROP",
    ]);
  });

  it("leaves out in 1.20 an external IP of the node whose port is taken", () => {
    const spec = { externalIPs: ["172.18.0.2"] };
    const world = syncedWorld(
      [service("a", spec), service("b", { ...spec, clusterIP: "10.96.0.11" })],
      [slice("a", [here]), slice("b", [there])],
      { version: "1.20" },
    );

    const external = linesWith(serviceLines(world), "external IP");

    expect(external.every((line) => line.includes("default/a:http"))).to.equal(true);
    expect(external).to.have.length(3);
  });
});
