import { expect } from "chai";
import { formatCidr, parseInterfaceCidr } from "../../lib/base/inet.ts";
import type { FibEntry } from "../../lib/net/fib-info.ts";
import { plainRule, RuleAction } from "../../lib/net/fib-rule.ts";
import { type InsertMode, Table } from "../../lib/net/fib-table.ts";
import { Flow } from "../../lib/net/inet.ts";
import type { Namespace } from "../../lib/net/namespace.ts";
import { AddressType } from "../../lib/netfilter/hooks.ts";
import { addAddress, addRoute, ip, World } from "../support/world.ts";

const TYPES = ["", "unicast", "local", "broadcast"];

function show(host: Namespace, table: number): string[] {
  return host.fib.table(table).entries().map(line);
}

function line(entry: FibEntry): string {
  const { destination: address, prefixLength, info } = entry;
  const [nexthop] = info.nexthops;
  const source =
    info.prefSource === 0
      ? ""
      : ` src ${formatCidr({ address: info.prefSource, prefixLength: 32 }).slice(0, -3)}`;
  return `${TYPES[entry.type]} ${formatCidr({ address, prefixLength })} dev ${nexthop?.device?.name} scope ${info.scope}${source}`;
}

function via(host: Namespace, to: string, fill: Partial<Flow> = {}): string {
  const flow = Object.assign(new Flow(), fill);
  flow.destination = ip(to);
  const route = host.routing.output(flow);
  if (typeof route === "number") return String(route);
  const gateway = formatCidr({ address: route.gateway, prefixLength: 32 }).slice(0, -3);
  return `${route.device.name} via ${gateway} src ${formatCidr({ address: flow.source, prefixLength: 32 }).slice(0, -3)}`;
}

/** A host with eth0 (10.0.0.1/24 and the secondary 10.0.0.9) and eth1 (10.1.0.1/24). */
function host() {
  const world = new World();
  const [a, b] = [world.host("a"), world.host("b")];
  const [eth0] = world.connect(a, b, ["10.0.0.1/24", "10.0.0.2/24"]);
  addAddress(a, eth0, "10.0.0.9/24");
  const [eth1] = world.connect(a, b, ["10.1.0.1/24", "10.1.0.2/24"], ["eth1", "eth1"]);
  return { world, a, eth0, eth1 };
}

