/**
 * `npm run fuzz`: short rounds of all fuzzers against the real kernel and the real iptables, with
 * fixed seeds. Needs root; says so and skips otherwise.
 */
import { spawnSync } from "node:child_process";

/** Fuzzers with their arguments; each takes a few seconds. */
const ROUNDS: readonly (readonly [script: string, ...args: string[]])[] = [
  ["iptables-text", "--seed", "1", "--count", "70"],
  ["packets", "--seed", "1", "--count", "40"],
  ["packets", "--flows", "--seed", "1", "--count", "40"],
  ["command-lines", "--tool", "iptables", "--seed", "4", "--count", "40"],
  ["command-lines", "--tool", "ipset", "--seed", "2", "--count", "60"],
  ["command-lines", "--tool", "conntrack", "--seed", "2", "--count", "30"],
];
const PROGRAMS = ["ip", "iptables", "iptables-legacy", "conntrack", "nft", "ipset", "python3"];

let passed = 0;
let failed = 0;
let skipped = 0;
const reason = whyNot();
for (const [script, ...args] of ROUNDS) {
  const name = [script, ...args].join(" ");
  if (reason !== "") {
    console.log(`skipped: ${name}: ${reason}`);
    skipped += 1;
    continue;
  }
  const path = new URL(`./fuzz/${script}.js`, import.meta.url).pathname;
  const { status } = spawnSync(process.execPath, [path, ...args], { stdio: "inherit" });
  if (status === 0) passed += 1;
  else {
    failed += 1;
    console.log(
      `failed: ${name}; run it again with: node build/tools/fuzz/${name.replace(" ", ".js ")}`,
    );
  }
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** Why nothing can be compared here, or "". */
function whyNot(): string {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  const missing = PROGRAMS.filter(
    (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0,
  );
  return missing.length === 0 ? "" : `there is no ${missing.join(", ")} here`;
}
