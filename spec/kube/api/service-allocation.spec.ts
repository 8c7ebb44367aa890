/** What a Service is given before it is validated, and what of it an update keeps or drops. */
import { expect } from "chai";
import type { Service } from "../../../lib/kube/api/types.ts";
import { SpecCluster } from "../../support/control-plane.ts";

function service(spec: string, name = "web"): string {
  return `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { ${spec} }\n`;
}

function applied(...texts: readonly string[]): SpecCluster {
  const cluster = new SpecCluster();
  for (const text of texts) cluster.apply(text);
  return cluster;
}

const specOf = (cluster: SpecCluster) =>
  (cluster.server.find("Service", "default/web") as Service).spec;

/** What `kubectl apply` prints of a Service in a fresh cluster. */
const refusal = (spec: string) => new SpecCluster().apply(service(spec)).stderr.trimEnd();

const INVALID = 'The Service "web" is invalid: ';

describe("kube/api/service-allocation", () => {
  it("gives the ports of one number one node port, as TCP and UDP of a DNS server", () => {
    const dns = "{ name: dns, port: 53, protocol: UDP }, { name: dns-tcp, port: 53 }";
    const cluster = applied(service(`type: NodePort, ports: [${dns}, { name: m, port: 9153 }]`));

    const [udp, tcp, metrics] = (specOf(cluster).ports ?? []).map(({ nodePort }) => nodePort);
    expect(udp).to.be.within(30000, 32767);
    expect(tcp).to.equal(udp);
    expect(metrics).not.to.equal(udp);
  });

  it("refuses what cannot be had before it looks at the rest", () => {
    expect(refusal("type: NodePort, ports: [{ port: 0, nodePort: 20 }]")).to.equal(
      `${INVALID}spec.ports[0].nodePort: Invalid value: 20: provided port is not in the valid range. The range of valid ports is 30000-32767`,
    );
    expect(refusal("clusterIP: 10.96.0.1, ports: [{ port: 0 }]")).to.equal(
      `${INVALID}spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated`,
    );
    expect(refusal("clusterIP: 10.96.0.0, ports: [{ port: 80 }]")).to.match(
      /the provided IP \(10\.96\.0\.0\) is not in the valid range\. The range of valid IPs is 10\.96\.0\.0\/16$/,
    );
    const twice = "{ name: a, port: 80, nodePort: 30001 }, { name: b, port: 81, nodePort: 30001 }";
    expect(refusal(`type: NodePort, ports: [${twice}]`)).to.equal(
      `${INVALID}spec.ports[1].nodePort: Invalid value: 30001: provided port is already allocated`,
    );
  });

  it("gives back what a refused Service had taken", () => {
    const cluster = applied(
      service("type: NodePort, ports: [{ port: 80, nodePort: 30001, protocol: x }]"),
    );

    const text = service(
      "type: NodePort, clusterIP: 10.96.0.9, ports: [{ port: 80, nodePort: 30001 }]",
    );
    expect(cluster.apply(text).exitCode).to.equal(0);
    cluster.run("delete service web");
    expect(cluster.apply(text).exitCode).to.equal(0);
  });

  it("refuses a health check port that another Service has, as an error of its own", () => {
    const local = "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30500";
    const cluster = applied(service(`${local}, ports: [{ port: 80 }]`));

    expect(cluster.apply(service(`${local}, ports: [{ port: 80 }]`, "other")).stderr).to.equal(
      'Error from server (InternalError): error when creating "file.yaml": Internal error occurred: failed to allocate requested HealthCheck NodePort 30500: provided port is already allocated\n',
    );
  });

  it("drops what the new type does not have, and the address of the load balancer", () => {
    const cluster = applied(service("type: LoadBalancer, ports: [{ port: 80 }]"));
    cluster.pass(2);

    cluster.run(
      'patch service web --type=merge -p {"spec":{"type":"ExternalName","externalName":"a.b"}}',
    );

    const { ports, ...rest } = specOf(cluster);
    expect(rest).to.deep.equal({
      type: "ExternalName",
      externalName: "a.b",
      sessionAffinity: "None",
    });
    expect(ports).to.deep.equal([{ port: 80, protocol: "TCP", targetPort: 80 }]);
    expect(cluster.server.find("Service", "default/web")?.status).to.deep.equal({
      loadBalancer: {},
    });
  });

  it("keeps a node port with the port's name, not its number", () => {
    const ports = (number: number) =>
      service(`type: NodePort, ports: [{ name: http, port: ${number} }]`);
    const cluster = applied(ports(80));
    const [before] = specOf(cluster).ports ?? [];

    cluster.apply(ports(81));

    expect(specOf(cluster).ports?.[0]?.nodePort).to.equal(before?.nodePort);
  });
});

describe("kube/api/service-families", () => {
  it("does not take clusterIPs for clusterIP", () => {
    expect(refusal("clusterIPs: [10.96.0.50], ports: [{ port: 80 }]")).to.equal(
      `${INVALID}spec.clusterIPs: Invalid value: ["10.96.0.50"]: must be empty when \`clusterIP\` is not specified`,
    );
    expect(
      refusal("clusterIP: 10.96.0.5, clusterIPs: [10.96.0.6, 10.96.0.7], ports: [{ port: 80 }]"),
    ).to.equal(
      [
        INVALID,
        'spec.clusterIPs: Invalid value: ["10.96.0.6","10.96.0.7"]: first value must match `clusterIP`',
        'spec.clusterIPs: Invalid value: ["10.96.0.6","10.96.0.7"]: may specify no more than one IP for each IP family',
      ].join("\n* "),
    );
  });

  it("refuses families that the cluster has not", () => {
    expect(refusal('clusterIP: "fd00::1", ports: [{ port: 80 }]')).to.equal(
      `${INVALID}spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster`,
    );
    expect(refusal("ipFamilies: [IPv6], ports: [{ port: 80 }]")).to.equal(
      `${INVALID}spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster`,
    );
    expect(refusal("ipFamilies: [IPv4, IPv6], ports: [{ port: 80 }]")).to.equal(
      `${INVALID}spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
    );
  });
});
