import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { VethworkError } from "../../lib/base/errors.ts";
import { parseYamlDocuments } from "../../lib/lab/yaml.ts";
import { readPlainYaml } from "../../lib/lab/yaml-plain.ts";

const FIXTURES = join(import.meta.dirname, "../../../fixtures/story");

/** What the whole parser makes of a text: a letter outside ASCII sends it there. */
function whole(text: string): unknown {
  return outcome(() => parseYamlDocuments(`${text}\n# é\n`, "x.yaml"));
}

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof VethworkError)) throw error;
    return null;
  }
}

/** What stands in YAML, and may be wrong: lines of keys, items and values at some column. */
const words = fc.constantFrom(
  ..."a b: c:d - -1 0 007 80 1.5 1e3 10.0.0.1 0x1f ~ null Null true yes <<: 'q' 'it''s' \"d\" \"\\n\" {} [] {a: [{ a: 1, b/c: x } [x, y z] [a,] [a:b] { a } a# # --- ... | > &a *a !t ? , } ] .5 .inf -a x:80/tcp".split(
    " ",
  ),
  "{ a: 1, b: x }",
  "[x, y z]",
  "[ { a: b }, 'c' ]",
  "- a",
  "a: b",
  "a:",
  "key: value # remark",
);
const lines = fc
  .tuple(fc.nat(3), fc.array(words, { maxLength: 3 }))
  .map(([indent, parts]) => `${"  ".repeat(indent)}${parts.join(" ")}`);

describe("lab/yaml-plain", () => {
  it("reads a manifest with the places of its fields", () => {
    const [document] =
      readPlainYaml("# a Pod\nkind: Pod\nspec:\n- { port: 80 } # one\n", "p.yaml") ?? [];

    const at = (line: number, column: number) => ({ file: "p.yaml", line, column });
    expect(document).to.deep.equal({
      kind: "map",
      place: at(2, 1),
      entries: [
        {
          key: "kind",
          keyPlace: at(2, 1),
          value: { kind: "scalar", value: "Pod", text: "Pod", place: at(2, 7) },
        },
        {
          key: "spec",
          keyPlace: at(3, 1),
          value: {
            kind: "list",
            place: at(4, 1),
            items: [
              {
                kind: "map",
                place: at(4, 3),
                entries: [
                  {
                    key: "port",
                    keyPlace: at(4, 5),
                    value: { kind: "scalar", value: 80, text: "80", place: at(4, 11) },
                  },
                ],
              },
            ],
          },
        },
      ],
    });
  });

  it("parts documents, and leaves empty ones out", () => {
    expect(readPlainYaml("---\na: 1\n--- # next\n# nothing\n---\nb: 2\n", "x.yaml")).to.have.length(
      2,
    );
    expect(readPlainYaml("", "x.yaml")).to.deep.equal([]);
  });

  for (const text of [
    "a: |\n  b",
    "a: &x b",
    "a:",
    "a: 1.0",
    "a: b\n  c",
    "a: 1\na: 2",
    '"a": b',
    "a:\tb",
    "a: ö",
    "a: [b,\n  c]",
    "a: b: c",
    "<<: b",
  ]) {
    it(`leaves ${JSON.stringify(text)} to the whole parser`, () => {
      expect(readPlainYaml(text, "x.yaml")).to.equal(null);
    });
  }

  it("agrees with the whole parser on the manifests of the story", () => {
    let plain = 0;
    for (const entry of readdirSync(FIXTURES, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.ya?ml$/.test(entry.name)) continue;
      const text = readFileSync(join(entry.parentPath ?? entry.path, entry.name), "utf8");
      const nodes = readPlainYaml(text, "x.yaml");
      if (nodes === null) continue;
      expect(nodes, entry.name).to.deep.equal(whole(text));
      plain += 1;
    }
    expect(plain).to.be.greaterThan(5);
  });

  it("agrees with the whole parser on what it reads at all", () => {
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 6 }), (all) => {
        const text = all.join("\n");
        const nodes = readPlainYaml(text, "x.yaml");
        if (nodes !== null) expect(nodes).to.deep.equal(whole(text));
      }),
      { numRuns: 2000 },
    );
  });
});
