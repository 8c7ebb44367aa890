import { expect } from "chai";
import fc from "fast-check";
import { canonical, objectUid } from "../../../lib/kube/api/names.ts";
import { Random } from "../../../lib/sim/random.ts";

describe("kube/api/names", () => {
  it("makes uids of version 4 of the bits that the stream gives [RFC 9562 §5.4]", () => {
    const [a, b, c, d, variant] = [0xfedcba98, 0x76543210, 0x0f1e2d3c, 0x4b5a6978, 1];
    const words = [a, b, c, d];
    const stream = { int32: () => (words.shift() ?? 0) | 0, below: () => variant };

    expect(objectUid(stream as never)).to.equal("fedcba98-7654-4210-9f1e-2d3c4b5a6978");
  });

  it("makes another uid each time, all of them well-formed", () => {
    const stream = new Random(7).stream("uids");
    const uids = Array.from({ length: 200 }, () => objectUid(stream));

    expect(new Set(uids).size).to.equal(200);
    for (const uid of uids) {
      expect(uid).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  it("writes canonical JSON: the values it stands for, whatever the order of the keys", () => {
    fc.assert(
      fc.property(fc.object({ values: [fc.integer(), fc.string(), fc.boolean()] }), (value) => {
        const text = canonical(value);
        const reversed = Object.fromEntries(Object.entries(value).reverse());

        expect(JSON.parse(text)).to.deep.equal(JSON.parse(JSON.stringify(value)));
        expect(canonical(reversed)).to.equal(text);
      }),
    );
  });

  it("leaves out fields that are undefined; in a list they are null", () => {
    expect(canonical({ b: [undefined, { d: 1, c: "x" }], a: undefined })).to.equal(
      '{"b":[null,{"c":"x","d":1}]}',
    );
  });
});
