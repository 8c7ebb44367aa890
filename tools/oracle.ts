/**
 * Programs of other people as judges of our captures: every lab under fixtures/ is run, and what it
 * captured is read by tshark, with the validation of all checksums on, and by capinfos. A frame
 * that they call malformed or wrong is a failure, unless the lab damages frames on purpose; so is a
 * display filter of a story that shows nothing.
 *
 *     node build/tools/oracle.js [LAB FOLDER …]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runLab } from "../lib/lab/run.ts";
import { MERGED } from "./golden.ts";
import { filesBeside } from "./input.ts";
import { packageFile } from "./package-files.ts";
import { SCRIPT, Stage } from "./story/stage.ts";

/**
 * Checksums are validated. A merged capture shows each segment on every hop, which is no stream to
 * put together again; and what labs send in datagrams is data, whatever else uses the port.
 */
const READING = [
  ...["ip", "tcp", "udp"].flatMap((layer) => ["-o", `${layer}.check_checksum:TRUE`]),
  ...["-o", "tcp.desegment_tcp_streams:FALSE"],
  ...["-d", "udp.port==1-65535,data"],
  ...["dns", "mdns"].flatMap((protocol) => ["--disable-protocol", protocol]),
];

/**
 * What no frame may be. A status of 0 is "bad"; segments that an ICMP error quotes are cut off, so
 * their checksums cannot be right, and of two IP headers Linux quotes one that it has changed.
 */
const WRONG =
  "_ws.malformed || _ws.short || ip.checksum.status#1 == 0 || icmp.checksum.status == 0 || " +
  "(!icmp && (tcp.checksum.status == 0 || udp.checksum.status == 0))";

/**
 * Labs of a clean network: nothing may look lost, repeated or out of order there. In S8 a Pod goes,
 * and with it the answers.
 */
const CLEAN = /^fixtures\/(cluster|story\/(?!8-))/;

/** A lab that damages frames says so in its line's words. */
const DAMAGES = /\bcorrupt\b/;

/** Folders with a lab below fixtures/, relative to the root. */
function labFolders(): string[] {
  const names = readdirSync(packageFile("fixtures"), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith("/lab.yaml"))
    .map((name) => `fixtures/${dirname(name)}`)
    .sort();
}

/** What the judges say against a lab's captures; nothing if all is well. */
function complaints(folder: string, scratch: string): string[] {
  const path = packageFile(`${folder}/lab.yaml`);
  const text = readFileSync(path, "utf8");
  const { artefacts, passed } = runLab(text, { file: path, readFile: filesBeside(path) });
  const found = passed ? [] : ["what the lab expects does not hold"];
  const filters = displayFilters(folder);
  for (const [name, bytes] of artefacts) {
    // All frames are in the merged capture; the files of single interfaces are read where they
    // are looked at as streams.
    const isStream = CLEAN.test(folder) && name.endsWith(".pcap");
    if (name !== MERGED && !isStream) continue;
    const file = join(scratch, name);
    writeFileSync(file, bytes);
    if (!DAMAGES.test(text)) found.push(...tshark(name, file, WRONG));
    if (isStream) found.push(...tshark(name, file, "tcp.analysis.flags"));
    if (name === MERGED) found.push(...filters.flatMap((filter) => withoutFrames(file, filter)));
    const order = execFileSync("capinfos", ["-o", "-T", "-r", file], { encoding: "utf8" });
    if (!/\tTrue\s*$/.test(order)) found.push(`${name}: capinfos: not in strict time order`);
  }
  return found;
}

/** The filters that the story of a lab recommends. */
function displayFilters(folder: string): string[] {
  const isStory = existsSync(packageFile(`${folder}/${SCRIPT}`));
  const stage = packageFile(isStory ? folder : dirname(folder));
  if (!existsSync(join(stage, SCRIPT))) return [];
  const lab = isStory ? "" : basename(folder);
  return new Stage(stage).script.passages.flatMap((passage) =>
    passage.kind === "wireshark" && passage.lab === lab
      ? passage.filters.map(({ filter }) => filter)
      : [],
  );
}

/** A filter that Wireshark does not take, or that shows nothing. */
function withoutFrames(file: string, filter: string): string[] {
  const { status, stdout, stderr } = spawnSync("tshark", ["-n", "-r", file, "-Y", filter], {
    encoding: "utf8",
  });
  if (status !== 0) return [`${filter}: ${stderr.trim()}`];
  return stdout === "" ? [`${filter}: shows no frame`] : [];
}

function tshark(name: string, file: string, filter: string): string[] {
  const run = spawnSync("tshark", ["-n", "-r", file, ...READING, "-Y", filter], {
    encoding: "utf8",
  });
  const lines = run.stdout.split("\n").filter((line) => line !== "");
  if (run.status !== 0) lines.push(run.stderr.trim());
  return lines.map((line) => `${name}: tshark: ${line.trim()}`);
}

function main(folders: readonly string[]): void {
  if (spawnSync("tshark", ["--version"]).error !== undefined) {
    process.stdout.write("tshark is not installed\n0 passed, 0 failed, 1 skipped\n");
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), "vethwork-oracle-"));
  let failed = 0;
  try {
    for (const folder of folders) {
      const found = complaints(folder, scratch);
      if (found.length > 0) failed += 1;
      for (const line of found) process.stdout.write(`${folder}: ${line}\n`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  process.stdout.write(`${folders.length - failed} passed, ${failed} failed, 0 skipped\n`);
  if (failed > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const named = process.argv.slice(2);
  main(named.length > 0 ? named : labFolders());
}
