/** Runs a lab's file on the real kernel, several at a time, each on a processor of its own. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, resolve } from "node:path";
import { readCapture } from "../../lib/capture/read.ts";
import type { NodeInvocation } from "../../lib/lab/cluster/run.ts";
import type { Lab } from "../../lib/lab/lab.ts";
import { LabRun } from "../../lib/lab/run.ts";
import { filesBeside } from "../input.ts";
import { planOf } from "../kernel/plan.ts";
import { type KernelRun, runOnKernel } from "../kernel/run.ts";
import type { Outcome } from "./outcome.ts";

/** One run of a lab on the kernel. `cpu`: the processor that its programs share. */
export function runLabOnKernel(labFile: string, lab: Lab, cpu: number | null): Promise<KernelRun> {
  const readFile = (path: string): Uint8Array => readFileSync(resolve(dirname(labFile), path));
  const invocations = invocationsOf(labFile, lab);
  return runOnKernel(planOf(lab, { readFile, cpu, invocations }));
}

/** What kube-proxy does in a lab: the emulator finds out. */
function invocationsOf(labFile: string, lab: Lab): readonly NodeInvocation[] {
  if (lab.cluster === null) return [];
  const run = new LabRun(readFileSync(labFile, "utf8"), {
    file: labFile,
    readFile: filesBeside(labFile),
    sink: () => null,
  });
  run.setUp();
  while (run.nextStep());
  run.finish();
  return run.cluster?.invocations ?? [];
}

/** The outcome of a run. */
export function outcomeOf(run: KernelRun): Outcome {
  const outputs = run.outputs.map(({ on, run: line, status, stdout }) => ({
    on,
    run: line,
    status,
    stdout,
  }));
  return { capture: readCapture(run.capture), outputs };
}

/**
 * Does `work` for each of `items`, as many at a time as there are processors, and tells each piece
 * of work which processor is its own. Results are in the order of the items.
 */
export async function onEachCpu<T, R>(
  items: readonly T[],
  jobs: number,
  work: (item: T, cpu: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (cpu: number): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item, cpu);
    }
  };
  const count = cpus().length;
  await Promise.all(Array.from({ length: jobs }, (_, number) => worker(number % count)));
  return results;
}