describe("net/fib", () => {
  it("makes the routes that 6.18 makes from addresses", () => {
    const { a, eth0 } = host();
    addAddress(a, eth0, "192.168.5.1/31");

    expect(show(a, Table.LOCAL)).to.deep.equal([
      "local 10.0.0.1/32 dev eth0 scope 254 src 10.0.0.1",
      "local 10.0.0.9/32 dev eth0 scope 254 src 10.0.0.1",
      "broadcast 10.0.0.255/32 dev eth0 scope 253 src 10.0.0.1",
      "local 10.1.0.1/32 dev eth1 scope 254 src 10.1.0.1",
      "broadcast 10.1.0.255/32 dev eth1 scope 253 src 10.1.0.1",
      "local 127.0.0.0/8 dev lo scope 254 src 127.0.0.1",
      "local 127.0.0.1/32 dev lo scope 254 src 127.0.0.1",
      "broadcast 127.255.255.255/32 dev lo scope 253 src 127.0.0.1",
      "local 192.168.5.1/32 dev eth0 scope 254 src 192.168.5.1",
    ]);
    expect(show(a, Table.MAIN)).to.deep.equal([
      "unicast 10.0.0.0/24 dev eth0 scope 253 src 10.0.0.1",
      "unicast 10.1.0.0/24 dev eth1 scope 253 src 10.1.0.1",
      "unicast 192.168.5.0/31 dev eth0 scope 253 src 192.168.5.1",
    ]);
  });

  it("keeps the own addresses of a device that goes down, and loses the routes through it", () => {
    const { a, eth0 } = host();
    addRoute(a, "10.7.0.0/16", "10.0.0.2");

    eth0.setUp(false);
    expect(show(a, Table.LOCAL).filter((text) => text.includes("eth0"))).to.deep.equal([
      "local 10.0.0.1/32 dev eth0 scope 254 src 10.0.0.1",
      "local 10.0.0.9/32 dev eth0 scope 254 src 10.0.0.1",
    ]);
    expect(show(a, Table.MAIN)).to.have.length(1);
    eth0.setUp(true);

    expect(show(a, Table.MAIN)).to.deep.equal([
      "unicast 10.0.0.0/24 dev eth0 scope 253 src 10.0.0.1",
      "unicast 10.1.0.0/24 dev eth1 scope 253 src 10.1.0.1",
    ]);
  });

  it("takes secondary addresses off with their primary, or promotes them", () => {
    const [plain, promoting] = [host(), host()];
    promoting.a.sysctls.write("net.ipv4.conf.all.promote_secondaries", "1");

    for (const { a, eth0 } of [plain, promoting]) a.addresses.remove(eth0, ip("10.0.0.1"), 24);

    expect(show(plain.a, Table.MAIN)).to.deep.equal([
      "unicast 10.1.0.0/24 dev eth1 scope 253 src 10.1.0.1",
    ]);
    expect(show(plain.a, Table.LOCAL).some((text) => text.includes("eth0"))).to.equal(false);
    expect(show(promoting.a, Table.MAIN)[0]).to.equal(
      "unicast 10.0.0.0/24 dev eth0 scope 253 src 10.0.0.9",
    );
    expect(promoting.a.inet(promoting.eth0).addresses[0]).to.include({
      local: ip("10.0.0.9"),
      secondary: false,
    });
  });

  it("removes routes whose source address goes", () => {
    const { a, eth0, eth1 } = host();
    const destination = parseInterfaceCidr("10.7.0.0/16");
    const nexthops = [{ device: eth0, gateway: ip("10.0.0.2") }];
    a.fib.addRoute({ destination, nexthops, prefSource: ip("10.1.0.1") });

    a.addresses.remove(eth1, ip("10.1.0.1"), 24);

    expect(show(a, Table.MAIN)).to.deep.equal([
      "unicast 10.0.0.0/24 dev eth0 scope 253 src 10.0.0.1",
    ]);
  });

  it("prefers the longest prefix, then the lowest metric", () => {
    const { a, eth0, eth1 } = host();
    const add = (text: string, gateway: string, metric: number) => {
      const device = gateway.startsWith("10.0") ? eth0 : eth1;
      const destination = parseInterfaceCidr(text);
      const nexthops = [{ device, gateway: ip(gateway) }];
      expect(a.fib.addRoute({ destination, nexthops, metric })).to.equal(null);
    };
    add("0.0.0.0/0", "10.0.0.2", 100);
    add("0.0.0.0/0", "10.1.0.2", 50);
    add("8.8.0.0/16", "10.0.0.2", 500);

    expect(via(a, "1.1.1.1")).to.equal("eth1 via 10.1.0.2 src 10.1.0.1");
    expect(via(a, "8.8.8.8")).to.equal("eth0 via 10.0.0.2 src 10.0.0.1");
    expect(via(a, "10.0.0.9")).to.equal("lo via 0.0.0.0 src 10.0.0.1");
    expect(via(a, "127.0.0.5")).to.equal("lo via 0.0.0.0 src 127.0.0.1");
    eth1.setUp(false);
    expect(via(a, "1.1.1.1")).to.equal("eth0 via 10.0.0.2 src 10.0.0.1");
  });

  it("refuses what the kernel refuses", () => {
    const { a, eth0, eth1 } = host();
    const refusal = (text: string, gateway: string, device = eth0) =>
      a.fib.addRoute({
        destination: parseInterfaceCidr(text),
        nexthops: [{ device: gateway === "" ? device : null, gateway: ip(gateway || "0.0.0.0") }],
      });

    expect(refusal("10.7.0.0/16", "172.16.0.1")).to.deep.equal({
      errno: 101,
      message: "Nexthop has invalid gateway",
    });
    expect(refusal("10.0.0.0/24", "", eth1)).to.deep.include({ errno: 17 });
    eth1.setUp(false);
    expect(refusal("10.8.0.0/16", "", eth1)).to.deep.equal({
      errno: 100,
      message: "Device for nexthop is not up",
    });
    expect(a.fib.deleteRoute({ destination: parseInterfaceCidr("10.8.0.0/16") })).to.include({
      errno: 3,
    });
  });

  it("adds in the order of metrics, and replaces the first of the same metric (6.18)", () => {
    const { a, eth0 } = host();
    const put = (gateway: string, metric: number, mode: InsertMode) => {
      const nexthops = [{ device: eth0, gateway: ip(`10.0.0.${gateway}`) }];
      const destination = parseInterfaceCidr("10.6.0.0/16");
      return a.fib.addRoute({ destination, nexthops, metric }, mode)?.errno ?? 0;
    };
    const gateways = () =>
      a.fib
        .table(Table.MAIN)
        .entries()
        .filter(({ prefixLength }) => prefixLength === 16)
        .map(({ info }) => (info.nexthops[0]?.gateway ?? 0) & 255);

    expect(put("9", 5, "add")).to.equal(0);
    expect(put("9", 5, "add")).to.equal(17);
    expect(put("8", 5, "append")).to.equal(0);
    expect(put("7", 0, "add")).to.equal(0);
    expect(put("6", 5, "prepend")).to.equal(0);
    expect(gateways()).to.deep.equal([7, 6, 9, 8]);
    expect(put("5", 5, "replace")).to.equal(0);
    expect(gateways()).to.deep.equal([7, 5, 9, 8]);
    expect(put("4", 9, "change"), "ENOENT").to.equal(2);
    a.fib.deleteRoute({ destination: parseInterfaceCidr("10.6.0.0/16") });

    expect(gateways()).to.deep.equal([5, 9, 8]);
  });

  it("makes a host route to the other end of a point-to-point address", () => {
    const { a, eth0 } = host();

    a.addresses.add(eth0, { local: ip("10.3.0.1"), peer: ip("10.3.0.2"), prefixLength: 32 });
    a.addresses.add(eth0, { local: ip("10.4.0.1"), prefixLength: 32 });

    expect(show(a, Table.MAIN)).to.include("unicast 10.3.0.2/32 dev eth0 scope 253 src 10.3.0.1");
    expect(show(a, Table.MAIN).some((text) => text.includes("10.4.0.1"))).to.equal(false);
    a.addresses.remove(eth0, ip("10.3.0.1"), 32);
    expect(show(a, Table.MAIN).some((text) => text.includes("10.3.0"))).to.equal(false);
  });

  it("spreads flows over next hops by their weight, each flow on one of them", () => {
    const { a, eth0, eth1 } = host();
    a.fib.addRoute({
      destination: parseInterfaceCidr("0.0.0.0/0"),
      nexthops: [
        { device: eth0, gateway: ip("10.0.0.2"), weight: 1 },
        { device: eth1, gateway: ip("10.1.0.2"), weight: 3 },
      ],
    });
    let first = 0;

    for (let index = 0; index < 2000; index += 1) {
      const to = `20.0.${index >> 8}.${index & 255}`;
      const choice = via(a, to);
      expect(via(a, to)).to.equal(choice);
      if (choice.startsWith("eth0")) first += 1;
    }

    expect(first).to.be.within(400, 600);
  });

  it("looks into the tables that rules name, by source and mark", () => {
    const { a, eth1 } = host();
    addRoute(a, "0.0.0.0/0", "10.0.0.2");
    a.fib.addRoute({
      destination: parseInterfaceCidr("0.0.0.0/0"),
      nexthops: [{ device: eth1, gateway: ip("10.1.0.2") }],
      table: 100,
    });
    a.fib.addRule({ ...plainRule(1000, 100), mark: 7, markMask: 0xff });
    a.fib.addRule({ ...plainRule(1001, 100), source: ip("10.1.0.0"), sourceLength: 24 });
    a.fib.addRule({
      ...plainRule(1002, 0),
      action: RuleAction.PROHIBIT,
      destination: ip("9.9.9.0"),
      destinationLength: 24,
    });

    expect(via(a, "1.1.1.1")).to.match(/^eth0/);
    expect(via(a, "1.1.1.1", { mark: 0x107 })).to.match(/^eth1/);
    expect(via(a, "1.1.1.1", { source: ip("10.1.0.1") })).to.match(/^eth1/);
    expect(via(a, "9.9.9.9")).to.equal("-13");
    a.fib.deleteRule((rule) => rule.priority === 1002);
    expect(via(a, "9.9.9.9")).to.match(/^eth0/);
  });

  it("knows what an address is", () => {
    const { a, eth0, eth1 } = host();

    const types = ["10.0.0.9", "10.0.0.255", "10.0.0.7", "224.1.2.3", "255.255.255.255"];
    types.push("0.0.0.0", "0.1.2.3");
    expect(types.map((text) => a.fib.addressType(ip(text)))).to.deep.equal([
      AddressType.LOCAL,
      AddressType.BROADCAST,
      AddressType.UNICAST,
      AddressType.MULTICAST,
      AddressType.BROADCAST,
      AddressType.BROADCAST,
      AddressType.UNICAST,
    ]);
    expect(a.fib.addressType(ip("10.0.0.1"), eth0)).to.equal(AddressType.LOCAL);
    expect(a.fib.addressType(ip("10.0.0.1"), eth1)).to.equal(AddressType.UNICAST);
  });
});
