import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AssertionError, expect } from "chai";
import { utf8 } from "../../lib/base/bytes.ts";
import { writePcapng } from "../../lib/capture/pcapng.ts";
import { arpFrame, tcpFrame } from "../support/frames.ts";
import { compareWithFolder, goldenMode, timelineText } from "../support/golden.ts";

function capture(...frames: Buffer[]): Uint8Array {
  return writePcapng({
    interfaces: [{ name: "a/eth0", snapLength: 0 }],
    frames: frames.map((bytes, index) => ({
      interfaceIndex: 0,
      seconds: 0,
      nanoseconds: index * 1000,
      bytes,
      originalLength: bytes.length,
      direction: 1,
      packetId: 1,
      comment: "",
    })),
  });
}

describe("tools/chai", () => {
  const good = capture(arpFrame(1, "10.0.0.1", "10.0.0.2"), tcpFrame({ ttl: 63, window: 64 }));
  const bad = capture(arpFrame(1, "10.0.0.1", "10.0.0.2"), tcpFrame({ ttl: 63, window: 63 }));
  const update = { update: true, readOnly: false };
  const check = { update: false, readOnly: false };
  const ci = { update: false, readOnly: true };
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vethwork-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function run(bytes: Uint8Array, ...more: [string, string][]) {
    const others = more.map(([name, text]) => [name, utf8(text)] as const);
    return { artefacts: new Map<string, Uint8Array>([["merged.pcapng", bytes], ...others]) };
  }

  it("finds a frame by its fields", () => {
    expect(good).to.containFrame({ "tcp.flags": "S", "ip.ttl": 63 });
    expect(good).to.not.containFrame({ "ip.ttl": 62 });
    expect(run(good)).to.containFrame({ "arp.targetIp": "10.0.0.2" });
  });

  it("names the nearest frame when there is none", () => {
    expect(() => expect(good).to.containFrame({ "tcp.flags": "S", "ip.ttl": 62 })).to.throw(
      AssertionError,
      'expected a frame with {"tcp.flags":"S","ip.ttl":62}, the nearest is frame 2 with ip.ttl 63:',
    );
  });

  it("writes goldens when told: the capture, its text, and other artefacts", () => {
    expect(
      compareWithFolder(folder, run(good, ["rules.txt", "*nat\n"]).artefacts, update),
    ).to.equal(null);

    expect(readdirSync(folder).sort()).to.deep.equal([
      "expected.pcapng",
      "expected.rules.txt",
      "expected.txt",
    ]);
    expect(readFileSync(join(folder, "expected.txt"), "utf8")).to.equal(timelineText(good));
    expect(run(good, ["rules.txt", "*nat\n"])).to.equalFixture(folder);
  });

  it("says the first difference and leaves what it got beside", () => {
    compareWithFolder(folder, run(good).artefacts, update);

    const problem = compareWithFolder(folder, run(bad).artefacts, check);

    expect(problem).to.equal(
      `${join(folder, "expected.pcapng")}: frame 2: tcp.window 63, expected 64`,
    );
    expect(readFileSync(join(folder, "actual.pcapng")).equals(bad)).to.equal(true);
  });

  it("clears what it left when the run is right again", () => {
    compareWithFolder(folder, run(good).artefacts, update);
    compareWithFolder(folder, run(bad).artefacts, check);
    compareWithFolder(folder, run(good).artefacts, check);

    expect(readdirSync(folder).sort()).to.deep.equal(["expected.pcapng", "expected.txt"]);
  });

  it("says the line in which a text differs", () => {
    compareWithFolder(folder, run(good, ["rules.txt", "*nat\nCOMMIT\n"]).artefacts, update);

    expect(compareWithFolder(folder, run(good, ["rules.txt", "*nat\n"]).artefacts, check)).to.match(
      /expected.rules.txt: line 2: "", expected "COMMIT"$/,
    );
  });

  it("fails on a golden without an artefact and an artefact without a golden", () => {
    compareWithFolder(folder, run(good, ["old.txt", "x"]).artefacts, update);
    rmSync(join(folder, "expected.pcapng"));

    expect(compareWithFolder(folder, run(good).artefacts, check)).to.match(
      /expected.pcapng is missing/,
    );
    writeFileSync(join(folder, "expected.pcapng"), good);
    expect(compareWithFolder(folder, run(good).artefacts, check)).to.equal(
      "expected.old.txt: the run made no such artefact",
    );
  });

  it("writes nothing when CI is set, whatever else is", () => {
    compareWithFolder(folder, run(good).artefacts, update);

    expect(goldenMode({ CI: "true", UPDATE_GOLDEN: "1" })).to.deep.equal(ci);
    expect(goldenMode({ UPDATE_GOLDEN: "1" })).to.deep.equal(update);
    expect(goldenMode({})).to.deep.equal(check);
    expect(compareWithFolder(folder, run(bad).artefacts, ci)).to.match(/tcp.window/);
    expect(existsSync(join(folder, "actual.pcapng"))).to.equal(false);
  });

  it("compares one capture with one file", () => {
    const file = join(folder, "expected.pcapng");
    writeFileSync(file, good);

    expect(good).to.equalCapture(file);
    expect(() => expect(bad).to.equalCapture(file)).to.throw(
      AssertionError,
      "frame 2: tcp.window 63, expected 64",
    );
    expect(bad).to.not.equalCapture(file);
  });
});
