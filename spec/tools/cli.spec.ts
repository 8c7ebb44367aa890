import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
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
import { readCapture } from "../../lib/capture/read.ts";
import { runLab } from "../../lib/lab/run.ts";

const VETHWORK = fileURLToPath(new URL("../../tools/vethwork.js", import.meta.url));

const LAB = `name: two-hosts
topology:
  nodes: { h1: , h2: }
  links: [{ endpoints: ["h1:eth0", "h2:eth0"] }]
  setup:
    h1: [ip addr add 10.0.0.1/24 dev eth0, ip link set eth0 up]
    h2: [ip addr add 10.0.0.2/24 dev eth0, ip link set eth0 up]
steps: [{ on: h1, run: ping -c 1 10.0.0.2 }]
expect: [{ frames: icmp, on: h2/eth0, count: 2 }]
`;

/** Each with all that it prints. */
const BAD_CALLS: readonly (readonly [readonly string[], RegExp])[] = [
  [
    ["run", "bad.yaml", "-o", "out"],
    /^bad\.yaml:8:1: unknown key "stpes" in a lab \(allowed: .*\)\n$/,
  ],
  [
    ["run", "lab.yaml", "-o", "file/out"],
    /^cannot write "file\/out" \(a part of the path is no folder\)\n$/,
  ],
  [["run", "lab.yaml", "-o", "file"], /^cannot write "file" \(it is there and no folder\)\n$/],
  [["run", "lab.yaml", "-w", "."], /^cannot write "\." \(it is a folder\)\n$/],
  [["story", "-o", "/proc/none/x"], /^cannot write ".*" \(there is no such file or folder\)\n$/],
  [["story", "--from", "file"], /^no story in "file" \(story\.md\)\n$/],
  [["show", "bad.pcap"], /^cannot read "bad\.pcap" \(there is no such file or folder\)\n$/],
  [["run", "bytes"], /^"bytes" is not a text \(in UTF-8\)\n$/],
  [["iptables-restore", "bytes"], /^"bytes" is not a text \(in UTF-8\)\n$/],
  [["rules", "--objects", "bytes"], /^"bytes" is not a text \(in UTF-8\)\n$/],
  [["rules", "--objects", "."], /^cannot read "\." \(it is a folder\)\n$/],
  [["rules", "--objects", "file", "--format", "xml"], /^error: .* Allowed choices are save, /],
  [["verify", "--recorded", "none"], /^cannot read "none" \(there is no such file or folder\)\n$/],
  [["verify", "--recorded", "--record", "lab.yaml"], /^error: option '--record' cannot be used/],
  [["bench", "sync", "--services", "many"], /^error: .* not a whole number from 1 to \d+\.\n$/],
  [["stori"], /^error: unknown command 'stori' \(Did you mean story\?\)\n$/],
];

