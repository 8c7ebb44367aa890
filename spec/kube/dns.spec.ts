import { expect } from "chai";
import type { DnsRecord, DnsReply, RecordType } from "../../lib/apps/dns-message.ts";
import { ClusterDns, KUBEADM_DNS } from "../../lib/kube/dns.ts";
import {
  type DnsEndpointSlice,
  type DnsService,
  ListedObjects,
} from "../../lib/kube/dns-objects.ts";

const SERVICES: DnsService[] = [
  {
    metadata: { namespace: "default", name: "web" },
    spec: {
      type: "ClusterIP",
      clusterIP: "10.96.0.20",
      clusterIPs: ["10.96.0.20"],
      ports: [
        { name: "http", protocol: "TCP", port: 80 },
        { name: "dns", protocol: "UDP", port: 53 },
      ],
    },
  },
  {
    metadata: { namespace: "default", name: "db" },
    spec: { type: "ClusterIP", clusterIP: "None", ports: [{ name: "sql", port: 5432 }] },
  },
  {
    metadata: { namespace: "default", name: "empty" },
    spec: { type: "ClusterIP", clusterIP: "None", ports: [{ port: 1 }] },
  },
  {
    metadata: { namespace: "default", name: "outside" },
    spec: { type: "ExternalName", externalName: "www.example.com" },
  },
  {
    metadata: { namespace: "default", name: "inside" },
    spec: { type: "ExternalName", externalName: "web.default.svc.cluster.local" },
  },
];

const SLICES: DnsEndpointSlice[] = [
  {
    metadata: {
      namespace: "default",
      name: "db-x",
      labels: { "kubernetes.io/service-name": "db" },
    },
    addressType: "IPv4",
    ports: [{ name: "sql", protocol: "TCP", port: 5432 }],
    endpoints: [
      { addresses: ["10.244.1.2"], hostname: "db-0", conditions: { ready: true } },
      { addresses: ["10.244.2.2"], conditions: {} },
      { addresses: ["10.244.2.9"], hostname: "db-2", conditions: { ready: false } },
    ],
  },
];

function ask(name: string, type: RecordType): DnsReply | null {
  const objects = new ListedObjects({
    namespaces: () => ["default", "kube-system"],
    services: () => SERVICES,
    endpointSlices: () => SLICES,
  });
  return new ClusterDns(objects, { ...KUBEADM_DNS, serial: 7 }).answer({ name, type });
}

function brief(records: readonly DnsRecord[]): string[] {
  return records.map(({ name, ttl, type, data }) => {
    if (type === "SRV") {
      return `${name} ${ttl} SRV ${data.priority} ${data.weight} ${data.port} ${data.target}`;
    }
    return `${name} ${ttl} ${type} ${typeof data === "string" ? data : data.mname}`;
  });
}

function answers(name: string, type: RecordType): string[] {
  return brief(ask(name, type)!.answers);
}

