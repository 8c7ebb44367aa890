import { expect } from "chai";
import { VethworkError } from "../../lib/base/errors.ts";
import { NS_PER_S } from "../../lib/base/units.ts";
import type { Service } from "../../lib/kube/objects.ts";
import { DEFAULT_CONFIGURATION } from "../../lib/kube/proxy/config.ts";
import { readManifests, readProxyConfiguration } from "../../lib/lab/manifests.ts";

function problemOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof VethworkError) return error.message;
    throw error;
  }
  return "none";
}

const problemIn = (text: string): string => problemOf(() => readManifests(text, "web.yaml"));
const configure = (text: string) =>
  readProxyConfiguration(text, "config.yaml", DEFAULT_CONFIGURATION);

const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  clusterIP: 10.96.0.10
  ports:
  - port: 80
`;

describe("lab/manifests", () => {
  it("fills in what the API server would", () => {
    const [service] = readManifests(SERVICE, "web.yaml").objects as [Service];

    expect(service.metadata.namespace).to.equal("default");
    expect(service.spec.clusterIPs).to.deep.equal(["10.96.0.10"]);
    expect(service.spec.internalTrafficPolicy).to.equal("Cluster");
    expect(service.spec.ports).to.deep.equal([{ port: 80, protocol: "TCP" }]);
  });

  it("reads several documents, Lists in Lists, and JSON", () => {
    const item = (name: string): string =>
      `{"apiVersion":"v1","kind":"Node","metadata":{"name":"${name}"}}`;
    const list = `{"apiVersion":"v1","kind":"List","items":[${item("a")},
      {"apiVersion":"v1","kind":"NodeList","items":[${item("b")}]}]}`;

    const { objects } = readManifests(`${SERVICE}---\n# nothing\n---\n${list}`, "all.yaml");

    expect(objects.map(({ metadata }) => metadata.name)).to.deep.equal(["web", "a", "b"]);
  });

  it("skips objects of kinds that are not read, and of other groups", () => {
    const { objects, skipped } = readManifests(
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\n` +
        `apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: fn}\n`,
      "other.yaml",
    );

    expect(objects).to.deep.equal([]);
    expect(skipped.map(({ kind, name, place }) => `${kind} ${name} ${place.line}`)).to.deep.equal([
      "Deployment (apps/v1) web 1",
      "Service (serving.knative.dev/v1) fn 5",
    ]);
  });

  it("says file, line, object, field and reason of a value that is wrong", () => {
    expect(problemIn(SERVICE.replace("port: 80", "port: 80000"))).to.equal(
      "web.yaml:8:11: Service web: spec.ports[0].port: 80000 is out of range (a whole number from 1 to 65535)",
    );
    expect(problemIn(SERVICE.replace("10.96.0.10", "10.96.0.300"))).to.equal(
      'web.yaml:6:14: Service web: spec.clusterIP: "10.96.0.300" is not a cluster IP (an address, None or empty)',
    );
    expect(problemIn(SERVICE.replace("port: 80", "port: 80, protocol: ICMP"))).to.match(
      /^web\.yaml:8:/,
    );
  });

  it("points at the object for a field that is missing", () => {
    expect(problemIn(SERVICE.replace("- port: 80", "- name: http"))).to.equal(
      "web.yaml:8:5: Service web: spec.ports[0]: field port is missing (add port)",
    );
    expect(problemIn("kind: Service\nmetadata: {name: web}\n")).to.equal(
      "web.yaml:1:1: Service web: field apiVersion is missing (for example apiVersion: v1)",
    );
    expect(problemIn("just text")).to.match(/^web\.yaml:1:1: .* is not an object/);
  });

  it("refuses two ports of one name and two objects of one name", () => {
    expect(problemIn(SERVICE.replace("- port: 80", "- port: 80\n  - port: 81"))).to.contain(
      "spec.ports[0]: a port of several has no name",
    );
    expect(problemIn(`${SERVICE}---\n${SERVICE}`)).to.equal(
      "web.yaml:10:1: Service default/web is there twice (the first is at line 1)",
    );
  });

  it("checks that endpoints' addresses are of the slice's type", () => {
    const slice = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-a}
addressType: IPv4
endpoints:
- addresses: ["fd00::1"]
`;

    expect(problemIn(slice)).to.equal(
      'web.yaml:6:15: EndpointSlice web-a: endpoints[0].addresses[0]: "fd00::1" is not an IPv4 address (addressType is IPv4)',
    );
  });

  it("says where YAML breaks off", () => {
    expect(problemIn("kind: Service\nmetadata: {name: web\n")).to.match(/^web\.yaml:[23]:\d+: /);
  });

  it("merges a configuration into another", () => {
    const configuration = configure(
      "clusterCIDR: ''\niptables: {masqueradeAll: true, syncPeriod: 1h0m30s}\nnodePortAddresses: [10.0.0.0/8]\n",
    );

    expect(configuration).to.deep.equal({
      ...DEFAULT_CONFIGURATION,
      clusterCIDR: "",
      masqueradeAll: true,
      syncPeriod: 3630 * NS_PER_S,
      nodePortAddresses: ["10.0.0.0/8"],
    });
  });

  it("takes a minSyncPeriod of 0 from a file for none given, as defaulting does", () => {
    expect(configure("iptables: {minSyncPeriod: 0s}\n").minSyncPeriod).to.equal(NS_PER_S);
  });

  it("says what is wrong with a configuration", () => {
    const problem = (text: string): string => problemOf(() => configure(text));

    expect(problem("iptables:\n  masqueradeBit: 32\n")).to.equal(
      "config.yaml:2:18: KubeProxyConfiguration: iptables.masqueradeBit: 32 is out of range (a whole number from 0 to 31)",
    );
    expect(problem("detectLocalMode: BridgeInterface\n")).to.contain("needs a name");
    expect(problem("clusterCIDR: 10.244.0.0\n")).to.contain("is not a cluster network");
    expect(problem("iptables: {syncPeriod: 1s, minSyncPeriod: 10s}\n")).to.contain(
      "10s is longer than syncPeriod 1s",
    );
    expect(problem("nodePortAddresses: [172.18.0.2]\n")).to.match(/^config\.yaml:1:21: /);
  });
});
