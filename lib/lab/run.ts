/**
 * A lab's run, from text to artefacts: a pure function of the lab, the files beside it and the
 * seed. `LabRun` goes through it step by step; `runLab` does all of it.
 */
import { VethworkError } from "../base/errors.ts";
import { timeline } from "../capture/timeline.ts";
import { ArtefactStore, type OpenSink } from "./artefact-store.ts";
import { askHosts, MERGED_DUMP, REPORT_JSON, REPORT_TEXT } from "./artefacts.ts";
import { Machine } from "./build.ts";
import { CaptureSet } from "./captures.ts";
import { checkCommands } from "./check.ts";
import { Clock, type Progress } from "./clock.ts";
import { ControlPlaneRun } from "./cluster/control-plane/run.ts";
import { ClusterRun } from "./cluster/run.ts";
import { collectReport } from "./collect.ts";
import { checkFilter } from "./frame-expectations.ts";
import type { Lab } from "./lab.ts";
import { type Report, reportAsJson, reportAsText } from "./report.ts";
import { parseLab } from "./schema.ts";
import { devicesToCapture, isCaptured } from "./selection.ts";
import { checkRuleFiles, type LoadedFile, loadFiles, type ReadFile, setUp } from "./setup.ts";
import { Timeline } from "./steps.ts";

/** How a lab is run. */
export interface RunOptions {
  /** Name of the lab's file in errors and in the report. */
  readonly file?: string;
  /** Instead of the lab's own seed. */
  readonly seed?: number;
  /** Reads files beside the lab; without it the lab can name none. */
  readonly readFile?: ReadFile;
  /**
   * Where each artefact goes, by its name; null for one that nobody wants. Without it all of them
   * are kept in memory and found in the result.
   */
  readonly sink?: OpenSink;
  readonly progress?: Progress;
  /** Overwrites released frames, so that use after release shows; for specs. */
  readonly poison?: boolean;
}

/** What a run gave. */
export interface RunResult {
  readonly report: Report;
  readonly passed: boolean;
  /** By name: `merged.pcapng`, `h1-eth0.pcap`, `report.txt`; empty if there was a sink for them. */
  readonly artefacts: ReadonlyMap<string, Uint8Array>;
  /** One more draw of each random stream, which tells two runs apart early. */
  readonly finalDraws: ReadonlyMap<string, number>;
}

/** More frames than this are not dumped as text: `vethwork show` does it when asked. */
const MAX_DUMPED_FRAMES = 20_000;

/** Runs a lab. Throws `VethworkError` for bad input, before anything else happens if possible. */
export function runLab(text: string, options: RunOptions = {}): RunResult {
  const run = new LabRun(text, options);
  try {
    run.setUp();
    while (run.nextStep());
    return run.finish();
  } catch (error) {
    throw error instanceof VethworkError ? error : run.broken(error);
  }
}

/** A lab that is run step by step. */
export class LabRun {
  readonly lab: Lab;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly captures: CaptureSet;
  /** Null if the lab has no cluster, or one with a control plane. */
  readonly cluster: ClusterRun | null;
  /** Null if the lab has none. */
  readonly controlPlane: ControlPlaneRun | null;
  readonly #timeline: Timeline;
  readonly #files: readonly LoadedFile[];
  readonly #artefacts: ArtefactStore;
  #nextStep = 0;

  /** Reads and checks the lab; nothing has happened yet. */
  constructor(text: string, options: RunOptions = {}) {
    this.lab = parseLab(text, options.file ?? "lab.yaml");
    const { lab } = this;
    const readFile = options.readFile ?? (() => null);
    const { cluster } = lab;
    const settings = cluster?.controlPlane ?? null;
    const isStatic = cluster !== null && settings === null;
    this.cluster = isStatic ? new ClusterRun(lab, cluster, readFile) : null;
    this.controlPlane =
      cluster === null || settings === null
        ? null
        : new ControlPlaneRun(lab, cluster, settings, readFile);
    for (const one of lab.expectations) if (one.kind === "frames") checkFilter(one);
    this.#files = lab.topology === null ? [] : loadFiles(lab.file, lab.topology, readFile);
    const { epochSeconds, costs } = lab;
    const seed = options.seed ?? lab.seed;
    const machineOptions = { seed, epochSeconds, costs, poison: options.poison === true };
    if (lab.topology !== null) {
      checkRuleFiles(lab.topology, this.#files, new Machine(machineOptions).addHost("spare"));
    }
    checkCommands(lab);
    this.machine = new Machine(machineOptions);
    this.clock = new Clock(this.machine, options.progress ?? null);
    this.#artefacts = new ArtefactStore(lab, options.sink ?? null);
    this.captures = new CaptureSet(this.#artefacts.captureSinks, {
      epochSeconds,
      snapLength: lab.capture.snapLength,
      wants: (host, device) => isCaptured(lab.capture, host, device),
    });
    this.#timeline = new Timeline(this.machine, this.clock, this.cluster, this.controlPlane);
  }

