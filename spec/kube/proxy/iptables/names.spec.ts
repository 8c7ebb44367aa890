import { expect } from "chai";
import type { ServicePortSpec } from "../../../../lib/kube/objects.ts";
import {
  endpointChain,
  isServiceChain,
  serviceChains,
} from "../../../../lib/kube/proxy/iptables/names.ts";
import { releaseOf } from "../../../../lib/kube/proxy/release.ts";
import { type ServicePort, servicePortsOf } from "../../../../lib/kube/proxy/service-port.ts";

function portOf(namespace: string, name: string, port: ServicePortSpec): ServicePort {
  const ports = servicePortsOf(
    {
      kind: "Service",
      metadata: { name, namespace },
      spec: { clusterIP: "10.96.0.1", ports: [port] },
    },
    releaseOf("1.36"),
  );
  return [...ports.values()][0] as ServicePort;
}

describe("kube/proxy/iptables/names", () => {
  it("hashes a service port's name and protocol, as clusters in the field show", () => {
    const https = portOf("default", "kubernetes", { name: "https", protocol: "TCP", port: 443 });
    const dns = portOf("kube-system", "kube-dns", { name: "dns", protocol: "UDP", port: 53 });

    expect(serviceChains(https).cluster).to.equal("KUBE-SVC-NPX46M4PTMTKRN6Y");
    expect(serviceChains(dns).external).to.equal("KUBE-EXT-TCOU7JCQXEZGVUNU");
  });

  it("leaves the colon of an unnamed port out", () => {
    const port = portOf("ns2", "svc2", { port: 80, protocol: "TCP" });

    expect(serviceChains(port).local).to.equal("KUBE-SVL-G77FM4R64KTEGMA5");
  });

  it("hashes an endpoint with its port", () => {
    const port = portOf("ns1", "svc1", { name: "p80", port: 80, protocol: "TCP" });

    expect(endpointChain(port, "10.180.0.1:80")).to.equal("KUBE-SEP-SXIVWICOYRO3J4NJ");
  });

  it("knows chains that come and go from those that stay", () => {
    expect(isServiceChain("KUBE-FW-XPGD46QRK7WJZT7O")).to.equal(true);
    expect(["KUBE-SERVICES", "KUBE-FIREWALL", "KUBE-MARK-MASQ"].some(isServiceChain)).to.equal(
      false,
    );
  });
});
