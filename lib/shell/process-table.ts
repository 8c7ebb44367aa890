/**
 * The processes of a machine: which program has which pid. All hosts of a run may share one table,
 * as namespaces share a machine; pids then say in which order programs were started.
 *
 * Kernel: kernel/pid.c (alloc_pid: pids below 300 are left to the system), 6.18.
 */
import type { Cpu } from "../sim/cpu.ts";
import { Process, type Program } from "../sim/process.ts";

/** RESERVED_PIDS: where numbering begins. */
const FIRST_PID = 300;

/** The signal that `timeout`, `kill` and the end of a pipe's reader send. */
export const SIGTERM = 15;

/** Starts programs and remembers them. */
export class ProcessTable {
  readonly cpu: Cpu;
  readonly #machine: ProcessTable | null;
  #nextPid = FIRST_PID;
  readonly #running = new Map<number, Process>();

  /** The table of a machine, or of a container on it, whose numbers are the machine's. */
  constructor(cpu: Cpu, machine: ProcessTable | null = null) {
    this.cpu = cpu;
    this.#machine = machine;
  }

  /** Starts a program, which runs one wake-up later. Takes the generator. */
  spawn(name: string, program: Program<number>): Process {
    const process = new Process(this.cpu, this.takePid(), name, program);
    for (const old of this.#running.values()) {
      if (old.status !== null) this.#running.delete(old.pid);
    }
    this.#running.set(process.pid, process);
    return process;
  }

  /** The next number that `spawn` would give, for programs that carry a pid without a process. */
  takePid(): number {
    if (this.#machine !== null) return this.#machine.takePid();
    const pid = this.#nextPid;
    this.#nextPid += 1;
    return pid;
  }

  /** A process that has not ended, or null. */
  find(pid: number): Process | null {
    const process = this.#running.get(pid);
    return process === undefined || process.status !== null ? null : process;
  }

  /** Those that have not ended, in the order in which they were started. */
  running(): Process[] {
    return [...this.#running.values()].filter((process) => process.status === null);
  }
}
