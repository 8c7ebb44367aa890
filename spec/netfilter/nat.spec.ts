import { expect } from "chai";
import { formatIpv4, parseIpv4 } from "../../lib/base/inet.ts";
import { formatConnection } from "../../lib/netfilter/conntrack/print.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import { type Emitted, FakeRouter } from "../../tools/fuzz/fake-router.ts";
import { datagram, message, segment } from "../../tools/fuzz/packet-bytes.ts";

const CLIENT = parseIpv4("10.1.0.2");
const SERVER = parseIpv4("10.2.0.2");
const SERVICE = parseIpv4("10.96.0.1");

function router(rules: string): FakeRouter {
  const made = new FakeRouter();
  made.netfilter.restore(rules);
  return made;
}

/** `10.1.0.2:20000 > 10.2.0.2:8080` of the one packet that came out; checks its checksums. */
function flow([emitted, another]: Emitted[]): string {
  expect(emitted, "nothing came out").to.not.equal(undefined);
  expect(another).to.equal(undefined);
  const { view, l4, source, destination } = look(emitted!);
  expect(ipv4.checksumIsRight(view, 0)).to.equal(true);
  if (ipv4.protocol(view, 0) === 6) {
    expect(tcp.checksumIsRight(view, l4, view.byteLength, source, destination)).to.equal(true);
  }
  const ports = [view.getUint16(l4), view.getUint16(l4 + 2)];
  return `${formatIpv4(source)}:${ports[0]} > ${formatIpv4(destination)}:${ports[1]}`;
}

function look({ bytes }: Emitted) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const l4 = ipv4.headerSize(view, 0);
  return { view, l4, source: ipv4.source(view, 0), destination: ipv4.destination(view, 0) };
}

const DNAT = `*nat
-A PREROUTING -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.2.0.2:8080
-A PREROUTING -d 10.96.0.1/32 -p udp -j DNAT --to-destination 10.2.0.2
-A POSTROUTING -s 10.1.0.3/32 -j MASQUERADE
COMMIT
`;

describe("netfilter/nat", () => {
  it("sends a connection to another address and port, and its answers back as from the first", () => {
    const net = router(DNAT);

    const there = net.inject("a", segment(CLIENT, SERVICE, 20000, 80, 1000, 0, tcp.FLAG_SYN, 0));
    const back = net.inject(
      "b",
      segment(SERVER, CLIENT, 8080, 20000, 7000, 1001, tcp.FLAG_SYN | tcp.FLAG_ACK, 0),
    );

    expect(flow(there)).to.equal("10.1.0.2:20000 > 10.2.0.2:8080");
    expect(flow(back)).to.equal("10.96.0.1:80 > 10.1.0.2:20000");
    const { conntrack } = net.netfilter;
    expect(conntrack.list().map((one) => formatConnection(conntrack, one))).to.deep.equal([
      "tcp      6 60 SYN_RECV src=10.1.0.2 dst=10.96.0.1 sport=20000 dport=80 src=10.2.0.2 dst=10.1.0.2 sport=8080 dport=20000 mark=0 use=1",
    ]);
  });

  it("asks the nat table about a connection's first packet only", () => {
    const net = router(DNAT);
    net.inject("a", segment(CLIENT, SERVICE, 20000, 80, 1000, 0, tcp.FLAG_SYN, 0));
    net.netfilter.restore(
      "*nat\n-A PREROUTING -j ACCEPT\n-A POSTROUTING -s 10.1.0.3 -j MASQUERADE\nCOMMIT\n",
    );

    const later = net.inject("a", segment(CLIENT, SERVICE, 20000, 80, 1000, 0, tcp.FLAG_SYN, 0));

    expect(flow(later)).to.equal("10.1.0.2:20000 > 10.2.0.2:8080");
  });

  it("tracks nothing for a nat table without a target of NAT, whose chains see no packet", () => {
    const net = router("*nat\n-A PREROUTING -j ACCEPT\nCOMMIT\n");

    net.inject("a", segment(CLIENT, SERVICE, 20000, 80, 1000, 0, tcp.FLAG_SYN, 0));

    expect(net.netfilter.conntrack.list()).to.have.length(0);
    expect(net.netfilter.save("nat", { counters: true })).to.contain(
      "[0:0] -A PREROUTING -j ACCEPT",
    );
  });

  it("keeps a masqueraded port that is free and takes another one that is not", () => {
    const net = router(DNAT);
    const source = parseIpv4("10.1.0.3");
    net.inject("b", datagram(SERVER, parseIpv4("10.1.0.9"), 53, 4000, 4));

    const free = net.inject("a", datagram(source, SERVER, 5000, 53, 4));
    net.netfilter.restore("*nat\n-A POSTROUTING -j SNAT --to-source 10.2.0.1\nCOMMIT\n");
    const taken = net.inject("a", datagram(CLIENT, SERVER, 5000, 53, 4));

    expect(flow(free)).to.equal("10.2.0.1:5000 > 10.2.0.2:53");
    expect(flow(taken)).to.match(/^10\.2\.0\.1:(?!5000 )\d+ > 10\.2\.0\.2:53$/);
    expect(net.netfilter.nat.randomChoices).to.equal(1);
  });

  it("translates an ICMP error back, with the packet that it quotes [RFC 792]", () => {
    const net = router(DNAT);
    const [there] = net.inject("a", datagram(CLIENT, SERVICE, 20000, 53, 10));
    const error = message(SERVER, CLIENT, icmp.ICMP_UNREACHABLE, 3, 0, 0, there!.bytes);

    const [back] = net.inject("b", error);

    const { view, l4, source } = look(back!);
    const inner = l4 + icmp.ICMP_SIZE;
    expect(formatIpv4(source)).to.equal("10.96.0.1");
    expect(formatIpv4(ipv4.destination(view, inner))).to.equal("10.96.0.1");
    expect(icmp.checksumIsRight(view, l4, view.byteLength)).to.equal(true);
    expect(ipv4.checksumIsRight(view, inner)).to.equal(true);
  });

  it("drops no frame without a reason and loses none", () => {
    const net = router(`${DNAT}*filter\n-A FORWARD -p udp -j DROP\nCOMMIT\n`);

    const emitted = net.inject("a", datagram(CLIENT, SERVICE, 20000, 53, 10));

    expect(emitted).to.deep.equal([]);
    expect(net.drops.entries()).to.deep.equal([["NETFILTER_DROP", 1]]);
    expect(net.pool.outstanding).to.equal(0);
    expect(net.netfilter.conntrack.count).to.equal(0);
  });
});
