import { expect } from "chai";
import { FakeRouter } from "../../../tools/fuzz/fake-router.ts";
import { datagram } from "../../../tools/fuzz/packet-bytes.ts";

const CLIENT = 0x0a010002;
const SERVER = 0x0a020002;

/** A router that tracks at most two connections, in so many buckets. */
function small(buckets: number): FakeRouter {
  const router = new FakeRouter();
  router.netfilter.restore("*filter\n-A FORWARD -m conntrack --ctstate NEW\nCOMMIT\n");
  Object.assign(router.netfilter.conntrack.settings, {
    nf_conntrack_max: 2,
    nf_conntrack_buckets: buckets,
  });
  return router;
}

function ask(router: FakeRouter, port: number): number {
  return router.inject("a", datagram(CLIENT, SERVER, port, 53, 4)).length;
}

function answer(router: FakeRouter, port: number): number {
  return router.inject("b", datagram(SERVER, CLIENT, 53, port, 4)).length;
}

describe("netfilter/conntrack/conntrack: a full table", () => {
  it("drops the packet of a new connection if none is near that could go", () => {
    const router = small(262144);
    const { conntrack } = router.netfilter;
    expect([ask(router, 1000), ask(router, 1001)]).to.deep.equal([1, 1]);

    const emitted = ask(router, 1002);

    expect(emitted).to.equal(0);
    expect(conntrack.count).to.equal(2);
    expect(conntrack.statistics).to.include({ drop: 1, earlyDrop: 0, invalid: 0 });
    expect(answer(router, 1000)).to.equal(1);
  });

  it("ends the connections of the next bucket that have no assured answer", () => {
    const router = small(1);
    const { conntrack } = router.netfilter;
    for (const port of [1000, 1001]) ask(router, port);

    expect(ask(router, 1002)).to.equal(1);

    expect(conntrack.count).to.equal(1);
    expect(conntrack.statistics).to.include({ drop: 0, earlyDrop: 2 });
  });

  it("gives the place of a connection that is forgotten to the next", () => {
    const router = small(262144);
    for (const port of [1000, 1001, 1002]) ask(router, port);
    router.netfilter.conntrack.killWhere(({ original }) => original.ports >>> 16 === 1000);

    expect(ask(router, 1002)).to.equal(1);
  });
});
