import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { CompiledScript, scriptOf } from "../../tools/compiled-script.ts";

const MODULE = `
  const { sep } = require("node:path");
  module.exports = { sep, moduleUrl, isMicro: (text) => /^[µ]$/.test(text) };
`;

interface Exports {
  readonly sep: string;
  readonly moduleUrl: string;
  isMicro(text: string): boolean;
}

describe("tools/compiled-script", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vethwork-script-"));
    file = join(folder, "script.cjs");
    writeFileSync(file, scriptOf(MODULE));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it("gives a module what it requires, its address, and its text beyond ASCII", () => {
    const exports = new CompiledScript(file).run() as Exports;

    expect(exports.sep).to.equal("/");
    expect(exports.moduleUrl).to.equal(pathToFileURL(file).href);
    expect(exports.isMicro("µ")).to.equal(true);
    expect(readFileSync(file, "utf8")).to.match(/^[\0-\x7f]*$/);
  });

  it("runs without bytecode, and with what an earlier one kept, in another folder too", () => {
    const first = new CompiledScript(file);
    first.run();
    first.keepBytecode();
    move();
    const second = new CompiledScript(file);

    expect(first.hadBytecode).to.equal(false);
    expect(second.hadBytecode).to.equal(true);
    expect((second.run() as Exports).moduleUrl).to.equal(pathToFileURL(file).href);
  });

  for (const [what, damage] of [
    ["half of it", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ["an empty file", () => Buffer.alloc(0)],
    ["something else", () => Buffer.from("no bytecode at all, but some text that is long enough")],
  ] as const) {
    it(`runs all the same if the bytecode is ${what}`, () => {
      new CompiledScript(file).keepBytecode();
      move();
      const bytecode = join(
        folder,
        readdirSync(folder).find((name) => /bytecode/.test(name)) ?? "",
      );
      writeFileSync(bytecode, damage(readFileSync(bytecode)));
      const script = new CompiledScript(file);

      expect(script.hadBytecode).to.equal(false);
      expect((script.run() as Exports).isMicro("µ")).to.equal(true);
    });
  }

  it("does not take bytecode of another script", () => {
    new CompiledScript(file).keepBytecode();
    writeFileSync(file, scriptOf(`${MODULE}module.exports.isMicro = () => false;`));
    const script = new CompiledScript(file);

    expect(script.hadBytecode).to.equal(false);
    expect((script.run() as Exports).isMicro("µ")).to.equal(false);
  });

  /** V8 remembers the scripts that it has compiled by text and file name, without any bytecode. */
  function move(): void {
    const there = `${folder}-moved`;
    renameSync(folder, there);
    folder = there;
    file = join(folder, "script.cjs");
  }
});