interface Outcome {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

describe("tools/vethwork", () => {
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vethwork-cli-"));
    writeFileSync(join(folder, "lab.yaml"), LAB);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function vethwork(args: readonly string[], env: Record<string, string> = {}): Outcome {
    const result = spawnSync(process.execPath, [VETHWORK, ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
    });
    return { status: result.status, stdout: result.stdout, stderr: result.stderr.toString() };
  }

  it("writes the bytes that the library gives, whatever the time zone, language and folder", () => {
    const inProcess = runLab(LAB, { file: "lab.yaml" });

    const { status, stdout, stderr } = vethwork(["run", "lab.yaml", "-o", "out"], {
      TZ: "Asia/Kathmandu",
      LANG: "tr_TR.UTF-8",
      LC_ALL: "tr_TR.UTF-8",
    });

    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout.toString()).to.contain("h1$ ping -c 1 10.0.0.2").and.to.contain("passed: seed 1");
    const written = readdirSync(join(folder, "out"));
    expect(written.sort()).to.deep.equal([...inProcess.artefacts.keys()].sort());
    for (const [name, bytes] of inProcess.artefacts) {
      expect(readFileSync(join(folder, "out", name)).equals(bytes), name).to.equal(true);
    }
  });

  it("writes pcapng and nothing else to a pipe", () => {
    const { status, stdout } = vethwork(["run", "lab.yaml", "-w", "-", "--seed", "7"]);

    expect(status).to.equal(0);
    const { artefacts } = runLab(LAB, { seed: 7 });
    expect(stdout.equals(artefacts.get("merged.pcapng")!)).to.equal(true);
    expect(readCapture(stdout).interfaces).to.have.length(2);
  });

  it("ends with status 1 when an expectation fails, and says which", () => {
    writeFileSync(join(folder, "lab.yaml"), LAB.replace("count: 2", "count: 3"));

    const { status, stdout } = vethwork(["run", "lab.yaml"]);

    expect(status).to.equal(1);
    expect(stdout.toString()).to.contain(
      "FAILED  lab.yaml:9:10: 2 frames, not 3 with icmp on h2/eth0",
    );
  });

  for (const [args, line] of BAD_CALLS) {
    it(`ends with status 2 and one line, and writes nothing: ${args.join(" ")}`, () => {
      writeFileSync(join(folder, "bad.yaml"), LAB.replace("steps:", "stpes:"));
      writeFileSync(join(folder, "file"), "no folder");
      writeFileSync(join(folder, "bytes"), Buffer.of(0x66, 0xff, 0x00));

      const { status, stdout, stderr } = vethwork(args);

      expect(stderr).to.match(line);
      expect({ status, stdout: stdout.toString() }).to.deep.equal({ status: 2, stdout: "" });
      expect(readdirSync(folder).sort()).to.deep.equal(["bad.yaml", "bytes", "file", "lab.yaml"]);
    });
  }

  it("ends a run that takes long at an interrupt, and leaves nothing behind", async () => {
    const long = LAB.replace("ping -c 1 ", "ping -i 0.002 -c 100000000 ");
    writeFileSync(
      join(folder, "lab.yaml"),
      long.replace(" }]\nexpect", ", timeout: 1000000s }]\nexpect"),
    );
    const run = spawn(process.execPath, [VETHWORK, "run", "lab.yaml", "-o", "out"], {
      cwd: folder,
    });
    const isWriting = (): boolean => readdirSync(folder).length > 1;

    const interrupter = setInterval(() => {
      if (isWriting() && run.kill("SIGINT")) clearInterval(interrupter);
    }, 20);
    const [status] = await once(run, "exit");
    clearInterval(interrupter);

    expect(status).to.equal(130);
    expect(readdirSync(folder)).to.deep.equal(["lab.yaml"]);
  });

  it("writes into a named pipe and leaves it there", () => {
    const line = `mkfifo p && { cat p > got & } && "$0" "$1" run lab.yaml -w p && wait && test -p p`;

    const { status } = spawnSync("sh", ["-c", line, process.execPath, VETHWORK], { cwd: folder });

    expect(status).to.equal(0);
    expect(readCapture(readFileSync(join(folder, "got"))).interfaces).to.have.length(2);
  });

  it("keeps what a folder had when it writes into it", () => {
    mkdirSync(join(folder, "out"));
    writeFileSync(join(folder, "out", "mine.txt"), "mine");
    writeFileSync(join(folder, "out", "report.txt"), "old");

    expect(vethwork(["run", "lab.yaml", "-o", "out", "--json"]).status).to.equal(0);

    expect(readFileSync(join(folder, "out", "mine.txt"), "utf8")).to.equal("mine");
    expect(readFileSync(join(folder, "out", "report.txt"), "utf8")).to.contain("passed");
    expect(existsSync(join(folder, "out", "merged.pcapng"))).to.equal(true);
    expect(readdirSync(folder).sort()).to.deep.equal(["lab.yaml", "out"]);
  });

  it("shows captures, and says where a truncated or foreign one is wrong", () => {
    const { artefacts } = runLab(LAB);
    const pcap = Buffer.from(artefacts.get("h1-eth0.pcap")!);
    writeFileSync(join(folder, "whole.pcap"), pcap);
    writeFileSync(join(folder, "cut.pcap"), pcap.subarray(0, pcap.length - 5));
    writeFileSync(join(folder, "foreign.pcap"), "GIF89a, not a capture");

    const whole = vethwork(["show", "whole.pcap", "icmp"]);
    const cut = vethwork(["show", "cut.pcap"]);
    const foreign = vethwork(["show", "foreign.pcap"]);

    expect(whole.stdout.toString().split("\n")).to.have.length(3);
    expect(whole.stdout.toString()).to.match(
      /^00:00:0\d\.\d{6} IP 10\.0\.0\.1 > 10\.0\.0\.2: ICMP echo request/,
    );
    expect(cut.status).to.equal(2);
    expect(cut.stderr).to.match(
      /^cut\.pcap: byte \d+: the file ends within a frame \(\d+ bytes of \d+\)\n$/,
    );
    expect(foreign.status).to.equal(2);
    expect(foreign.stderr).to.match(/^foreign\.pcap: byte 0: not a capture file \(.*\)\n$/);
  });

  it("names the first difference of two captures with status 1", () => {
    const name = "merged.pcapng";
    writeFileSync(join(folder, "a"), runLab(LAB, { seed: 1 }).artefacts.get(name)!);
    writeFileSync(join(folder, "b"), runLab(LAB, { seed: 2 }).artefacts.get(name)!);

    const exact = vethwork(["diff", "a", "b"]);
    const normalised = vethwork(["diff", "-n", "a", "b"]);

    expect(exact.status).to.equal(1);
    expect(exact.stdout.toString()).to.match(/^frame \d+: (ip|icmp)\.id \d+, expected \d+/);
    expect({ ...normalised, stdout: normalised.stdout.toString() }).to.deep.equal({
      status: 0,
      stdout: "",
      stderr: "",
    });
  });
});
