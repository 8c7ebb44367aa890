/**
 * Differential fuzzing of Services: random clusters run on the real kernel, under the rules that
 * the emulated kube-proxy writes, and in vethwork; all frames and all that commands print must be
 * the same. Needs root. Labs that differ are left in the folder.
 *
 *     node build/tools/fuzz/cluster-labs.js --seed 1 --count 20 --folder /tmp/labs
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../../lib/sim/random.ts";
import { onEachCpu } from "../verify/kernel.ts";
import { judgeLive } from "../verify/verdict.ts";
import { ClusterLabGrammar } from "./cluster-lab-grammar.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "20" },
    jobs: { type: "string", default: "2" },
    folder: { type: "string", default: "labs" },
    /** Only write the labs. */
    write: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const seeds = Array.from({ length: Number(values.count) }, (_, index) => first + index);

const results = await onEachCpu(seeds, Number(values.jobs), async (seed, cpu) => {
  const folder = join(values.folder, String(seed));
  const grammar = new ClusterLabGrammar(new Random(seed).stream("cluster-labs"));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of grammar.files(`cluster-${seed}`)) {
    writeFileSync(join(folder, name), text);
  }
  if (values.write || !(await judged(join(folder, "lab.yaml"), cpu))) return false;
  rmSync(folder, { recursive: true });
  return true;
});
console.log(`${results.filter(Boolean).length} of ${values.count} equal`);

/** Whether a lab is equal; says so. */
async function judged(file: string, cpu: number): Promise<boolean> {
  try {
    const { verdict, why } = await judgeLive(file, cpu);
    console.log(`${file}: ${verdict} ${why}`);
    return verdict === "equal";
  } catch (error) {
    console.log(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
