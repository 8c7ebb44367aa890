import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { expect } from "chai";
import { packageFile } from "../../tools/package-files.ts";

describe("tools/package-files", () => {
  it("finds files from the root of the package, wherever the code that asks stands", () => {
    const file = packageFile("package.json");
    expect(isAbsolute(file)).to.equal(true);
    expect(JSON.parse(readFileSync(file, "utf8"))).to.have.property("name", "vethwork");
  });
});
