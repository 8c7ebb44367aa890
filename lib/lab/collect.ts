/** Makes the report of a run out of what its parts remember. */
import type { Ns } from "../base/units.ts";
import type { Capture } from "../capture/capture.ts";
import type { Machine } from "./build.ts";
import type { InterfaceTotals } from "./captures.ts";
import type { RunningCommand } from "./command.ts";
import { checkFrames } from "./frame-expectations.ts";
import type { Lab } from "./lab.ts";
import type {
  CommandReport,
  DropReport,
  EventReport,
  ExpectationReport,
  RelayReport,
  Report,
} from "./report.ts";
import type { OutputCheck } from "./schema/step.ts";
import { problemsOf, type StepReport } from "./steps.ts";

/** What a run has gathered. */
export interface Gathered {
  readonly durationNs: Ns;
  /** Processes and steps. */
  readonly steps: readonly StepReport[];
  /** Commands that are expectations, in their order. */
  readonly expected: readonly StepReport[];
  readonly interfaces: readonly InterfaceTotals[];
  /** The merged capture; null if the lab expects nothing of it. */
  readonly capture: Capture | null;
  readonly relays: readonly RelayReport[];
  /** What the reader should know of the cluster. */
  readonly notes: readonly string[];
}

/** The report. Throws `VW_LAB` for an expectation on an interface that was never captured. */
export function collectReport(lab: Lab, machine: Machine, gathered: Gathered): Report {
  const expectations = [
    ...gathered.steps.filter(isChecked).map(commandExpectation),
    ...expectationReports(lab, gathered),
  ];
  return {
    lab: lab.name,
    description: lab.description.trim(),
    seed: machine.random.seed,
    passed: expectations.every(({ problem }) => problem === ""),
    durationNs: gathered.durationNs,
    events: machine.scheduler.fired,
    steps: [...gathered.steps, ...gathered.expected].map(eventReport),
    expectations,
    interfaces: gathered.interfaces,
    drops: dropReports(machine),
    relays: gathered.relays,
    notes: gathered.notes,
  };
}

function expectationReports(lab: Lab, { expected, capture }: Gathered): ExpectationReport[] {
  let nextCommand = 0;
  return lab.expectations.flatMap((one) => {
    if (one.kind === "frames") {
      return capture === null ? [] : [checkFrames(one, capture)];
    }
    const step = expected[nextCommand];
    nextCommand += 1;
    return step === undefined ? [] : [commandExpectation(step)];
  });
}

function isChecked({ check, problem }: StepReport): boolean {
  return problem !== "" || Object.values(check).some((value) => value !== null);
}

function commandExpectation(step: StepReport): ExpectationReport {
  const where = step.on === "" ? "" : `${step.on}$ `;
  const what = `${where}${step.what}: ${checkInWords(step.check)}`;
  return { what, problem: problemsOf(step).join("; ") };
}

function checkInWords({ prints, contains, matches, exit }: OutputCheck): string {
  const words: string[] = [];
  if (prints !== null) words.push(`prints ${JSON.stringify(prints)}`);
  if (contains !== null) words.push(`prints something with ${JSON.stringify(contains)}`);
  if (matches !== null) words.push(`prints what matches /${matches}/`);
  if (exit !== null) words.push(`ends with status ${exit}`);
  return words.join(", ");
}

function eventReport(step: StepReport): EventReport {
  const { kind, what, on, name, startedAt, command } = step;
  const isCommand = kind !== "act" && command !== null;
  return {
    what: kind === "act" && on !== "" ? `${on}: ${what}` : what,
    startedAtNs: startedAt,
    command: isCommand ? commandReport(command, on, name) : null,
  };
}

function commandReport(command: RunningCommand, on: string, name: string): CommandReport {
  return {
    on,
    run: command.line,
    name,
    startedAtNs: command.startedAt,
    endedAtNs: command.endedAt,
    status: command.status,
    stdout: command.stdout,
    stderr: command.stderr,
  };
}

function dropReports(machine: Machine): DropReport[] {
  const places = [
    ...machine.hosts.map((host) => ({ where: `on ${host.name}`, drops: host.namespace.drops })),
    ...machine.goneDrops.map(({ name, drops }) => ({ where: `on ${name}`, drops })),
    { where: "between hosts", drops: machine.lineDrops },
  ];
  return places.flatMap(({ where, drops }) => {
    const reasons = drops.entries().map(([reason, frames]) => ({ reason, frames }));
    return reasons.length === 0 ? [] : [{ where, reasons }];
  });
}
