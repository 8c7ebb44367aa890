import { expect } from "chai";
import { LineText } from "../../../lib/base/line-text.ts";
import { NS_PER_S } from "../../../lib/base/units.ts";
import type { EndpointSlice } from "../../../lib/kube/objects.ts";
import {
  DNS,
  endpoint,
  loadBalancer,
  node,
  type ProxyWorld,
  proxyWorld,
  service,
  slice,
  syncedWorld,
} from "../../support/cluster.ts";

const UDP = { port: { name: "dns", protocol: "UDP" as const, port: 5353 } };
const dnsService = service("dns", { ports: [DNS] });
const dnsSlice = (...ips: string[]): EndpointSlice =>
  slice(
    "dns",
    ips.map((ip) => endpoint(ip)),
    UDP,
  );

function wait({ scheduler }: ProxyWorld, seconds: number): void {
  scheduler.runUntil(scheduler.now + seconds * NS_PER_S);
}

function chainsDeclared(text: string | undefined): string[] {
  return [...(text ?? "").matchAll(/^:(KUBE-(?:SVC|SVL|SEP|EXT|FW)-\S+)/gm)].map(
    (match) => match[1] ?? "",
  );
}

describe("kube/proxy/rule-proxy", () => {
  it("writes nothing before it has all Services and slices", () => {
    const world = proxyWorld();
    world.proxy.serviceChanged(null, service("web"));
    world.proxy.servicesSynced();
    wait(world, 10);
    expect(world.node.restores).to.have.length(0);

    world.proxy.slicesSynced();

    expect(world.node.restores).to.have.length(1);
  });

  it("writes only the chains of Services that changed, and all shared ones", () => {
    const a = slice("a", [endpoint("10.244.1.1")]);
    const world = syncedWorld(
      [service("a"), service("b", { clusterIP: "10.96.0.11" })],
      [a, slice("b", [endpoint("10.244.1.2")])],
    );
    expect(chainsDeclared(world.node.restores[0])).to.have.length(4);

    world.proxy.sliceChanged(a, slice("a", [endpoint("10.244.1.3")]));
    wait(world, 5);

    const text = world.node.restores[1];
    expect(world.node.restores).to.have.length(2);
    // The Service's chain, its new endpoint's, and its old endpoint's to be deleted.
    expect(chainsDeclared(text)).to.have.length(3);
    expect(text?.match(/^-X /gm)).to.have.length(1);
    expect(text).to.contain('"default/b:http cluster IP" -m tcp -p tcp -d 10.96.0.11');
  });

  it("writes everything when the zone changes, and in 1.30 for any label of the Node", () => {
    const restores = (version: string, labels: Record<string, string>): number => {
      const world = syncedWorld([service("web")], [slice("web", [endpoint("10.244.1.1")])], {
        version,
      });
      world.proxy.nodeChanged(node(labels));
      wait(world, 5);
      return world.node.restores.length;
    };

    expect(restores("1.36", { "topology.kubernetes.io/zone": "a" })).to.equal(2);
    expect(restores("1.36", { disk: "ssd" })).to.equal(1);
    expect(restores("1.30", { disk: "ssd" })).to.equal(2);
    expect(restores("1.20", { "topology.kubernetes.io/zone": "a" })).to.equal(1);
  });

  it("writes everything after a refused input, when syncPeriod has passed", () => {
    let refuse = false;
    const world = syncedWorld([service("web")], [slice("web", [endpoint("10.244.1.1")])], {
      configuration: { syncPeriod: 30 * NS_PER_S },
      wrap: (inner) =>
        Object.assign(Object.create(inner), {
          iptables: {
            ...inner.iptables,
            restore: (text: LineText) => !refuse && inner.iptables.restore(text),
          },
        }),
    });
    refuse = true;
    world.proxy.serviceChanged(null, service("late", { clusterIP: "10.96.0.12" }));
    wait(world, 5);
    expect(world.node.rules.save()).to.not.contain("late");

    refuse = false;
    wait(world, 30);

    expect(chainsDeclared(world.node.restores.at(-1))).to.have.length(2);
    expect(world.node.rules.save()).to.contain('"default/late:http has no endpoints"');
  });

  it("brings its rules back when someone flushes the tables", () => {
    const world = syncedWorld([service("web")], [slice("web", [endpoint("10.244.1.1")])], {
      configuration: { syncPeriod: 30 * NS_PER_S },
    });
    const before = world.node.rules.save();
    for (const table of ["mangle", "nat", "filter"] as const) {
      for (const chain of [...world.node.rules.chains(table)]) {
        world.node.rules.flushChain(table, chain);
        if (chain.startsWith("KUBE-"))
          world.node.rules.restore(LineText.of(`*${table}\n-X ${chain}\nCOMMIT\n`));
      }
    }
    expect(world.node.rules.save()).to.not.contain("KUBE-SERVICES");

    wait(world, 61);

    expect(world.node.rules.save()).to.equal(before);
  });

  it("writes everything once an hour from 1.36", () => {
    const world = syncedWorld([service("web")], [slice("web", [endpoint("10.244.1.1")])]);

    wait(world, 3599);
    expect(world.node.restores).to.have.length(1);

    wait(world, 2);

    expect(world.node.restores).to.have.length(2);
    expect(chainsDeclared(world.node.restores.at(-1))).to.have.length(2);
  });

  it("looks for stale chains once in syncPeriod in a large cluster", () => {
    const many = Array.from({ length: 1001 }, (_, index) =>
      endpoint(`10.245.${index >> 8}.${index & 255}`),
    );
    const old = slice("old", [endpoint("10.244.1.1")]);
    const world = syncedWorld(
      [service("web"), service("old", { clusterIP: "10.96.0.11" })],
      [slice("web", many), old],
      { configuration: { syncPeriod: 30 * NS_PER_S } },
    );

    world.proxy.sliceChanged(old, null);
    wait(world, 5);
    expect(world.node.restores.at(-1)).to.not.contain("-X ");

    wait(world, 30);
    world.proxy.serviceChanged(null, service("new", { clusterIP: "10.96.0.13" }));
    wait(world, 5);

    expect(world.node.restores.at(-1)?.match(/^-X /gm)).to.have.length(2);
  });

  it("answers at health check ports with the number of local ready endpoints", () => {
    const balancer = loadBalancer("web", ["203.0.113.9"], {
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 32000,
    });
    const before = slice("web", [
      endpoint("10.244.1.1"),
      endpoint("10.244.2.1", { nodeName: "node2" }),
    ]);
    const world = syncedWorld([balancer], [before]);
    const answer = world.node.healthChecks.get(32000);
    expect(answer?.().status).to.equal(200);
    expect(answer?.().headers).to.deep.include(["X-Load-Balancing-Endpoint-Weight", "1"]);

    world.proxy.sliceChanged(before, slice("web", [endpoint("10.244.2.1", { nodeName: "node2" })]));
    wait(world, 5);
    expect(answer?.().status).to.equal(503);
    expect(JSON.parse(answer?.().body ?? "")).to.deep.equal({
      service: { namespace: "default", name: "web" },
      localEndpoints: 0,
      serviceProxyHealthy: true,
    });

    world.proxy.serviceChanged(balancer, null);
    wait(world, 5);
    expect(world.node.healthChecks.size).to.equal(0);
  });

  it("forgets UDP flows to a Service that has got its first endpoint (1.30)", () => {
    const world = syncedWorld([dnsService], [], { version: "1.30" });
    expect(world.node.conntrackCommands).to.deep.equal([]);

    world.proxy.sliceChanged(null, dnsSlice("10.244.1.1"));
    wait(world, 5);

    expect(world.node.conntrackCommands).to.deep.equal([
      "conntrack -D --orig-dst 10.96.0.10 -p udp",
    ]);
  });

  it("forgets UDP flows to an endpoint that is gone, at every address of the Service", () => {
    const spec = { ports: [{ ...DNS, nodePort: 30053 }], externalIPs: ["198.51.100.1"] };
    const before = dnsSlice("10.244.1.1", "10.244.1.2");
    const world = syncedWorld([loadBalancer("dns", ["203.0.113.9"], spec)], [before], {
      version: "1.30",
    });
    const first = world.node.conntrackCommands.length;

    world.proxy.sliceChanged(before, dnsSlice("10.244.1.1"));
    wait(world, 5);

    expect(world.node.conntrackCommands.slice(first)).to.deep.equal([
      "conntrack -D -p udp --dport 30053 --dst-nat 10.244.1.2",
      "conntrack -D --orig-dst 10.96.0.10 --dst-nat 10.244.1.2 -p udp",
      "conntrack -D --orig-dst 198.51.100.1 --dst-nat 10.244.1.2 -p udp",
      "conntrack -D --orig-dst 203.0.113.9 --dst-nat 10.244.1.2 -p udp",
    ]);
  });

  it("compares the whole connection table from 1.32, and deletes what no endpoint answers", () => {
    const flow = (to: string, port: number, from: string) => ({
      originalDestination: to,
      originalDestinationPort: port,
      replySource: from,
      replySourcePort: 5353,
    });
    const flows = [
      flow("10.96.0.10", 53, "10.244.1.1"),
      flow("10.96.0.10", 53, "10.244.1.2"),
      flow("10.96.0.10", 54, "10.244.1.2"),
      flow("172.18.0.2", 30053, "10.244.1.2"),
    ];
    const deleted: unknown[] = [];
    const before = dnsSlice("10.244.1.1", "10.244.1.2");
    const world = syncedWorld(
      [service("dns", { ports: [{ ...DNS, nodePort: 30053 }] })],
      [before],
      {
        wrap: (inner) =>
          Object.assign(Object.create(inner), {
            conntrack: {
              command: () => {},
              udpFlows: () => flows,
              deleteFlow: (one: unknown) => deleted.push(one),
            },
          }),
      },
    );
    expect(deleted).to.deep.equal([]);

    world.proxy.sliceChanged(before, dnsSlice("10.244.1.1"));
    wait(world, 5);

    expect(deleted).to.deep.equal([flows[1], flows[3]]);
  });

  it("takes any flow to a node port's number for that Service's, also another Service's", () => {
    const flow = {
      originalDestination: "10.96.0.11",
      originalDestinationPort: 30053,
      replySource: "10.244.1.9",
      replySourcePort: 5353,
    };
    const deleted: unknown[] = [];
    const other = slice("other", [endpoint("10.244.1.9")], UDP);
    syncedWorld(
      [
        service("dns", { ports: [{ ...DNS, nodePort: 30053 }] }),
        service("other", { clusterIP: "10.96.0.11", ports: [{ ...DNS, port: 30053 }] }),
      ],
      [dnsSlice("10.244.1.1"), other],
      {
        wrap: (inner) =>
          Object.assign(Object.create(inner), {
            conntrack: {
              command: () => {},
              udpFlows: () => [flow],
              deleteFlow: (one: unknown) => deleted.push(one),
            },
          }),
      },
    );

    expect(deleted).to.deep.equal([flow]);
  });

  it("lets node ports on loopback addresses in only if it may", () => {
    const routeLocalnet = (configuration: object, version = "1.36"): number | null =>
      proxyWorld({ configuration, version }).node.sysctl("net/ipv4/conf/all/route_localnet");

    expect(routeLocalnet({})).to.equal(1);
    expect(routeLocalnet({ localhostNodePorts: false })).to.equal(0);
    expect(routeLocalnet({ nodePortAddresses: ["172.18.0.0/16"] })).to.equal(0);
    expect(routeLocalnet({ nodePortAddresses: ["127.0.0.0/8"] })).to.equal(1);
    expect(routeLocalnet({ localhostNodePorts: false }, "1.20")).to.equal(1);
  });
});
