/**
 * Differential fuzzing of whole labs: random networks, rules and traffic run on the real kernel and
 * in vethwork; all frames and all that commands print must be the same. Needs root. Labs that
 * differ are left in the folder.
 *
 *     node build/tools/fuzz/net-labs.js --seed 1 --count 20 --folder /tmp/labs
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../../lib/sim/random.ts";
import { judgeLive } from "../verify/verdict.ts";
import { NetLabGrammar } from "./net-lab-grammar.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "20" },
    folder: { type: "string", default: "labs" },
    /** The processor that the labs run on. */
    cpu: { type: "string", default: "0" },
    /** Only write the labs. */
    write: { type: "boolean", default: false },
  },
});

/** Exit status 0: the lab is equal. */
async function judged(file: string): Promise<boolean> {
  try {
    const { verdict, why } = await judgeLive(file, Number(values.cpu));
    console.log(`${file}: ${verdict} ${why}`);
    return verdict === "equal";
  } catch (error) {
    console.log(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

const first = Number(values.seed);
let equal = 0;
for (let seed = first; seed < first + Number(values.count); seed += 1) {
  const grammar = new NetLabGrammar(new Random(seed).stream("net-labs"));
  const folder = join(values.folder, String(seed));
  const file = join(folder, "lab.yaml");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, grammar.lab(`net-${seed}`));
  if (values.write) continue;
  if (!(await judged(file))) continue;
  equal += 1;
  rmSync(folder, { recursive: true });
}
console.log(`${equal} of ${values.count} equal`);
