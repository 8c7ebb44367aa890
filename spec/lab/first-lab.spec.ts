import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { equalBytes } from "../../lib/base/bytes.ts";
import { compareRuns } from "../../lib/capture/compare.ts";
import { diffCaptures } from "../../lib/capture/diff.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { type RunResult, runLab } from "../../lib/lab/run.ts";
import { filesBeside } from "../../tools/input.ts";

const FILE = fileURLToPath(
  new URL("../../../fixtures/cluster/clusterip-across-nodes/lab.yaml", import.meta.url),
);

function run(seed: number): RunResult {
  return runLab(readFileSync(FILE, "utf8"), {
    file: FILE,
    readFile: filesBeside(FILE),
    poison: true,
    seed,
  });
}

describe("the first lab", () => {
  const result = run(1);
  const merged = result.artefacts.get("merged.pcapng")!;

  it("answers through the ClusterIP, and nothing is lost", () => {
    const { command } = result.report.steps.find(({ what }) => what.startsWith("curl"))!;

    expect(command?.stdout).to.equal("hello from web\n");
    expect(result.passed).to.equal(true);
    expect(result.report.drops).to.deep.equal([]);
  });

  it("captures ARP, handshake, request, answer and close on each of the eight interfaces", () => {
    // Two ARP frames and ten of TCP, as the kernel's captures of the same network have them.
    expect(result.report.interfaces.map(({ name, frames }) => [name, frames])).to.deep.equal(
      [
        "client/eth0",
        "node1/vethclient",
        "node1/cbr0",
        "node1/eth0",
        "node2/eth0",
        "node2/cbr0",
        "node2/vethweb",
        "web/eth0",
      ].map((name) => [name, 12]),
    );
  });

  it("gives the same bytes again", () => {
    const again = run(1);

    expect([...again.finalDraws]).to.deep.equal([...result.finalDraws]);
    for (const [name, bytes] of result.artefacts) {
      expect(equalBytes(bytes, again.artefacts.get(name)!), name).to.equal(true);
    }
  });

  it("changes exactly the random values with the seed", () => {
    const other = readCapture(run(2).artefacts.get("merged.pcapng")!);

    expect(diffCaptures(other, readCapture(merged))).to.not.equal(null);
    expect(compareRuns(readCapture(merged), other)).to.equal(null);
  });
});