describe("kube/dns", () => {
  it("answers for a ClusterIP in the case that was asked", () => {
    expect(answers("Web.Default.svc.CLUSTER.local", "A")).to.deep.equal([
      "Web.Default.svc.CLUSTER.local 30 A 10.96.0.20",
    ]);
    expect(ask("web.default.svc.cluster.local", "A")!.authoritative).to.equal(true);
  });

  it("has no AAAA for an IPv4 Service: no error, and the zone's SOA", () => {
    const reply = ask("web.default.svc.Cluster.local", "AAAA")!;

    expect(reply.rcode).to.equal(0);
    expect(reply.answers).to.deep.equal([]);
    expect(reply.authorities).to.deep.equal([
      {
        name: "Cluster.local",
        type: "SOA",
        ttl: 30,
        data: {
          mname: "ns.dns.Cluster.local",
          rname: "hostmaster.Cluster.local",
          serial: 7,
          refresh: 7200,
          retry: 1800,
          expire: 86400,
          minimum: 30,
        },
      },
    ]);
  });

  it("knows no name without a Service, a namespace or an endpoint", () => {
    for (const name of [
      "nothing.default.svc.cluster.local",
      "web.nowhere.svc.cluster.local",
      "empty.default.svc.cluster.local",
      "db-2.db.default.svc.cluster.local",
      "a.b.c.web.default.svc.cluster.local",
      "web.default.other.cluster.local",
    ]) {
      const reply = ask(name, "A")!;
      expect(reply.rcode, name).to.equal(3);
      expect(brief(reply.authorities), name).to.deep.equal([
        "cluster.local 30 SOA ns.dns.cluster.local",
      ]);
    }
  });

  it("has nothing to say for names above Services, which exist", () => {
    for (const name of ["cluster.local", "svc.cluster.local", "default.svc.cluster.local"]) {
      const reply = ask(name, "A")!;
      expect([reply.rcode, reply.answers.length], name).to.deep.equal([0, 0]);
    }
  });

  it("gives the ready endpoints of a headless Service, together and one by one", () => {
    expect(answers("db.default.svc.cluster.local", "A")).to.deep.equal([
      "db.default.svc.cluster.local 30 A 10.244.1.2",
      "db.default.svc.cluster.local 30 A 10.244.2.2",
    ]);
    expect(answers("db-0.db.default.svc.cluster.local", "A")).to.deep.equal([
      "db-0.db.default.svc.cluster.local 30 A 10.244.1.2",
    ]);
    expect(answers("10-244-2-2.db.default.svc.cluster.local", "A")).to.deep.equal([
      "10-244-2-2.db.default.svc.cluster.local 30 A 10.244.2.2",
    ]);
  });

  it("gives SRV records by port and protocol, and the addresses of their targets", () => {
    expect(answers("_http._tcp.web.default.svc.cluster.local", "SRV")).to.deep.equal([
      "_http._tcp.web.default.svc.cluster.local 30 SRV 0 100 80 web.default.svc.cluster.local",
    ]);
    expect(ask("_http._udp.web.default.svc.cluster.local", "SRV")!.rcode).to.equal(3);
    const reply = ask("_sql._tcp.db.default.svc.cluster.local", "SRV")!;
    expect(brief(reply.answers)).to.deep.equal([
      "_sql._tcp.db.default.svc.cluster.local 30 SRV 0 50 5432 db-0.db.default.svc.cluster.local",
      "_sql._tcp.db.default.svc.cluster.local 30 SRV 0 50 5432 10-244-2-2.db.default.svc.cluster.local",
    ]);
    expect(brief(reply.additionals)).to.deep.equal([
      "db-0.db.default.svc.cluster.local 30 A 10.244.1.2",
      "10-244-2-2.db.default.svc.cluster.local 30 A 10.244.2.2",
    ]);
  });

  it("gives an alias for an ExternalName, and the addresses behind it if they are its own", () => {
    expect(answers("outside.default.svc.cluster.local", "A")).to.deep.equal([
      "outside.default.svc.cluster.local 30 CNAME www.example.com",
    ]);
    expect(answers("inside.default.svc.cluster.local", "A")).to.deep.equal([
      "inside.default.svc.cluster.local 30 CNAME web.default.svc.cluster.local",
      "web.default.svc.cluster.local 30 A 10.96.0.20",
    ]);
  });

  it("names ClusterIPs and endpoints by their addresses, and leaves others to be forwarded", () => {
    expect(answers("20.0.96.10.in-addr.arpa", "PTR")).to.deep.equal([
      "20.0.96.10.in-addr.arpa 30 PTR web.default.svc.cluster.local",
    ]);
    expect(answers("2.1.244.10.in-addr.arpa", "PTR")).to.deep.equal([
      "2.1.244.10.in-addr.arpa 30 PTR db-0.db.default.svc.cluster.local",
    ]);
    expect(ask("8.8.8.8.in-addr.arpa", "PTR")).to.equal(null);
    expect(ask("example.com", "A")).to.equal(null);
    expect(ask("notcluster.local", "A")).to.equal(null);
  });

  it("reads a Pod's address out of its name", () => {
    expect(answers("10-244-1-2.default.pod.cluster.local", "A")).to.deep.equal([
      "10-244-1-2.default.pod.cluster.local 30 A 10.244.1.2",
    ]);
    expect(ask("ten.default.pod.cluster.local", "A")!.rcode).to.equal(3);
  });
});
