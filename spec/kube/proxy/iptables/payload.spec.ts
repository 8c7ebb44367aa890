import { expect } from "chai";
import { LineBlock } from "../../../../lib/base/line-text.ts";
import {
  blockOf,
  declarations,
  joinBlocks,
  restoreText,
} from "../../../../lib/kube/proxy/iptables/payload.ts";

describe("kube/proxy/iptables/payload", () => {
  it("puts tables one behind the other, each with its COMMIT", () => {
    const blocks = [declarations(["A", "B"]), blockOf(["-A A -j B"])];

    expect(
      restoreText([
        { name: "filter", blocks: [] },
        { name: "nat", blocks },
      ]).text,
    ).to.equal("*filter\nCOMMIT\n*nat\n:A - [0:0]\n:B - [0:0]\n-A A -j B\nCOMMIT\n");
  });

  it("writes the same lines as the same block", () => {
    expect(blockOf(["a", "b"])).to.equal(blockOf(["a", "b"]));
    expect(blockOf(["a", "b"])).not.to.equal(blockOf(["a", "c"]));
  });

  it("joins the same blocks to the same block", () => {
    const [a, b, c] = ["a", "b", "c"].map((line) => new LineBlock([line]));
    if (a === undefined || b === undefined || c === undefined) throw new Error("three blocks");

    const whole = joinBlocks([a, b]);

    expect(whole?.lines).to.deep.equal(["a", "b"]);
    expect(joinBlocks([a, c])?.lines).to.deep.equal(["a", "c"]);
    expect(joinBlocks([a, b])).to.equal(whole);
    expect(joinBlocks([a])).to.equal(a);
    expect(joinBlocks([])).to.equal(null);
  });
});
