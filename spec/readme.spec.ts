import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

describe("README", () => {
  it("has an example of the library that runs and prints what it says", () => {
    const readme = readFileSync(`${ROOT}README.md`, "utf8");
    const [, example = ""] = /```js\n([^`]*)```/.exec(readme) ?? [];
    const promised = [...example.matchAll(/\/\/ prints (.*)$/gm)].map(([, text]) => text);

    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", example],
      { cwd: ROOT, encoding: "utf8" },
    );

    expect(stderr).to.equal("");
    expect(status).to.equal(0);
    expect(promised).to.not.be.empty;
    for (const line of promised) expect(stdout).to.contain(line);
  });
});
