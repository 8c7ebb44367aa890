/**
 * One start of a container, from CreateContainer to the end of its program, as the runtime keeps it.
 *
 * Spec: CRI v1 (ContainerStatus); containerd.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import type { Ns } from "../../base/units.ts";
import { SIGTERM } from "../../shell/process-table.ts";
import { type Process, type Program, WaitQueue } from "../../sim/process.ts";
import type { Container as ContainerSpec } from "../api/types.ts";
import type { TerminationSignal } from "../images/container.ts";
import type { ContainerHost } from "./container-host.ts";
import { ContainerLog } from "./container-log.ts";

const SIGKILL = 9;
/** MaxContainerTerminationMessageLength, in bytes. */
const MESSAGE_LENGTH = 4096;
/** MaxContainerTerminationMessageLogLength and -LogLines. */
const FALLBACK_LENGTH = 2048;
const FALLBACK_LINES = 80;

/** What a container does. */
export type RunState = "created" | "running" | "exited";

/** SIGTERM as a program sees it. */
class Termination implements TerminationSignal {
  raised = false;
  readonly waitQueue = new WaitQueue();
}

/** One life of a container, from its start to its end. */
export class ContainerRun {
  readonly spec: ContainerSpec;
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** How often the container had been started before. */
  readonly attempt: number;
  readonly host: ContainerHost;
  readonly termination = new Termination();
  state: RunState = "created";
  startedAt: Ns = 0;
  finishedAt: Ns = 0;
  exitCode = 0;
  /** All that it has printed. */
  readonly log = new ContainerLog();
  /** What its program found in its environment. */
  readonly env: ReadonlyMap<string, string>;
  #process: Process | null = null;
  #exited: () => void = () => {};

  constructor(
    spec: ContainerSpec,
    id: string,
    attempt: number,
    host: ContainerHost,
    env: ReadonlyMap<string, string>,
  ) {
    this.spec = spec;
    this.id = id;
    this.attempt = attempt;
    this.host = host;
    this.env = env;
  }

  /**
   * What it left in the file for it, or at the end of its log if it failed and the container says
   * so; "" for nothing (kuberuntime, getTerminationMessage).
   */
  get lastWords(): string {
    const { terminationMessagePath: path = "/dev/termination-log" } = this.spec;
    const bytes = this.host.files.read(path);
    if (bytes !== null && bytes.length > 0) return fromUtf8(bytes.subarray(0, MESSAGE_LENGTH));
    const isFallback = this.spec.terminationMessagePolicy === "FallbackToLogsOnError";
    if (!isFallback || this.exitCode === 0) return "";
    const lines = this.log.lines().slice(-FALLBACK_LINES);
    return lines
      .map(({ text }) => text)
      .join("")
      .slice(-FALLBACK_LENGTH);
  }

  /** Keeps what the program prints. */
  print(text: string): void {
    this.log.add(this.host.processes.cpu.now, text);
  }

  /**
   * Starts the program, which `ps` shows as `title`; `exited` is called when it has ended, whatever
   * the cause.
   */
  start(program: Program<number>, title: string, exited: () => void): void {
    const { processes } = this.host;
    // PID 1 is not killed from inside of its namespace; SIGTERM comes if it has a handler.
    processes.init = {
      signal: (number) => {
        if (number === SIGTERM) this.terminate();
      },
    };
    this.state = "running";
    this.startedAt = processes.cpu.now;
    this.#exited = exited;
    this.#process = processes.spawn(title, this.#main(program));
  }

  /** Sends SIGTERM; what comes of it is up to the program. */
  terminate(): void {
    if (this.state !== "running" || this.termination.raised) return;
    this.termination.raised = true;
    this.termination.waitQueue.wake();
  }

  /** Ends all its processes at once. */
  kill(): void {
    this.#process?.kill(SIGKILL);
    this.#end(128 + SIGKILL);
  }

  *#main(program: Program<number>): Program<number> {
    const status = yield* program;
    this.#end(status);
    return status;
  }

  #end(status: number): void {
    if (this.state !== "running") return;
    this.state = "exited";
    this.exitCode = status;
    const { processes } = this.host;
    this.finishedAt = processes.cpu.now;
    // With its first process a container's PID namespace ends.
    for (const process of processes.running()) {
      if (process !== this.#process) process.kill(SIGKILL);
    }
    this.#exited();
  }
}
