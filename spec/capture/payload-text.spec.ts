import { expect } from "chai";
import type { Field } from "../../lib/capture/dissect.ts";
import { PayloadText } from "../../lib/capture/payload-text.ts";

function field(bytes: Buffer): Field {
  return { name: "bytes", value: 0, text: bytes.toString("hex"), at: 0, length: bytes.length };
}

/** Every value is named by itself, so that it shows what was taken for one. */
function payloads(): { texts: PayloadText; named: string[] } {
  const named: string[] = [];
  const texts = new PayloadText((kind, value) => {
    named.push(`${kind} ${Buffer.from(value, "hex").toString("latin1")}`);
    return kind;
  });
  return { texts, named };
}

describe("capture/payload-text", () => {
  it("leaves the time of an HTTP message out and names the request", () => {
    const message = (date: string, id: string) =>
      field(Buffer.from(`GET / HTTP/1.1\r\nDate: ${date}\r\nX-Request-ID: ${id}\r\n\r\n`));
    const { texts, named } = payloads();

    const one = texts.other(message("Thu, 01 Jan 2026 00:00:02 GMT", "0".repeat(32)));
    const two = texts.other(message("Sun, 22 Nov 2026 23:14:50 GMT", "f".repeat(32)));

    expect(one).to.equal(two);
    expect(named).to.deep.equal([`request ${"0".repeat(32)}`, `request ${"f".repeat(32)}`]);
  });

  it("keeps a date and a request identifier of another form", () => {
    const { texts, named } = payloads();
    const odd = field(Buffer.from("GET / HTTP/1.1\r\nDate: today\r\nX-Request-ID: mine\r\n\r\n"));

    expect(texts.other(odd)).to.equal(odd.text);
    expect(named).to.deep.equal([]);
  });

  it("names the number of a DNS message, and that of each in a segment", () => {
    const { texts, named } = payloads();
    const message = Buffer.from("ABxxxxxxxxxx");
    const segment = Buffer.concat([
      Buffer.from([0, 12]),
      message,
      Buffer.from([0, 12]),
      Buffer.from("CDxxxxxxxxxx"),
    ]);
    const view = new DataView(segment.buffer, segment.byteOffset, segment.length);

    expect(texts.dnsMessage(field(message))).to.equal(`dns ${"78".repeat(10)}`);
    const text = texts.dnsSegment("a", 1, view, field(segment));
    expect(text).to.equal(`000c dns ${"78".repeat(10)}000c dns ${"78".repeat(10)}`);
    expect(named).to.deep.equal(["dns AB", "dns AB", "dns CD"]);
  });

  it("names the time in ping's data, and nothing in data without one", () => {
    const { texts, named } = payloads();

    expect(texts.echo(field(Buffer.from("0123456789abcdefrest")))).to.equal("time 72657374");
    expect(texts.echo(field(Buffer.from("short")))).to.equal("73686f7274");
    expect(named).to.deep.equal(["time 0123456789abcdef"]);
  });
});
