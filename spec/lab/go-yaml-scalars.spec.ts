/** Values as kubectl 1.32 reads them (`kubectl label --local -o json`). */
import { expect } from "chai";
import { goYamlScalar } from "../../lib/lab/go-yaml-scalars.ts";
import { readManifestsOf } from "../../lib/lab/kubectl-files.ts";

const VALUES: readonly (readonly [string, string | number | boolean | null])[] = [
  ["yes", true],
  ["Yes", true],
  ["on", true],
  ["Y", true],
  ["NO", false],
  ["off", false],
  ["n", false],
  ["tRUE", "tRUE"],
  ["~", null],
  ["Null", null],
  ["0644", 420],
  ["-0644", -420],
  ["0o17", 15],
  ["0x1F", 31],
  ["0b11", 3],
  ["+0b1", 1],
  ["0800", 800],
  ["08", 8],
  ["1_000", 1000],
  ["685_230.15", 685_230.15],
  ["._1", "._1"],
  ["1e3", 1000],
  [".5", 0.5],
  ["1.", 1],
  ["1e1000", "1e1000"],
  ["1:30", "1:30"],
  ["12:30:45", "12:30:45"],
  ["2001-01-01", "2001-01-01"],
  ["1,000", "1,000"],
  ["12e", "12e"],
  ["-", "-"],
  ["a b", "a b"],
];

describe("lab/go-yaml-scalars", () => {
  for (const [text, value] of VALUES) {
    it(`reads ${text} as kubectl does`, () => {
      expect(goYamlScalar(text)).to.equal(value);
    });
  }

  it("is for plain scalars of manifests, keys included, and leaves quoted ones alone", () => {
    const text =
      "kind: Thing\nspec:\n  on: '0644'\n  0x10: \"yes\"\n  mode: 0644\n  more: |\n    off\n";

    expect(readManifestsOf(text, "a.yaml").map(({ value }) => value)).to.deep.equal([
      { kind: "Thing", spec: { true: "0644", "16": "yes", mode: 420, more: "off\n" } },
    ]);
  });

  it("knows the escape of a single quote, which YAML has not", () => {
    const text = `kind: Thing\nspec: { a: "it\\'s\\n\\\\'", b: "\\'" }\nother: &x "\\'q"\nlast: *x\n`;

    expect(readManifestsOf(text, "a.yaml").map(({ value }) => value)).to.deep.equal([
      { kind: "Thing", spec: { a: "it's\n\\'", b: "'" }, other: "'q", last: "'q" },
    ]);
    expect(() => readManifestsOf('a: "\\q"\n', "a.yaml")).to.throw(/invalid escape sequence \\q/);
  });

  it("reads JSON values that stand one after the other, each at its line", () => {
    const text = '{"kind":"A",\n "spec":{"x":"} {"}}\n\n{"kind":"B"}{"kind":"C"}\n';
    const manifests = readManifestsOf(text, "a.json");

    expect(manifests.map(({ value }) => value)).to.deep.equal([
      { kind: "A", spec: { x: "} {" } },
      { kind: "B" },
      { kind: "C" },
    ]);
    expect(manifests.map(({ placeOf }) => placeOf(["kind"]).line)).to.deep.equal([1, 4, 4]);
  });
});
