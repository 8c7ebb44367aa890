/** What happened in a run: as plain words for people, and as JSON for programs. */
import type { Ns } from "../base/units.ts";
import type { InterfaceTotals } from "./captures.ts";

/** What a command of a run did. */
export interface CommandReport {
  /** The host. */
  readonly on: string;
  /** The command line. */
  readonly run: string;
  /** The step's name, or "". */
  readonly name: string;
  readonly startedAtNs: Ns;
  /** -1 if it never ended. */
  readonly endedAtNs: Ns;
  /** null if it never ended. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One thing that happened: a command, or something without output such as a pause. */
export interface EventReport {
  readonly what: string;
  readonly startedAtNs: Ns;
  readonly command: CommandReport | null;
}

/** One expectation, and what is wrong: nothing, or one line with its place in the lab. */
export interface ExpectationReport {
  readonly what: string;
  readonly problem: string;
}

/** Frames that were lost on one host, or between hosts. */
export interface DropReport {
  readonly where: string;
  readonly reasons: readonly { readonly reason: string; readonly frames: number }[];
}

/** What a kube-proxy that carries connections itself has done: see `RelayCounters`. */
export interface RelayReport {
  readonly node: string;
  readonly clients: number;
  readonly dials: number;
  readonly failedDials: number;
  readonly systemCalls: number;
  readonly relayedBytes: number;
  readonly copiedBytes: number;
}

/** A whole run. */
export interface Report {
  readonly lab: string;
  readonly description: string;
  readonly seed: number;
  readonly passed: boolean;
  /** Virtual time from start to end. */
  readonly durationNs: Ns;
  /** How many events of the scheduler fired. */
  readonly events: number;
  readonly steps: readonly EventReport[];
  readonly expectations: readonly ExpectationReport[];
  readonly interfaces: readonly InterfaceTotals[];
  readonly drops: readonly DropReport[];
  /** In userspace mode, one for each node. */
  readonly relays: readonly RelayReport[];
  /** What is legal in the lab and leads nowhere, with its place. */
  readonly notes: readonly string[];
}

/** The report as JSON text, keys in a fixed order. */
export function reportAsJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** The report as the story of the run. */
export function reportAsText(report: Report): string {
  const lines = [`${report.lab}${report.description === "" ? "" : `: ${report.description}`}`, ""];
  for (const step of report.steps) lines.push(...stepLines(step));
  if (report.notes.length > 0) {
    lines.push("", "notes:", ...report.notes.map((note) => `  ${note}`));
  }
  lines.push("", ...interfaceLines(report.interfaces), "", ...dropLines(report.drops));
  if (report.relays.length > 0) lines.push("", ...report.relays.map(relayLine));
  if (report.expectations.length > 0) {
    lines.push("", "expected:");
    for (const { what, problem } of report.expectations) {
      lines.push(problem === "" ? `  ok      ${what}` : `  FAILED  ${problem}`);
    }
  }
  const verdict = report.passed ? "passed" : "FAILED";
  lines.push(
    "",
    `${verdict}: seed ${report.seed}, ${seconds(report.durationNs)} s of virtual time, ${report.events} events`,
  );
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** Seconds with microseconds, as in captures. */
export function seconds(ns: Ns): string {
  const micros = Math.floor(ns / 1000);
  return `${Math.floor(micros / 1_000_000)}.${`${micros % 1_000_000}`.padStart(6, "0")}`;
}

function stepLines({ what, startedAtNs, command }: EventReport): string[] {
  const time = seconds(startedAtNs).padStart(12);
  if (command === null) return [`${time}  ${what}`];
  const [line = "", ...more] = command.run.split("\n");
  const lines = [`${time}  ${command.on}$ ${line}`, ...more.map((each) => indent(`> ${each}`))];
  lines.push(...outputLines(command.stdout), ...outputLines(command.stderr));
  if (command.status === null) lines.push(indent("(still runs at the end)"));
  else if (command.status !== 0) lines.push(indent(`(exit status ${command.status})`));
  return lines;
}

function outputLines(text: string): string[] {
  if (text === "") return [];
  const whole = text.endsWith("\n") ? text.slice(0, -1) : text;
  return whole.split("\n").map(indent);
}

function indent(line: string): string {
  return `${" ".repeat(14)}${line}`;
}

function interfaceLines(interfaces: readonly InterfaceTotals[]): string[] {
  if (interfaces.length === 0) return ["no captures"];
  const width = Math.max(...interfaces.map(({ name }) => name.length));
  return [
    "captured:",
    ...interfaces.map(({ name, file, frames, bytes }) => {
      const counts = `${`${frames}`.padStart(8)} frames ${`${bytes}`.padStart(10)} bytes`;
      return `  ${name.padEnd(width)} ${counts}${file === "" ? "" : `  ${file}`}`;
    }),
  ];
}

/** What userspace mode has cost a node, in one line. */
export function relayLine(relay: RelayReport): string {
  const { node, clients, dials, failedDials, systemCalls, relayedBytes, copiedBytes } = relay;
  return (
    `kube-proxy ${node}: clients ${clients}, dials ${dials} (${failedDials} failed), ` +
    `system calls ${systemCalls}, bytes relayed ${relayedBytes}, bytes copied ${copiedBytes}`
  );
}

function dropLines(drops: readonly DropReport[]): string[] {
  if (drops.length === 0) return ["no frame was lost"];
  return drops.map(({ where, reasons }) => {
    const counted = reasons.map(({ reason, frames }) => `${frames} ${reason}`);
    return `lost ${where}: ${counted.join(", ")}`;
  });
}
