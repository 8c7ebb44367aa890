import { expect } from "chai";
import { type DnsRecord, Rcode } from "../../lib/apps/dns-message.ts";
import { RecordList } from "../../lib/apps/dns-records.ts";

const record = (name: string, type: "A" | "AAAA" | "CNAME", data: string): DnsRecord => ({
  name,
  type,
  data,
  ttl: 30,
});

const LIST = new RecordList(
  [
    record("web.a.test", "A", "10.0.0.1"),
    record("www.a.test", "CNAME", "web.a.test"),
    record("away.a.test", "CNAME", "web.elsewhere"),
    record("loop.a.test", "CNAME", "loop.a.test"),
    record("x.y.a.test", "A", "10.0.0.2"),
    record("other", "A", "10.0.0.3"),
  ],
  ["a.test"],
  30,
);

const ask = (name: string, type: "A" | "AAAA" | "CNAME" = "A") => LIST.answer({ name, type });

describe("apps/dns-records", () => {
  it("denies a name of its zone with the zone's SOA record, in the asker's letters", () => {
    const reply = ask("nobody.A.Test");

    expect(reply?.rcode).to.equal(Rcode.NXDOMAIN);
    expect(reply?.authoritative).to.equal(true);
    expect(reply?.authorities.map(({ name, type, ttl }) => [name, type, ttl])).to.deep.equal([
      ["A.Test", "SOA", 30],
    ]);
  });

  it("says of a name without such records, and of one above others, that it exists [RFC 8020]", () => {
    for (const reply of [ask("web.a.test", "AAAA"), ask("y.a.test"), ask("a.test")]) {
      expect(reply?.rcode).to.equal(Rcode.NOERROR);
      expect(reply?.answers).to.deep.equal([]);
      expect(reply?.authorities.length).to.equal(1);
    }
  });

  it("follows aliases inside of its zone, and gives one that leads out of it alone", () => {
    const data = (name: string) => ask(name)?.answers.map((one) => one.data);

    expect(data("www.a.test")).to.deep.equal(["web.a.test", "10.0.0.1"]);
    expect(data("away.a.test")).to.deep.equal(["web.elsewhere"]);
    expect(data("loop.a.test")?.length).to.equal(9);
    expect(ask("www.a.test", "CNAME")?.answers.length).to.equal(1);
  });

  it("knows records outside of its zones, and nothing else there", () => {
    expect(ask("other")?.answers.map(({ data }) => data)).to.deep.equal(["10.0.0.3"]);
    expect(ask("another")).to.equal(null);
  });
});
