/** Carries the steps of a lab out, one after the other, and remembers what each of them did. */
import { formatPlace, type Place } from "../base/errors.ts";
import { formatDuration, NS_PER_S, type Ns } from "../base/units.ts";
import type { Machine } from "./build.ts";
import type { Awaited, Clock } from "./clock.ts";
import type { ControlPlaneRun } from "./cluster/control-plane/run.ts";
import type { ClusterRun } from "./cluster/run.ts";
import { RunningCommand } from "./command.ts";
import type {
  BackgroundProgram,
  LinkStep,
  ObjectsStep,
  OutputCheck,
  RunStep,
  Step,
} from "./schema/step.ts";

/** What one step did. */
export interface StepReport {
  /** `act`: something that is no command of the lab's own, though one may carry it out. */
  readonly kind: "program" | "command" | "act";
  /** `wait 2s`, `curl -s http://10.96.0.1/`. */
  readonly what: string;
  /** The host, or "". */
  readonly on: string;
  /** The step's or program's name, or "". */
  readonly name: string;
  readonly startedAt: Ns;
  readonly command: RunningCommand | null;
  /** What the command must have done. */
  readonly check: OutputCheck;
  /** Why it could not be carried out, or "". */
  readonly problem: string;
  readonly place: Place;
}

/** A command that was started, or why not. */
type Started = Pick<StepReport, "on" | "command" | "problem">;

const NO_CHECK: OutputCheck = { prints: null, contains: null, matches: null, exit: null };
const LINK_TIMEOUT: Ns = NS_PER_S;

/** The steps of one run. */
export class Timeline {
  readonly #machine: Machine;
  readonly #clock: Clock;
  readonly #cluster: ClusterRun | null;
  readonly #controlPlane: ControlPlaneRun | null;
  readonly #programs = new Map<string, RunningCommand>();
  readonly reports: StepReport[] = [];

  /** `cluster` and `controlPlane` are the lab's, if it has one or the other. */
  constructor(
    machine: Machine,
    clock: Clock,
    cluster: ClusterRun | null,
    controlPlane: ControlPlaneRun | null,
  ) {
    this.#machine = machine;
    this.#clock = clock;
    this.#cluster = cluster;
    this.#controlPlane = controlPlane;
  }

  /** Starts a program that runs beside the steps. */
  startProgram({ name, on, command, stdin }: BackgroundProgram): void {
    const started = this.#start(on.value, command.value, stdin);
    if (started.command !== null) this.#programs.set(name.value, started.command);
    const what = { kind: "program", what: command.value, name: name.value } as const;
    this.#report({ ...what, ...started, place: command.place });
  }

  /** Carries one step out; returns when it has ended. */
  carryOut(step: Step): void {
    const { place } = step;
    switch (step.kind) {
      case "run":
        this.#run([step]);
        break;
      case "parallel":
        this.#run(step.commands);
        break;
      case "wait":
        this.#report({ kind: "act", what: `wait ${formatDuration(step.durationNs)}`, place });
        this.#clock.wait(step.durationNs);
        break;
      case "link":
        this.#setLink(step);
        break;
      case "apply":
      case "delete":
        this.#changeObjects(step);
        break;
      case "crash": {
        const what = `kill ${step.target.value}`;
        const problem = this.#controlPlane?.crash(step.target.value) ?? "";
        this.#report({ kind: "act", what, place, problem });
        break;
      }
      case "kill":
        this.#report({ kind: "act", what: `kill -${step.signal} ${step.process.value}`, place });
        this.#programs.get(step.process.value)?.kill(step.signal);
        break;
    }
  }

  #run(steps: readonly RunStep[]): void {
    const waited: Awaited[] = [];
    for (const { on, command: line, stdin, name, background, timeoutNs, check, place } of steps) {
      const started = this.#start(on.value, line.value, stdin);
      const { command } = started;
      if (name !== null && command !== null) this.#programs.set(name, command);
      if (!background && command !== null) waited.push({ command, timeoutNs });
      const what = { kind: "command", what: line.value, name: name ?? "" } as const;
      this.#report({ ...what, ...started, check, place });
    }
    this.#clock.finish(waited);
  }

  #changeObjects(step: ObjectsStep): void {
    if (this.#controlPlane !== null) {
      this.#run([this.#controlPlane.commandOf(step)]);
      return;
    }
    const what = `${step.kind} ${step.file.value}`;
    this.#report({ kind: "act", what, place: step.place });
    this.#cluster?.carryOut(step);
  }

  #setLink({ device, up, place }: LinkStep): void {
    const line = `ip link set dev ${device.value.device} ${up ? "up" : "down"}`;
    const started = this.#start(device.value.node, line, null);
    const check = { ...NO_CHECK, exit: 0 };
    this.#report({ kind: "act", what: line, ...started, check, place });
    if (started.command === null) return;
    this.#clock.finish([{ command: started.command, timeoutNs: LINK_TIMEOUT }]);
  }

  /** Starts a command where `on` is; a cluster may have no such Pod now. */
  #start(on: string, line: string, stdin: string | null): Started {
    const { startNs } = this.#machine.costs;
    if (this.#controlPlane !== null) {
      const target = this.#controlPlane.find(on);
      if (typeof target === "string") return { on, command: null, problem: target };
      const { host, surroundings, name } = target;
      const command = new RunningCommand(host, line, { startNs, stdin, surroundings });
      return { on: name, command, problem: "" };
    }
    const host = this.#machine.find(on.replace(/^pod\//, ""));
    if (host === null) return { on, command: null, problem: `there is no host "${on}"` };
    return { on, command: new RunningCommand(host, line, { startNs, stdin }), problem: "" };
  }

  #report(report: Pick<StepReport, "kind" | "what" | "place"> & Partial<StepReport>): void {
    const startedAt = this.#clock.now;
    const absent = { on: "", name: "", command: null, check: NO_CHECK, problem: "" };
    this.reports.push({ ...absent, startedAt, ...report });
  }
}

/** What is wrong with what a command did, each as one line with the place of its step. */
export function problemsOf(step: StepReport): string[] {
  const { command, check, place, what, on } = step;
  if (step.problem !== "") return [`${formatPlace(place)}: ${what}: ${step.problem}`];
  if (command === null) return [];
  const { status, stdout } = command;
  const problems: string[] = [];
  if (check.exit !== null && status !== check.exit) {
    const did = status === null ? "still runs" : `ended with status ${status}`;
    const [said = ""] = command.stderr.trim().split("\n");
    problems.push(`${did}, not ${check.exit}${said === "" ? "" : `: ${said}`}`);
  }
  if (check.prints !== null && withoutEnd(stdout) !== withoutEnd(check.prints)) {
    problems.push(`printed ${quote(stdout)}, not ${quote(check.prints)}`);
  }
  if (check.contains !== null && !stdout.includes(check.contains)) {
    problems.push(`printed ${quote(stdout)}, without ${quote(check.contains)}`);
  }
  if (check.matches !== null && !new RegExp(check.matches, "mu").test(stdout)) {
    problems.push(`printed ${quote(stdout)}, which does not match /${check.matches}/`);
  }
  return problems.map((problem) => `${formatPlace(place)}: ${on}$ ${what}: ${problem}`);
}

function withoutEnd(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

function quote(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return JSON.stringify(shown);
}
