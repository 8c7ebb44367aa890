/** A lab after it was read and checked: the values that a run is made of. */
import type { Ns } from "../base/units.ts";
import { type CpuCosts, DEFAULT_COSTS } from "../sim/cpu.ts";
import type { Cluster } from "./schema/cluster.ts";
import type { Expectation } from "./schema/expect.ts";
import type { Located } from "./schema/kind.ts";
import type { BackgroundProgram, Step } from "./schema/step.ts";
import type { Topology } from "./schema/topology.ts";
import type { DeviceName } from "./schema/values.ts";
import type { VerifySettings } from "./schema/verify.ts";

/** 2026-01-01T00:00:00Z, the wall-clock time at which a run starts unless the lab says another. */
export const DEFAULT_EPOCH_SECONDS = 1_767_225_600;

/** What the emulated machine needs for its work. */
export interface LabCosts extends CpuCosts {
  /** From a command's end to the first instruction of the next: fork, exec, libraries. */
  readonly startNs: Ns;
}

export const DEFAULT_LAB_COSTS: LabCosts = { ...DEFAULT_COSTS, startNs: 10_000_000 };

/** Which devices are captured. */
export interface CaptureSettings {
  /** `all`: each device but the loopbacks, those that appear later included. */
  readonly devices: "all" | "none" | readonly Located<DeviceName>[];
  /** Bytes kept of a frame. */
  readonly snapLength: number;
}

/** When what is not a step happens. */
export interface LabTiming {
  /** From the end of the setup to the start of captures: what a new network says is over. */
  readonly settleNs: Ns;
  /** From the start of the processes to the first step. */
  readonly readyNs: Ns;
  /** From the last expectation to the end of captures. */
  readonly lingerNs: Ns;
}

/** A lab, checked. */
export interface Lab {
  /** The file it was read from, as errors name it. */
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  /** Wall-clock time of the start, in whole seconds since 1970. */
  readonly epochSeconds: number;
  readonly costs: LabCosts;
  readonly timing: LabTiming;
  /** The whole network: that of the cluster included. */
  readonly topology: Topology | null;
  /** What kube-proxy works with; its hosts are in the topology. */
  readonly cluster: Cluster | null;
  readonly processes: readonly BackgroundProgram[];
  readonly steps: readonly Step[];
  readonly expectations: readonly Expectation[];
  readonly capture: CaptureSettings;
  readonly verify: VerifySettings;
}
