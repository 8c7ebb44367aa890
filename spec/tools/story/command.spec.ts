import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const VETHWORK = fileURLToPath(new URL("../../../tools/vethwork.js", import.meta.url));
const STORY = fileURLToPath(new URL("../../../../fixtures/story", import.meta.url));

function story(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [VETHWORK, "story", ...words], { encoding: "utf8" });
}

describe("tools/commands/story", () => {
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vethwork-story-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("tells one part, without colours into a pipe, and leaves its captures", () => {
    const { status, stdout, stderr } = story("S7", "-o", join(folder, "deep", "out"));

    expect(stderr).to.equal("");
    expect(status).to.equal(0);
    expect(stdout).to.match(/^S7\. .*\n─+\n/);
    expect(stdout).not.to.contain("\u001b");
    expect(stdout).not.to.contain("S8.");
    const place = join(folder, "deep", "out", "7-the-node-decides");
    expect(stdout).to.contain(join(place, "merged.pcapng"));
    for (const name of ["merged.pcapng", "client-eth0.pcap", "report.txt", "timeline.txt"]) {
      expect(existsSync(join(place, name)), name).to.equal(true);
    }
  });

  it("tells all nine parts in order, though two threads run their labs", () => {
    const told = readdirSync(STORY).map((part) =>
      readFileSync(join(STORY, part, "told.txt"), "utf8"),
    );

    const { status, stdout } = spawnSync(process.execPath, [VETHWORK, "story"], {
      cwd: folder,
      encoding: "utf8",
    });

    expect(status).to.equal(0);
    expect(stdout).to.equal(told.join(""));
    expect(readdirSync(join(folder, "out"))).to.deep.equal(readdirSync(STORY));
  });

  for (const [bad, before] of [
    ["2-no-nic-no-route", 1],
    ["8-a-pod-dies", 7],
  ] as const) {
    it(`tells what comes before a lab that is wrong, whichever thread has it (${bad})`, () => {
      const own = join(folder, "own");
      cpSync(STORY, own, { recursive: true });
      writeFileSync(join(own, bad, "lab.yaml"), "name: 5\n");

      const { status, stdout, stderr } = story("--from", own, "-o", join(folder, "out"));

      expect(status).to.equal(2);
      expect(stderr).to.match(/^\S+lab\.yaml:1:7: .*\n$/);
      expect(stderr).to.contain(bad);
      expect(stdout.match(/^S[0-9]\. /gm)).to.have.length(before);
      expect(readdirSync(join(folder, "out"))).to.have.length(before);
    });
  }

  it("knows no tenth part, and no story where there is none", () => {
    const tenth = story("S10", "-o", join(folder, "out"));
    const nowhere = story("--from", folder);

    expect([tenth.status, nowhere.status]).to.deep.equal([2, 2]);
    expect(tenth.stderr).to.equal('no part "S10" (S1 to S9)\n');
    expect(nowhere.stderr).to.match(/^no story in ".*" \(.*\)\n$/);
    expect(existsSync(join(folder, "out"))).to.equal(false);
  });
});
