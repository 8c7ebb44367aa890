/** What happens in a lab, one thing after the other: commands, pauses, links that go down. */
import { type Place, VethworkError } from "../../base/errors.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import {
  byKey,
  integer,
  type Kind,
  type Located,
  list,
  located,
  mapped,
  object,
  optional,
  pattern,
  required,
  text,
  truth,
  withDefault,
  word,
} from "./kinds.ts";
import { command, type DeviceName, duration, endpoint, label } from "./values.ts";

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
  /** A file beside the lab: what is added or replaced, or what goes. */
  readonly file: Located<string>;
  readonly place: Place;
}

/** One step of a lab. */
export type Step = RunStep | WaitStep | LinkStep | KillStep | ParallelStep | ObjectsStep;

/** A program that runs beside all steps. */
export interface BackgroundProgram {
  readonly name: Located<string>;
  readonly on: Located<string>;
  readonly command: Located<string>;
  readonly stdin: string | null;
}

const SIGNALS: ReadonlyMap<string, number> = new Map([
  ["HUP", 1],
  ["INT", 2],
  ["QUIT", 3],
  ["KILL", 9],
  ["USR1", 10],
  ["USR2", 12],
  ["TERM", 15],
]);

/** The name of a node or, in a cluster, of a Pod: `h1`, `pod/client`. */
export const hostName = located(
  pattern("a node's name, or pod/NAME", /^(pod\/)?[A-Za-z0-9][A-Za-z0-9_.-]*$/),
);

const regularExpression = mapped(text("a regular expression"), (source, place) => {
  try {
    new RegExp(source, "mu");
  } catch (error) {
    throw expressionError(source, error, place);
  }
  return source;
});

/** Keys that check what a command did; an expectation without any wants exit status 0. */
export const checkFields = {
  prints: optional(text(), "all that it must print; a line end at the end does not matter"),
  contains: optional(text(), "what must be a part of what it prints"),
  matches: optional(regularExpression, "a regular expression that what it prints must match"),
  exit: optional(integer("an exit status from 0 to 255", 0, 255), "the exit status it must have"),
};

/** Keys of every command. */
export const commandFields = {
  on: required(hostName, "the host that runs it"),
  run: required(command, "the command line"),
  stdin: optional(text(), "what it reads from standard input"),
  name: optional(label, "a name for kill and for the report"),
  timeout: withDefault(duration, 300 * NS_PER_S, "it is ended after this time (300s)"),
  ...checkFields,
};

const inParallel = object("a command", commandFields);

const runStep: Kind<Step> = mapped(
  object("a command", {
    ...commandFields,
    background: withDefault(truth, false, "whether the next step begins at once"),
  }),
  (value, place) => runStepOf(value, value.background, place),
);

const waitStep: Kind<Step> = mapped(
  object("a pause", { wait: required(duration, "how long nothing new begins") }),
  (value, place) => ({ kind: "wait", durationNs: value.wait, place }),
);

const downStep: Kind<Step> = mapped(
  object("a device that goes down", { down: required(endpoint, "a device such as h1:eth0") }),
  (value, place) => ({ kind: "link", up: false, device: value.down, place }),
);

const upStep: Kind<Step> = mapped(
  object("a device that comes up", { up: required(endpoint, "a device such as h1:eth0") }),
  (value, place) => ({ kind: "link", up: true, device: value.up, place }),
);

const killStep: Kind<Step> = mapped(
  object("the end of a program", {
    kill: required(located(label), "the name of a process or of a step in the background"),
    signal: withDefault(signalKind(), 15, "TERM unless said otherwise"),
  }),
  (value, place) => ({ kind: "kill", process: value.kill, signal: value.signal, place }),
);

const parallelStep: Kind<Step> = mapped(
  object("commands at once", {
    parallel: required(
      list(
        mapped(inParallel, (value, place) => runStepOf(value, false, place)),
        1,
      ),
      "commands that start together",
    ),
  }),
  (value, place) => ({ kind: "parallel", commands: value.parallel, place }),
);

const objectsFile = located(text("a file beside the lab"));

const applyStep: Kind<Step> = mapped(
  object("objects to apply", {
    apply: required(objectsFile, "a file of objects that are added or replaced"),
  }),
  (value, place) => ({ kind: "apply", file: value.apply, place }),
);

const deleteStep: Kind<Step> = mapped(
  object("objects to delete", { delete: required(objectsFile, "a file of objects that go") }),
  (value, place) => ({ kind: "delete", file: value.delete, place }),
);

/** One step. */
export const stepKind: Kind<Step> = byKey("a step", {
  run: runStep,
  wait: waitStep,
  down: downStep,
  up: upStep,
  parallel: parallelStep,
  kill: killStep,
  apply: applyStep,
  delete: deleteStep,
});

/** A program that runs beside all steps. */
export const processKind: Kind<BackgroundProgram> = mapped(
  object("a process", {
    name: required(located(label), "a name for kill and for the report"),
    on: required(hostName, "the host that runs it"),
    run: required(command, "the command line"),
    stdin: optional(text(), "what it reads from standard input"),
  }),
  ({ name, on, run, stdin }) => ({ name, on, command: run, stdin }),
);

/** What a command says, as a step. */
export interface CommandValues extends OutputCheck {
  readonly on: Located<string>;
  readonly run: Located<string>;
  readonly stdin: string | null;
  readonly name: string | null;
  readonly timeout: Ns;
}

/** The step that runs such a command. */
export function runStepOf(value: CommandValues, background: boolean, place: Place): RunStep {
  const { on, run, stdin, name, timeout, prints, contains, matches, exit } = value;
  return {
    kind: "run",
    on,
    command: run,
    stdin,
    background,
    name,
    timeoutNs: timeout,
    check: { prints, contains, matches, exit },
    place,
  };
}

function signalKind(): Kind<number> {
  const names = [...SIGNALS.keys()];
  return mapped(word(...names), (name) => SIGNALS.get(name) ?? 15);
}

function expressionError(source: string, error: unknown, place: Place): VethworkError {
  const reason = error instanceof Error ? error.message.replace(/^.*: /, "") : "";
  return new VethworkError(
    "VW_LAB",
    `"${source}" is not a regular expression`,
    reason.charAt(0).toLowerCase() + reason.slice(1),
    place,
  );
}
