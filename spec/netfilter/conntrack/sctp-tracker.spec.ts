import { expect } from "chai";
import { FakeRouter, type Side } from "../../../tools/fuzz/fake-router.ts";
import { sctpPacket } from "../../../tools/fuzz/packet-bytes.ts";

const HOSTS = { a: 0x0a010002, b: 0x0a020002 } as const;
const PORTS = { a: 20000, b: 80 } as const;
const [INIT, INIT_ACK, COOKIE_ECHO, COOKIE_ACK] = [1, 2, 10, 11];

/** Sends one chunk through a router that drops what is INVALID; whether it came out. */
function passes(router: FakeRouter, side: Side, type: number, tag: number, initiateTag = 0) {
  const other: Side = side === "a" ? "b" : "a";
  const body = Buffer.alloc(16);
  body.writeUInt32BE(initiateTag, 0);
  const ports = [PORTS[side], PORTS[other]] as const;
  const packet = sctpPacket(HOSTS[side], HOSTS[other], ...ports, tag, [[type, 0, body]]);
  return router.inject(side, packet).length === 1;
}

function dropsInvalid(): FakeRouter {
  const router = new FakeRouter();
  router.netfilter.restore("*filter\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n");
  return router;
}

describe("netfilter/conntrack/sctp-tracker", () => {
  it("takes no late INIT for a new one, so that an INIT ACK with another tag is invalid", () => {
    const router = dropsInvalid();
    const [tagA, tagB, otherB] = [0x1111, 0x2222, 0x3333];
    passes(router, "a", INIT, 0, tagA);
    passes(router, "b", INIT, 0, tagB);
    passes(router, "a", INIT_ACK, tagB, tagA);
    passes(router, "b", COOKIE_ECHO, tagA);
    expect(passes(router, "a", COOKIE_ACK, tagB)).to.equal(true);

    const isLatePassed = passes(router, "a", INIT, 0, tagA);
    const isAnswerPassed = passes(router, "b", INIT_ACK, tagA, otherB);

    expect(isLatePassed).to.equal(true);
    expect(isAnswerPassed).to.equal(false);
  });
});
