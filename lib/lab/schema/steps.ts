/** How the steps of a lab (step.ts) are written in YAML, and what may stand in each. */

import { type Place, VethworkError } from "../../base/errors.ts";
import { formatDuration, NS_PER_S, type Ns } from "../../base/units.ts";
import { SIGNALS, SIGTERM } from "../../shell/process-table.ts";
import {
  byKey,
  list,
  object,
  optional,
  required,
  shortOrLong,
  withDefault,
} from "./collections.ts";
import { type Kind, type Located, located, mapped } from "./kind.ts";
import { integer, pattern, text, truth, word } from "./scalars.ts";
import {
  type BackgroundProgram,
  KUBECTL_HOST,
  type OutputCheck,
  type RunStep,
  type Step,
} from "./step.ts";
import { command, duration, endpoint, label } from "./values.ts";

/** kubectl has its own timeouts, which end before. */
const KUBECTL_TIMEOUT: Ns = 3600 * NS_PER_S;

/**
 * The name of a node or, in a cluster, of a Pod or of what has Pods: `h1`, `pod/client`,
 * `deployment/web`, `kube-system/deployment/coredns`.
 */
const hostName = located(
  pattern(
    "a node's name, pod/NAME, or deployment/NAME",
    /^([a-z0-9-]+\/)?([a-z]+\/)?[A-Za-z0-9][A-Za-z0-9_.-]*$/,
  ),
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

const pause: Kind<Step> = mapped(duration, (durationNs, place) => ({
  kind: "wait",
  durationNs,
  place,
}));

const condition: Kind<Step> = mapped(
  object("what is waited for", {
    for: required(
      pattern(
        "a condition such as condition=Ready",
        /^(delete|create|rollout|(condition|jsonpath)=.+)$/,
      ),
      "condition=NAME, jsonpath=…, delete, create or rollout, as kubectl wait has them",
    ),
    of: required(
      pattern("an object such as deployment/web", /^[A-Za-z.]+(\/[a-z0-9.-]+| -l .+)$/),
      "the object, as KIND/NAME",
    ),
    namespace: optional(label, "the object's namespace (default)"),
    timeout: withDefault(duration, 60 * NS_PER_S, "the lab fails after it (60s)"),
  }),
  (value, place) => {
    const verb = value.for === "rollout" ? "rollout status" : `wait --for=${quoted(value.for)}`;
    const namespace = value.namespace === null ? "" : ` -n ${value.namespace}`;
    const timeout = `--timeout=${formatDuration(value.timeout)}`;
    return kubectlStep(`${verb} ${value.of}${namespace} ${timeout}`, place);
  },
);

const waitStep: Kind<Step> = mapped(
  object("a pause", {
    wait: required(shortOrLong(pause, condition), "how long nothing new begins, or for what"),
  }),
  ({ wait }, place) => ({ ...wait, place }),
);

const downStep: Kind<Step> = mapped(
  object("a device that goes down", { down: required(endpoint, "a device such as h1:eth0") }),
  (value, place) => ({ kind: "link", up: false, device: value.down, place }),
);

const upStep: Kind<Step> = mapped(
  object("a device that comes up", { up: required(endpoint, "a device such as h1:eth0") }),
  (value, place) => ({ kind: "link", up: true, device: value.up, place }),
);

const killTarget = located(
  pattern(
    "a process's name, pod/NAME, deployment/NAME or node/NAME",
    /^([a-z0-9-]+\/)?([a-z]+\/)?[A-Za-z0-9][A-Za-z0-9_.-]*$/,
  ),
);

const killStep: Kind<Step> = mapped(
  object("the end of a program", {
    kill: required(
      killTarget,
      "the name of a process or of a step in the background; or a Pod, or a node",
    ),
    signal: withDefault(signalKind(), 15, "TERM unless said otherwise"),
  }),
  ({ kill, signal }, place) =>
    kill.value.includes("/")
      ? { kind: "crash", target: kill, place }
      : { kind: "kill", process: kill, signal, place },
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
  object("objects to delete", {
    delete: required(objectsFile, "a file of objects that go, or one object as KIND/NAME"),
  }),
  (value, place) => ({ kind: "delete", file: value.delete, place }),
);

const scaleStep: Kind<Step> = mapped(
  object("a workload to scale", {
    scale: required(pattern("a workload such as deployment/web", /^[a-z.]+\/[a-z0-9.-]+$/), "what"),
    replicas: required(integer("a number of Pods", 0, 100_000), "how many Pods it has from now on"),
    namespace: optional(label, "its namespace (default)"),
  }),
  ({ scale, replicas, namespace }, place) =>
    kubectlStep(
      `scale ${scale} --replicas=${replicas}${namespace === null ? "" : ` -n ${namespace}`}`,
      place,
    ),
);

const drainStep: Kind<Step> = mapped(
  object("a node to drain", {
    drain: required(label, "the node: no new Pods come to it, and those it has are evicted"),
  }),
  ({ drain }, place) =>
    kubectlStep(`drain ${drain} --ignore-daemonsets --delete-emptydir-data --force`, place),
);

const kubectlLine: Kind<Step> = mapped(
  object("a kubectl command", {
    kubectl: required(command, "a command line without the word kubectl"),
    stdin: optional(text(), "what it reads from standard input"),
    name: optional(label, "a name for kill and for the report"),
    timeout: withDefault(duration, 300 * NS_PER_S, "it is ended after this time (300s)"),
    background: withDefault(truth, false, "whether the next step begins at once"),
    ...checkFields,
  }),
  ({ kubectl, background, ...value }, place) => {
    const on = { value: KUBECTL_HOST, place };
    const run = { value: `kubectl ${kubectl.value}`, place: kubectl.place };
    return runStepOf({ ...value, on, run }, background, place);
  },
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
  scale: scaleStep,
  drain: drainStep,
  kubectl: kubectlLine,
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

/** A kubectl command of the lab's own, which must succeed. */
export function kubectlStep(line: string, place: Place): RunStep {
  const on = { value: KUBECTL_HOST, place };
  const run = { value: `kubectl ${line}`, place };
  const check = { prints: null, contains: null, matches: null, exit: 0 };
  const timeout = KUBECTL_TIMEOUT;
  return runStepOf({ on, run, stdin: null, name: null, timeout, ...check }, false, place);
}

function quoted(text: string): string {
  return /^[\w=./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function signalKind(): Kind<number> {
  const names = [...SIGNALS.keys()];
  return mapped(word(...names), (name) => SIGNALS.get(name) ?? SIGTERM);
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
