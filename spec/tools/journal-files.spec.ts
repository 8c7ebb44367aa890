import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { VethworkError } from "../../lib/base/errors.ts";
import { CaptureJournal } from "../../lib/capture/journal.ts";
import { readPcap } from "../../lib/capture/pcap.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";
import { JournalFiles } from "../../tools/journal-files.ts";
import { tcpFrame } from "../support/frames.ts";

describe("tools/journal-files", () => {
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vethwork-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("writes more than may be in flight, in order, and one set of files after the other", () => {
    const files = new JournalFiles();
    const pool = new FramePool();
    const payload = new Uint8Array(60_000);
    for (const name of ["first", "second"]) {
      const paths = ["a", "b"].map((port) => join(folder, `${name}-${port}.pcap`));
      files.open(paths);
      const journal = new CaptureJournal(files);
      const taps = paths.map(() => journal.addPort());
      for (let id = 0; id < 500; id += 1) {
        const frame = pool.takeFrom(tcpFrame({ id, payload }));
        for (const [port, tap] of taps.entries()) tap.frame(frame, 1, 10 * id + port);
        frame.deliver();
      }
      journal.flush();
      files.close();

      for (const [port, path] of paths.entries()) {
        const { frames } = readPcap(readFileSync(path), path);
        const order = frames.map(({ bytes, nanoseconds }) => [bytes.readUInt16BE(18), nanoseconds]);
        expect(order).to.deep.equal(Array.from({ length: 500 }, (_, id) => [id, 10 * id + port]));
      }
    }
  });

  it("says in one line which file cannot be begun", () => {
    const path = join(folder, "missing", "a.pcap");

    expect(() => new JournalFiles().open([path])).to.throw(VethworkError, `cannot write "${path}"`);
    expect(existsSync(path)).to.equal(false);
  });

  it("says what went wrong in the thread", () => {
    const files = new JournalFiles();
    const path = join(folder, "a.pcap");
    files.open([path]);
    files.put({
      bytes: new ArrayBuffer(8),
      passages: new Int32Array([0, 0, 0, 0]).buffer,
      passageWords: 4,
    });

    expect(() => files.close()).to.throw(VethworkError, `cannot write "${path}"`);
  });
});
