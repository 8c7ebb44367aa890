import { expect } from "chai";
import type { Service, ServiceSpec } from "../../../lib/kube/objects.ts";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { type ServicePort, servicePortsOf } from "../../../lib/kube/proxy/service-port.ts";
import { DNS, HTTP, loadBalancer, service } from "../../support/cluster.ts";

function portsOf(object: Service, version = "1.36"): ServicePort[] {
  return [...servicePortsOf(object, releaseOf(version)).values()];
}

function first(spec: Partial<ServiceSpec>, version = "1.36"): ServicePort {
  return portsOf(service("web", spec), version)[0] as ServicePort;
}

describe("kube/proxy/service-port", () => {
  it("makes one service port of each port, told apart by name and protocol", () => {
    const labels = portsOf(
      service("dns", { ports: [DNS, { ...DNS, name: "dns-tcp", protocol: "TCP" }] }),
    );

    expect(labels.map(({ label, protocol }) => `${label} ${protocol}`)).to.deep.equal([
      "default/dns:dns udp",
      "default/dns:dns-tcp tcp",
    ]);
  });

  it("leaves headless, external and address-less Services out", () => {
    const specs: Partial<ServiceSpec>[] = [
      { clusterIP: "None" },
      { clusterIP: "" },
      { type: "ExternalName" },
      { clusterIP: "fd00::1" },
      { ipFamilies: ["IPv6"], clusterIPs: ["fd00::1"] },
    ];

    for (const spec of specs) expect(portsOf(service("x", spec)), JSON.stringify(spec)).to.be.empty;
  });

  it("takes the cluster IP of the IPv4 family from a dual-stack Service", () => {
    const port = first({
      clusterIP: "fd00::1",
      clusterIPs: ["fd00::1", "10.96.0.9"],
      ipFamilies: ["IPv6", "IPv4"],
    });

    expect(port.clusterIp).to.equal("10.96.0.9");
  });

  it("prints addresses without leading zeros and drops those of the other family", () => {
    const port = first({ clusterIP: "010.096.0.10", externalIPs: ["198.051.100.1", "fd00::9"] });

    expect(port.clusterIp).to.equal("10.96.0.10");
    expect(port.externalIps).to.deep.equal(["198.51.100.1"]);
  });

  it("leaves out ingress addresses with ipMode Proxy from 1.30, but not in 1.20", () => {
    const balancer = service(
      "web",
      { type: "LoadBalancer" },
      {
        status: {
          loadBalancer: {
            ingress: [
              { ip: "203.0.113.1", ipMode: "Proxy" },
              { ip: "203.0.113.2" },
              { hostname: "x" },
            ],
          },
        },
      },
    );

    expect(portsOf(balancer)[0]?.loadBalancerIps).to.deep.equal(["203.0.113.2"]);
    expect(portsOf(balancer, "1.20")[0]?.loadBalancerIps).to.deep.equal([
      "203.0.113.1",
      "203.0.113.2",
    ]);
  });

  it("masks source ranges from 1.30 and prints them as written in 1.20", () => {
    const spec = { loadBalancerSourceRanges: [" 203.0.113.77/25", "fd00::/64"] };
    const texts = (version: string): string[] =>
      first(spec, version).sourceRanges.map(({ text }) => text);

    expect(texts("1.30")).to.deep.equal(["203.0.113.0/25"]);
    expect(texts("1.20")).to.deep.equal(["203.0.113.77/25"]);
  });

  it("takes a range of all addresses for no restriction from 1.36", () => {
    const spec = { loadBalancerSourceRanges: ["192.0.2.0/24", "0.0.0.0/0"] };

    expect(first(spec).sourceRanges).to.be.empty;
    expect(first(spec, "1.30").sourceRanges).to.have.length(2);
  });

  it("lets externalTrafficPolicy Local count for a ClusterIP with external IPs from 1.30", () => {
    const spec: Partial<ServiceSpec> = {
      externalTrafficPolicy: "Local",
      externalIPs: ["198.51.100.1"],
    };

    expect(first(spec, "1.30").externalPolicyLocal).to.equal(true);
    expect(first(spec, "1.20").externalPolicyLocal).to.equal(false);
    expect(first({ externalTrafficPolicy: "Local" }).externalPolicyLocal).to.equal(false);
  });

  it("has a health check port only for a load balancer with the Local policy", () => {
    const of = (policy: "Local" | "Cluster"): number =>
      portsOf(
        loadBalancer("web", [], { externalTrafficPolicy: policy, healthCheckNodePort: 32000 }),
      )[0]?.healthCheckNodePort ?? -1;

    expect([of("Local"), of("Cluster")]).to.deep.equal([32000, 0]);
    expect(
      first({ type: "NodePort", externalTrafficPolicy: "Local", healthCheckNodePort: 32000 })
        .healthCheckNodePort,
    ).to.equal(0);
  });

  it("sticks for three hours unless a timeout is set", () => {
    const config = { clientIP: { timeoutSeconds: 600 } };

    expect(first({ sessionAffinity: "ClientIP" }).affinitySeconds).to.equal(10800);
    expect(
      first({ sessionAffinity: "ClientIP", sessionAffinityConfig: config }).affinitySeconds,
    ).to.equal(600);
    expect(first({ ports: [HTTP] }).affinitySeconds).to.equal(0);
  });
});
