/**
 * Runs random TCP labs on the kernel and on the emulator, and keeps those that differ:
 *
 *     node build/tools/fuzz/tcp-labs.js --seed 1 --count 100 --runs 4 --out DIRECTORY
 *
 * A lab is equal when the emulator does what one of the kernel's runs did. For one that differs the
 * directory holds the lab's file, a capture of each kernel run, and the emulator's.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MemorySink } from "../../lib/capture/sink.ts";
import { MERGED_CAPTURE } from "../../lib/lab/artefacts.ts";
import { runLab } from "../../lib/lab/run.ts";
import { parseLab } from "../../lib/lab/schema.ts";
import { runLabOnEmulator } from "../verify/emulator.ts";
import { onEachCpu, outcomeOf, runLabOnKernel } from "../verify/kernel.ts";
import { compareOutcomes } from "../verify/outcome.ts";
import { randomTcpLab } from "./tcp-lab-grammar.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "20" },
    runs: { type: "string", default: "4" },
    jobs: { type: "string", default: "2" },
    out: { type: "string", default: "tcp-labs" },
  },
});
const first = Number(values.seed);
const seeds = Array.from({ length: Number(values.count) }, (_, index) => first + index);
let different = 0;

await onEachCpu(seeds, Number(values.jobs), async (seed, cpu) => {
  const why = await differenceOf(seed, cpu);
  if (why !== null) different += 1;
  process.stdout.write(`${seed}: ${why ?? "equal"}\n`);
});
process.stdout.write(`${seeds.length - different} of ${seeds.length} labs equal\n`);

/** The first difference of a seed's lab from the first run of the kernel, or null if it is equal. */
async function differenceOf(seed: number, cpu: number): Promise<string | null> {
  const folder = join(values.out, String(seed));
  const file = join(folder, "lab.yaml");
  const text = randomTcpLab(seed);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, text);
  const lab = parseLab(readFileSync(file, "utf8"), file);
  let why: string | null = null;
  try {
    const here = runLabOnEmulator(file, lab, text);
    for (let run = 1; run <= Number(values.runs); run += 1) {
      const kernel = await runLabOnKernel(file, lab, cpu);
      writeFileSync(join(folder, `kernel-${run}.pcapng`), kernel.capture);
      const one = compareOutcomes(lab, outcomeOf(kernel), here);
      if (one === null) {
        rmSync(folder, { recursive: true });
        return null;
      }
      why ??= one;
    }
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
  writeFileSync(join(folder, "here.pcapng"), captureHere(text));
  return why;
}

function captureHere(text: string): Uint8Array {
  const merged = new MemorySink();
  runLab(text, { sink: (name) => (name === MERGED_CAPTURE ? merged : null) });
  return merged.bytes();
}
