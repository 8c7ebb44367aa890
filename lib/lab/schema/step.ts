/**
 * What a lab's timeline may consist of: commands, pauses, links that go down, objects that come and
 * go. How each is written in YAML is in steps.ts.
 */
import type { Place } from "../../base/errors.ts";
import type { Ns } from "../../base/units.ts";
import type { Located } from "./kind.ts";
import type { DeviceName } from "./values.ts";

/** What a command must print and how it must end. */
export interface OutputCheck {
  /** The whole of standard output; a line end at the end does not matter. */
  readonly prints: string | null;
  /** A part of standard output. */
  readonly contains: string | null;
  /** A regular expression with the flags m and u, found in standard output. */
  readonly matches: string | null;
  /** The exit status. */
  readonly exit: number | null;
}

/** A command on a node. */
export interface RunStep {
  readonly kind: "run";
  readonly on: Located<string>;
  readonly command: Located<string>;
  readonly stdin: string | null;
  /** It goes on while the next steps happen. */
  readonly background: boolean;
  /** By which `kill` finds it, and the report calls it. */
  readonly name: string | null;
  /** How long it may take before it is ended with status 124, as timeout(1) does. */
  readonly timeoutNs: Ns;
  readonly check: OutputCheck;
  readonly place: Place;
}

/** Time passes. */
export interface WaitStep {
  readonly kind: "wait";
  readonly durationNs: Ns;
  readonly place: Place;
}

/** A device goes down or up, as `ip link set` does it. */
export interface LinkStep {
  readonly kind: "link";
  readonly up: boolean;
  readonly device: Located<DeviceName>;
  readonly place: Place;
}

/** A program that was started under a name gets a signal. */
export interface KillStep {
  readonly kind: "kill";
  readonly process: Located<string>;
  readonly signal: number;
  readonly place: Place;
}

/** Commands that start at once; the step ends with the last of them. */
export interface ParallelStep {
  readonly kind: "parallel";
  readonly commands: readonly RunStep[];
  readonly place: Place;
}

/** Objects of the cluster change, as `kubectl apply -f` and `kubectl delete -f` change them. */
export interface ObjectsStep {
  readonly kind: "apply" | "delete";
  /** A file beside the lab: what is added or replaced, or what goes; or one object's kind/name. */
  readonly file: Located<string>;
  readonly place: Place;
}

/** Containers of a Pod or of a workload's first Pod die at once, or a node loses its power. */
export interface CrashStep {
  readonly kind: "crash";
  /** `pod/web-0`, `deployment/web`, `node/node2`. */
  readonly target: Located<string>;
  readonly place: Place;
}

/** One step of a lab. */
export type Step =
  | RunStep
  | WaitStep
  | LinkStep
  | KillStep
  | ParallelStep
  | ObjectsStep
  | CrashStep;

/** The host by which steps name the place where kubectl runs. */
export const KUBECTL_HOST = "kubectl";

/** A program that runs beside all steps. */
export interface BackgroundProgram {
  readonly name: Located<string>;
  readonly on: Located<string>;
  readonly command: Located<string>;
  readonly stdin: string | null;
}
