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

/** The signals that people send, by name. Kernel: arch/x86/include/uapi/asm/signal.h, 6.18. */
export const SIGNALS: ReadonlyMap<string, number> = new Map([
  ["HUP", 1],
  ["INT", 2],
  ["QUIT", 3],
  ["KILL", 9],
  ["USR1", 10],
  ["USR2", 12],
  ["TERM", SIGTERM],
]);

/** What a first process that is PID 1 of its namespace makes of signals, as its own kernel sees it. */
export interface InitProcess {
  /** A signal from inside of the namespace. */
  signal(number: number): void;
}

/** Starts programs and remembers them. */
export class ProcessTable {
  readonly cpu: Cpu;
  readonly #machine: ProcessTable | null;
  #nextPid: number;
  /** Who PID 1 is in a namespace of its own; null on a machine. */
  init: InitProcess | null = null;
  readonly #running = new Map<number, Process>();

  /**
   * The table of a machine, or of a host on it, whose numbers are the machine's; a PID namespace
   * has its own ones and begins with `firstPid` 1.
   */
  constructor(cpu: Cpu, machine: ProcessTable | null = null, firstPid = FIRST_PID) {
    this.cpu = cpu;
    this.#machine = machine;
    this.#nextPid = firstPid;
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
