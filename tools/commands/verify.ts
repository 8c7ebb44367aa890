/** `vethwork verify`: the same lab on the real kernel and on the emulator, compared. */
import { type Command, Option } from "commander";
import { VethworkError } from "../../lib/base/errors.ts";
import { wholeNumber } from "../arguments.ts";
import { obstacle } from "../kernel/plan.ts";
import { type KernelRun, kernelUnavailable } from "../kernel/run.ts";
import { labFile, labName, recordedLabs } from "../shipped-labs.ts";
import { onEachCpu, runLabOnKernel } from "../verify/kernel.ts";
import { writeRecordings } from "../verify/recordings.ts";
import { judgeLive, judgeRecorded, readLab, type Verdict } from "../verify/verdict.ts";

/** A lab is different. */
const FAILED = 1;

interface VerifyFlags {
  readonly all?: boolean;
  readonly record?: boolean;
  readonly recorded?: boolean;
  readonly runs: number;
  readonly jobs: number;
  readonly json?: boolean;
}

/** Registers the command. */
export function addVerifyCommand(program: Command): void {
  program
    .command("verify")
    .description("run labs on the real kernel as well, and compare what both do")
    .argument("[labs...]", "lab files, or folders with a lab.yaml")
    .option("--all", "all labs that come with vethwork and can run on the kernel")
    .option("--recorded", "compare with recordings of the kernel, without root")
    .addOption(
      new Option("--record", "record the kernel's outcomes beside the labs").conflicts([
        "recorded",
        "json",
      ]),
    )
    .option("--runs <number>", "how many runs are recorded", wholeNumber(1), 10)
    .option("--jobs <number>", "how many labs run on the kernel at a time", wholeNumber(1), 4)
    .option("--json", "print the verdicts as JSON")
    .addHelpText(
      "after",
      "\nExit status: 0 all labs are equal, 1 one is different, 2 bad input or no kernel to run on.",
    )
    .action(verify);
}

async function verify(labs: readonly string[], flags: VerifyFlags): Promise<void> {
  if ((labs.length === 0) === (flags.all !== true)) {
    const wrong = labs.length === 0 ? "no lab is named" : "--all leaves no labs to be named";
    throw new VethworkError("VW_USAGE", wrong, "vethwork verify LAB…, or --all");
  }
  const unavailable = flags.recorded === true ? null : kernelUnavailable();
  if (unavailable !== null) throw new VethworkError("VW_KERNEL", unavailable);
  const files = flags.all === true ? recordedLabs() : labs.map(labFile);
  if (flags.record === true) {
    await record(files, flags);
    return;
  }
  const judge = async (file: string, cpu: number): Promise<Verdict> =>
    flags.recorded === true ? judgeRecorded(file) : await judgeLive(file, cpu);
  const verdicts = await onEachCpu(files, flags.recorded === true ? 1 : flags.jobs, (file, cpu) =>
    flags.all === true ? orRefused(file, judge(file, cpu)) : judge(file, cpu),
  );
  if (verdicts.some(({ verdict }) => verdict === "different")) process.exitCode = FAILED;
  process.stdout.write(
    flags.json === true ? `${JSON.stringify(verdicts, null, 2)}\n` : asText(verdicts),
  );
}

/** Among many labs, one that cannot be run counts as different. */
async function orRefused(lab: string, verdict: Promise<Verdict>): Promise<Verdict> {
  try {
    return await verdict;
  } catch (error) {
    if (!(error instanceof VethworkError)) throw error;
    return { lab, verdict: "different", why: error.message, share: 0, runs: 0 };
  }
}

async function record(files: readonly string[], { runs, jobs }: VerifyFlags): Promise<void> {
  const labs = files
    .map((file) => ({ file, lab: readLab(file), done: [] as KernelRun[] }))
    .filter(({ lab }) => obstacle(lab) === null);
  const work = labs.flatMap((lab) => Array.from({ length: runs }, () => lab));
  await onEachCpu(work, jobs, async ({ file, lab, done }, cpu) => {
    done.push(await runLabOnKernel(file, lab, cpu));
    if (done.length < runs) return;
    const { outcomes } = writeRecordings(file, lab, done);
    const counts = outcomes.map(({ count }) => count).join(" + ");
    process.stdout.write(`${labName(file)}: ${counts === "" ? `totals of ${runs}` : counts}\n`);
  });
}

function asText(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ lab, verdict, why, share, runs }) => {
    const detail =
      verdict === "equal" ? `as ${share} of ${runs}` : verdict === "totals" ? "by totals" : why;
    return `${verdict === "different" ? "DIFFERENT" : "equal"} ${labName(lab)}: ${detail}`;
  });
  const compared = verdicts.filter(({ verdict }) => verdict !== "emulator-only");
  const equal = compared.filter(({ verdict }) => verdict !== "different").length;
  const byTotals = compared.filter(({ verdict }) => verdict === "totals").length;
  const apart = byTotals === 0 ? "" : `, ${byTotals} of them by totals`;
  return `${lines.join("\n")}\n${equal} of ${compared.length} labs equal${apart}\n`;
}
