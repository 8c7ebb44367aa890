/** What a relay of the userspace proxy works with, whichever protocol it speaks. */
import type { Program } from "../../sim/process.ts";
import type { Transports } from "../../transport/stack.ts";
import type { Backends } from "../proxy/node.ts";
import type { RelayCounters } from "./relay-counters.ts";

/** Starts a program of kube-proxy's: a goroutine. */
export type Spawn = (name: string, program: Program<number>) => void;

/** The same for all clients of a port; everything is borrowed. */
export interface RelayContext {
  readonly stack: Transports;
  /** Says for each client which endpoint to dial. */
  readonly backends: Backends;
  readonly spawn: Spawn;
  readonly counters: RelayCounters;
}
