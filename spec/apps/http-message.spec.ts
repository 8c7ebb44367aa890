import { expect } from "chai";
import fc from "fast-check";
import {
  type BodyKind,
  BodyReader,
  chunk,
  formatHead,
  keepsAlive,
  type MessageHead,
  MessageReader,
  requestBody,
  responseBody,
} from "../../lib/apps/http-message.ts";
import { concatBytes, fromUtf8, utf8 } from "../../lib/base/bytes.ts";

function headOf(text: string): MessageHead {
  const reader = new MessageReader();
  reader.push(utf8(text));
  const head = reader.takeHead();
  if (head === null) throw new Error("no head");
  return head;
}

/** Reads a body that comes in these pieces. */
function bodyOf(kind: BodyKind, ...pieces: Uint8Array[]) {
  const reader = new MessageReader();
  const body = new BodyReader(kind);
  const content: Uint8Array[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    content.push(body.read(reader));
  }
  return {
    text: fromUtf8(concatBytes(content)),
    done: body.done,
    fault: body.fault,
    left: reader.length,
  };
}

describe("apps/http-message", () => {
  it("takes a head once its empty line is there, and leaves what follows (RFC 9112 §2.1)", () => {
    const reader = new MessageReader();

    reader.push(utf8("GET /a HTTP/1.1\r\nHost: web\r\n\r"));
    expect(reader.takeHead()).to.equal(null);
    reader.push(utf8("\nrest"));
    const head = reader.takeHead();

    expect(head?.startLine).to.deep.equal(["GET", "/a", "HTTP/1.1"]);
    expect(head?.fields).to.deep.equal([["Host", "web"]]);
    expect(reader.preview(10)).to.equal("rest");
  });

  it("takes bare line feeds and the blanks around a value (RFC 9112 §2.2, §5)", () => {
    const head = headOf("HTTP/1.1 200 OK or so\nA:\t x y \nB:\n\n");

    expect(head.startLine).to.deep.equal(["HTTP/1.1", "200", "OK or so"]);
    expect(head.fields).to.deep.equal([
      ["A", "x y"],
      ["B", ""],
    ]);
  });

  it("gives the whole lines of a head that ends too early, and nothing for half a line", () => {
    const reader = new MessageReader();
    reader.push(utf8("HTTP/1.1 200 OK\r\nContent-Le"));

    expect(reader.takeHead()).to.equal(null);
    expect(reader.takeHead(true)?.text).to.equal("HTTP/1.1 200 OK\r\n");
    expect(reader.takeHead(true)).to.equal(null);
  });

  it("finds how a body ends (RFC 9112 §6.3)", () => {
    const cases: [string, string, BodyKind][] = [
      ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", { kind: "length", length: 5 }],
      ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", { kind: "none" }],
      ["HTTP/1.1 204 No Content\r\n\r\n", "GET", { kind: "none" }],
      ["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", { kind: "none" }],
      [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET",
        { kind: "chunked" },
      ],
      ["HTTP/1.1 200 OK\r\n\r\n", "GET", { kind: "close" }],
    ];

    for (const [text, method, kind] of cases) {
      expect(responseBody(headOf(text), method), text).to.deep.equal(kind);
    }
    expect(requestBody(headOf("GET / HTTP/1.1\r\n\r\n"))).to.deep.equal({ kind: "none" });
  });

  it("keeps connections as the version and the Connection field say (RFC 9112 §9.3)", () => {
    const cases: [string, boolean][] = [
      ["HTTP/1.1 200 OK\r\n\r\n", true],
      ["HTTP/1.1 200 OK\r\nConnection: Foo, Close\r\n\r\n", false],
      ["HTTP/1.0 200 OK\r\n\r\n", false],
      ["HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\n", true],
      ["GET / HTTP/1.0\r\n\r\n", false],
    ];

    for (const [text, keeps] of cases) expect(keepsAlive(headOf(text)), text).to.equal(keeps);
  });

  it("reads chunks, their extensions and trailers away (RFC 9112 §7.1)", () => {
    const text = "3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: 1\r\n\r\nnext";

    expect(bodyOf({ kind: "chunked" }, utf8(text))).to.deep.equal({
      text: "abc0123456789",
      done: true,
      fault: "none",
      left: 4,
    });
  });

  it("ends a chunked body where it is damaged", () => {
    expect(bodyOf({ kind: "chunked" }, utf8("3\r\nabc\r\nzz\r\n"))).to.include({
      text: "abc",
      done: true,
      fault: "size",
    });
    expect(bodyOf({ kind: "chunked" }, utf8("3\r\nabcXX\r\n"))).to.include({
      text: "abc",
      done: true,
      fault: "end",
    });
    expect(bodyOf({ kind: "chunked" }, utf8("5\r\nab"))).to.include({ text: "ab", done: false });
  });

  it("reads the same content however the bytes of chunks are cut", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (all, cut) => {
        const wire = concatBytes([...all.map(chunk), chunk(new Uint8Array(0))]);
        const reader = new MessageReader();
        const body = new BodyReader({ kind: "chunked" });
        const content: Uint8Array[] = [];
        for (let at = 0; at < wire.length; at += cut) {
          reader.push(wire.subarray(at, at + cut));
          content.push(body.read(reader));
        }

        expect(concatBytes(content)).to.deep.equal(concatBytes(all));
        expect(body.done).to.equal(true);
      }),
    );
  });

  it("prints a field without value without a blank, as curl does", () => {
    expect(
      formatHead("GET / HTTP/1.1", [
        ["A", "1"],
        ["B", ""],
      ]),
    ).to.equal("GET / HTTP/1.1\r\nA: 1\r\nB:\r\n\r\n");
  });
});
