/**
 * Golden captures: labs whose every byte is pinned. A folder takes part once it has an
 * `expected.pcapng`; `UPDATE_GOLDEN=1 npm run spec -- -g golden` writes them anew.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, use } from "chai";
import { runLab } from "../lib/lab/run.ts";
import { vethworkChai } from "../tools/chai.ts";
import { MERGED } from "../tools/golden.ts";
import { filesBeside } from "../tools/input.ts";

use(vethworkChai);

const folders = readdirSync("fixtures", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith("/lab.yaml"))
  .map((name) => join("fixtures", dirname(name)))
  .filter((folder) => existsSync(join(folder, "expected.pcapng")))
  .sort();

describe("golden captures", () => {
  it("are there for the first lab", () => {
    expect(folders).to.include("fixtures/cluster/clusterip-across-nodes");
  });

  for (const folder of folders) {
    it(`are what ${folder.slice("fixtures/".length)} puts on the wire`, () => {
      const file = join(folder, "lab.yaml");

      const run = runLab(readFileSync(file, "utf8"), { file, readFile: filesBeside(file) });

      expect(run.passed).to.equal(true);
      const merged = run.artefacts.get(MERGED);
      expect({ artefacts: new Map([[MERGED, merged]]) }).to.equalFixture(folder);
    });
  }
});
