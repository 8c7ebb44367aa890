/**
 * The story as it is told: each word and each line of output is pinned in `told.txt` beside the
 * script. `UPDATE_GOLDEN=1 npm run spec -- -g story` writes them anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { goldenMode } from "../../../tools/golden.ts";
import { Page } from "../../../tools/story/page.ts";
import { PlayedLab, type Stage, stagesIn } from "../../../tools/story/stage.ts";
import { tell } from "../../../tools/story/tell.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const FOLDER = join(ROOT, "fixtures/story");
const TOLD = "told.txt";

const stages = stagesIn(FOLDER);

/** The part of the README that is about one part of the story. */
function paragraphOf({ name }: Stage): string {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  return readme.split("\n\n").find((paragraph) => paragraph.includes(`story/${name}`)) ?? "";
}

describe("tools/story", () => {
  it("has nine parts, in order", () => {
    const numbers = stages.map(({ script }) => script.title.slice(0, 3));

    expect(numbers).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => `S${number}.`));
  });

  for (const stage of stages) {
    it(`tells ${stage.name}`, () => {
      const page = new Page();

      const labs = stage.labs.map((lab) => new PlayedLab(lab, lab.run()));
      tell(stage, labs, `out/${stage.name}`, page);

      expect(labs.every(({ run }) => run.passed)).to.equal(true);
      const file = join(FOLDER, stage.name, TOLD);
      if (goldenMode().update) writeFileSync(file, page.text);
      expect(page.text).to.equal(readFileSync(file, "utf8"));
    });

    it(`recommends filters for ${stage.name} in README that its story has too`, () => {
      const known = stage.script.passages.flatMap((passage) =>
        passage.kind === "wireshark" ? passage.filters.map(({ filter }) => filter) : [],
      );

      const quoted = [...paragraphOf(stage).matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);

      const filters = quoted.filter((text) => / == /.test(text));
      expect(filters).not.to.be.empty;
      expect(known).to.include.members(filters);
    });
  }

  it("shows connections, crossings and time of the same requests in two modes", () => {
    const told = readFileSync(join(FOLDER, "5-cost-of-user-space", TOLD), "utf8");
    const row = (words: string): number[] => {
      const [, left = "", right = ""] =
        new RegExp(`${words} +([0-9]+)(?: us)? +([0-9]+)`).exec(told) ?? [];
      return [Number(left), Number(right)];
    };

    expect(row("HTTP requests")).to.deep.equal([100, 100]);
    // kube-proxy makes a second connection for each of the client's.
    expect(row("TCP connections")).to.deep.equal([200, 100]);
    expect(row("datagrams, each with an answer")).to.deep.equal([100, 100]);
    // A hundred connections, and a socket for each port from which a datagram came.
    expect(row("clients that kube-proxy served")).to.deep.equal([200, 0]);
    // "hostname" on its way out, the Pod's name on its way back, each read and written.
    const copied = 100 * 2 * ("hostname".length + "web-77c865489b-czmll".length);
    expect(row("copies between user and kernel, bytes")).to.deep.equal([copied, 0]);
    const [crossings = 0, none] = row("crossings between user and kernel");
    expect(crossings).to.equal(2 * (row("system calls of kube-proxy")[0] ?? 0));
    expect(none).to.equal(0);
    // Two wake-ups of 40 us are in the way of each request: the accepting one and the moving one.
    const [slow = 0, fast = 0] = row("mean time of an HTTP request");
    expect(slow - fast).to.be.within(80, 200);
  });
});
