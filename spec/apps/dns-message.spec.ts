import { expect } from "chai";
import {
  type DnsQuery,
  type DnsRecord,
  decodeQuery,
  decodeResponse,
  emptyReply,
  encodeQuery,
  encodeReply,
} from "../../lib/apps/dns-message.ts";

const QUERY: DnsQuery = {
  id: 0x1234,
  recursionDesired: true,
  question: { name: "db.default.svc.cluster.local", type: "A" },
  ednsSize: null,
};

function addresses(count: number): DnsRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    name: QUERY.question.name,
    type: "A" as const,
    data: `10.244.0.${index}`,
    ttl: 30,
  }));
}

describe("apps/dns-message", () => {
  it("writes a question byte by byte [RFC 1035 §4.1]", () => {
    const bytes = encodeQuery({ ...QUERY, question: { name: "ab.c", type: "AAAA" } });

    expect(bytes.toString("hex")).to.equal("123401000001000000000000026162016300001c0001");
    expect(decodeQuery(bytes)?.question).to.deep.equal({ name: "ab.c", type: "AAAA" });
  });

  it("reads no message out of noise or a cut one", () => {
    expect(decodeQuery(Buffer.from("0102", "hex"))).to.equal(null);
    expect(decodeResponse(encodeQuery(QUERY))).to.equal(null);
  });

  it("leaves names whole while they fit, and compresses them when they do not", () => {
    const few = encodeReply(QUERY, { ...emptyReply(0), answers: addresses(2) }, 512);
    const many = encodeReply(QUERY, { ...emptyReply(0), answers: addresses(28) }, 512);

    // 12 of header, 30 of name, 4 of the question; each record 30 or, by a pointer, 2, and 14.
    expect(few.length).to.equal(46 + 2 * 44);
    expect(many.length).to.equal(46 + 28 * 16);
    expect(decodeResponse(many)?.answers).to.deep.equal(addresses(28));
    expect(decodeResponse(many)?.truncated).to.equal(false);
  });

  it("cuts what is too long even so, and says so", () => {
    const cut = encodeReply(QUERY, { ...emptyReply(0), answers: addresses(60) }, 512);

    expect(cut.length).to.equal(46 + 29 * 16);
    expect(decodeResponse(cut)?.truncated).to.equal(true);
    expect(decodeResponse(cut)?.answers).to.deep.equal(addresses(29));
  });
});