  /** Builds the network, begins the captures, and starts the processes. */
  setUp(): void {
    const { lab, clock, machine } = this;
    if (lab.topology !== null) setUp(machine, clock, lab.topology, this.#files);
    this.cluster?.start(machine);
    if (this.controlPlane !== null) this.#startControlPlane(this.controlPlane);
    clock.wait(lab.timing.settleNs);
    this.#beginCaptures();
    for (const program of lab.processes) this.#timeline.startProgram(program);
    clock.wait(lab.timing.readyNs);
  }

  /** Carries out the next step; false if there is none. */
  nextStep(): boolean {
    const step = this.lab.steps[this.#nextStep];
    if (step === undefined) return false;
    this.#nextStep += 1;
    this.#timeline.carryOut(step);
    return true;
  }

  /** Runs what is expected, ends the captures and collects everything. */
  finish(): RunResult {
    const { lab, clock, machine } = this;
    const stepCount = this.#timeline.reports.length;
    for (const one of lab.expectations) {
      if (one.kind === "command") this.#timeline.carryOut(one.step);
    }
    clock.wait(lab.timing.lingerNs);
    const durationNs = clock.now;
    this.captures.finish();
    const capture = this.#artefacts.mergedCapture();
    const { reports } = this.#timeline;
    const report = collectReport(lab, machine, {
      durationNs,
      steps: reports.slice(0, stepCount),
      expected: reports.slice(stepCount),
      interfaces: this.captures.totals,
      capture,
      relays: (this.cluster ?? this.controlPlane)?.relays() ?? [],
      notes: this.controlPlane?.notes ?? [],
    });
    const texts = askHosts(machine.hosts, clock);
    for (const [name, text] of (this.cluster ?? this.controlPlane)?.texts() ?? []) {
      texts.set(name, text);
    }
    if (capture !== null && capture.frames.length <= MAX_DUMPED_FRAMES) {
      texts.set(MERGED_DUMP, timeline(capture));
    }
    texts.set(REPORT_TEXT, reportAsText(report));
    texts.set(REPORT_JSON, reportAsJson(report));
    for (const [name, content] of texts) this.#artefacts.write(name, content);
    return {
      report,
      passed: report.passed,
      artefacts: this.#artefacts.inMemory(),
      finalDraws: machine.random.finalDraws(),
    };
  }

  /** An error of vethwork itself, with what is needed to get there again. */
  broken(cause: unknown): Error {
    const { random, scheduler } = this.machine;
    const message = cause instanceof Error ? cause.message : String(cause);
    const where = `${this.lab.file}, seed ${random.seed}, event ${scheduler.fired}, ${scheduler.now} ns`;
    return new Error(`${message} (${where})`, { cause });
  }

  #startControlPlane(controlPlane: ControlPlaneRun): void {
    controlPlane.start(this.machine, this.clock);
    controlPlane.awaitNodes();
    for (const step of controlPlane.firstSteps()) this.#timeline.carryOut(step);
    controlPlane.awaitStart();
  }

  #beginCaptures(): void {
    const { machine, captures, lab } = this;
    const podsMayCome = this.controlPlane !== null;
    for (const [host, device] of devicesToCapture(lab.capture, machine, podsMayCome)) {
      captures.attach(host.name, device);
    }
    machine.listeners.push({
      deviceAdded: (host, device) => captures.attach(host.name, device),
      deviceRemoved: (_host, device) => captures.detach(device),
    });
  }
}
