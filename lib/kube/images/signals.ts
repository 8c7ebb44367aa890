/**
 * What SIGTERM does to programs. A container's first process is PID 1 of its namespace: a signal
 * without a handler does nothing to it.
 *
 * | program                         | at SIGTERM (or the image's STOPSIGNAL)             | status |
 * | ------------------------------- | -------------------------------------------------- | ------ |
 * | nginx (SIGQUIT)                 | no new connections, idle ones closed, rest served  | 0      |
 * | httpd (SIGWINCH)                | the same                                           | 0      |
 * | redis                           | ends at once                                       | 0      |
 * | Go without a handler            | the runtime's handler exits                        | 2      |
 * | agnhost netexec --delay-shutdown| goes on for so many seconds                        | 0      |
 * | agnhost serve-hostname          | goes on for 60 s                                   | 0      |
 * | agnhost pause                   | ends at once                                       | 2      |
 * | pause                           | ends at once                                       | 0      |
 * | coredns                         | goes on for `lameduck` seconds                     | 0      |
 * | ingress-nginx                   | as nginx                                           | 0      |
 * | Python, Java, Node and the rest | stands for them all: ends at once                  | 143    |
 * | sh, sleep, tail, nc, curl …     | nothing: they have no handler                      | –      |
 * | sh with `trap … TERM`           | the trap, when the command in front has ended      | –      |
 *
 * Kernel: kernel/signal.c (sig_task_ignored, SIGNAL_UNKILLABLE), 6.18; Go runtime, signal_unix.go
 * (dieFromSignal ends in exit(2) if the signal did not kill).
 */
import type { SignalSource } from "../../shell/command.ts";
import { type Program, waitFor } from "../../sim/process.ts";

/** Exit status of a Go program that was asked to end. */
export const GO_TERMINATED = 2;
/** 128 + SIGTERM. */
export const TERMINATED = 143;

/** Waits for the signal; for ever if nobody can send it. */
export function* untilSignal(signal: SignalSource | null): Program<void> {
  while (signal === null || !signal.raised) {
    yield waitFor(signal === null ? [] : [signal.waitQueue]);
  }
}

/** Waits for the signal and ends with that status. */
export function* endAtSignal(signal: SignalSource | null, status: number): Program<number> {
  yield* untilSignal(signal);
  return status;
}
