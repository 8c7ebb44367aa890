/** A command that runs on a host, and what it has printed. */

import { utf8 } from "../base/bytes.ts";
import type { Ns } from "../base/units.ts";
import type { CommandIo, ShellHost } from "../shell/host.ts";
import { SIGTERM } from "../shell/process-table.ts";
import { LAB_SURROUNDINGS, runCommand, type ShellSurroundings } from "../shell/shell.ts";
import { type Process, type Program, sleep } from "../sim/process.ts";
import { DEFAULT_LAB_COSTS } from "./lab.ts";

/** Exit status of a command that was ended because it took too long, as timeout(1) has it. */
const TIMED_OUT = 124;
const SIGKILL = 9;

/** What a command did. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 0 good; 124 after a timeout, 128 + signal after a signal. */
  readonly status: number;
}

/** How a command is started. */
export interface CommandSettings {
  /** What it reads from standard input; null: nothing is connected to it. */
  readonly stdin?: string | null;
  /** Until its first instruction runs; that of labs by default. */
  readonly startNs?: Ns;
  /** The commands and variables that it finds; those of a lab's hosts by default. */
  readonly surroundings?: ShellSurroundings;
}

/** A command line that was started on a host. */
export class RunningCommand {
  readonly host: ShellHost;
  readonly line: string;
  readonly startedAt: Ns;
  /** When it ended, or -1 while it runs. */
  endedAt: Ns = -1;
  /** Whether it was ended because it took too long. */
  timedOut = false;
  readonly #process: Process;
  #stdout = "";
  #stderr = "";

  /** Starts it. Throws `VW_COMMAND` at once if the line is not one. */
  constructor(host: ShellHost, line: string, settings: CommandSettings = {}) {
    const { stdin = null, surroundings = LAB_SURROUNDINGS } = settings;
    const { startNs = DEFAULT_LAB_COSTS.startNs } = settings;
    this.host = host;
    this.line = line;
    this.startedAt = host.namespace.cpu.now;
    const io: CommandIo = {
      stdin: stdin === null ? null : utf8(stdin),
      stdout: (text) => {
        this.#stdout += text;
      },
      stderr: (text) => {
        this.#stderr += text;
      },
    };
    const program = runCommand(host, line, io, surroundings);
    this.#process = host.processes.spawn(line, this.#program(program, startNs));
  }

  /** What it has printed to standard output so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** What it has printed to standard error so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Its exit status, or null while it runs. */
  get status(): number | null {
    return this.timedOut ? TIMED_OUT : this.#process.status;
  }

  /** Sends it a signal; one that has ended is left alone. */
  kill(signal: number = SIGTERM): void {
    if (this.#process.status !== null) return;
    this.#process.kill(signal);
    this.endedAt = this.host.namespace.cpu.now;
  }

  /** Ends it because it took too long. */
  timeOut(): void {
    if (this.#process.status !== null) return;
    this.kill(SIGKILL);
    this.timedOut = true;
  }

  /** What it did, if it has ended. */
  result(): CommandResult | null {
    const { status } = this;
    return status === null ? null : { stdout: this.#stdout, stderr: this.#stderr, status };
  }

  *#program(program: Program<number>, startNs: Ns): Program<number> {
    yield sleep(startNs);
    try {
      return yield* program;
    } finally {
      this.endedAt = this.host.namespace.cpu.now;
    }
  }
}
